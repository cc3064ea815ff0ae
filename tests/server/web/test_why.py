"""Why a channel is as it is, and what happens to it next: a sentence for every state, and the same from the server and from scripts."""

from typing import Any, cast

import pytest

from protocol.messages import Cause
from server.web.i18n import LANGUAGES, Words, words_in
from server.web.shapes import Channel
from server.web.why import what_next, why_so
from server.web.words import Around
from tests.server.web.whys import CASES, NEXT, ZONE
from tests.server.web.world import NOW_MS, channel

VI, EN = (words_in(language) for language in LANGUAGES)


def lamp(**other: Any) -> Channel:
    return cast("Channel", channel("den", "Đèn", "lamp", **other))


def around(**other: Any) -> Around:
    return Around(**{"now_ms": NOW_MS, "link": "up", "presence": "online", "role": "operator", "timezone": ZONE, **other})


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize("name", CASES)
def test_every_state_has_its_sentence_in_both_languages(name: str):
    case = CASES[name]
    told = [plain(why_so(lamp(**case.channel), around(**case.around), case.presence_ms, t)) for t in (VI, EN)]
    assert told == [case.vi, case.en]


@pytest.mark.parametrize("name", NEXT)
def test_what_happens_next_is_what_is_sure_already(name: str):
    vi, en, other, where = NEXT[name]
    told = [[plain(line) for line in what_next(lamp(**other), around(**where), t)] for t in (VI, EN)]
    assert told == [vi, en]


def test_every_cause_is_tried():
    tried = {case.channel.get("cause", "command") for case in CASES.values()}
    assert tried >= {str(cause) for cause in Cause}


@pytest.mark.parametrize("t", [VI, EN])
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_of_its_own(t: Words, cause: Cause):
    assert t("why.by_other") not in why_so(lamp(cause=cause, actor=None), around(), None, t)


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_sentence(name: str):
    case = CASES[name]
    for text in (case.vi, case.en):
        assert text.endswith(".")
        assert text.count(".") == 1
