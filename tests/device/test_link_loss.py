"""Since when the link is lost, and what is still due because of it."""

from device.link_loss import LostLink
from device.rules import LinkLoss, OutputRule

RULES = {
    "keep": OutputRule("keep"),
    "off": OutputRule("off", link_loss=LinkLoss.OFF, link_loss_after_ms=300),
    "on": OutputRule("on", link_loss=LinkLoss.ON, link_loss_after_ms=500),
}


def due(link: LostLink) -> dict[str, int | None]:
    return {channel: link.due(channel) for channel in RULES}


def test_each_output_is_due_at_its_own_time():
    link = LostLink(RULES, None)
    assert link.lost(1_000)
    assert not link.lost(2_000)
    assert due(link) == {"keep": None, "off": 1_300, "on": 1_500}
    assert (link.wants_on("off"), link.wants_on("on")) == (False, True)


def test_what_is_done_is_not_due_and_what_is_postponed_is_due_later():
    link = LostLink(RULES, 1_000)
    link.done("off")
    link.postpone("on", 9_000)
    assert due(link) == {"keep": None, "off": None, "on": 9_000}


def test_the_next_loss_begins_anew():
    link = LostLink(RULES, 1_000)
    link.done("off")
    link.postpone("on", 9_000)
    assert link.back()
    assert not link.back()
    assert due(link) == {"keep": None, "off": None, "on": None}
    assert link.lost(2_000)
    assert due(link) == {"keep": None, "off": 2_300, "on": 2_500}


def test_a_loss_matters_where_an_output_does_not_keep_its_state():
    assert LostLink(RULES, None).matters
    assert not LostLink({"keep": RULES["keep"]}, None).matters
