"""Web push against a push service that decrypts what it is given and checks who signed it."""

import time

import pytest

from server.notify.keys import push_key
from server.notify.outcome import Outcome, Said
from server.notify.places import NotAllowed, Places
from server.notify.push import Browser, Push
from tests.server.notify.services import LOOPBACK, push_service

SAID = Said("Máy bơm đã tự tắt", "Trạm: tắt lúc 14:02. (Vườn)", "vi", "t" * 24, "/devices/abc", 1_800_000_000_000, True, 86_400)
CONTACT = "https://congtac.example.org"


@pytest.fixture
def push(tmp_path) -> Push:
    return Push(push_key(tmp_path), LOOPBACK, CONTACT)


async def test_a_browser_reads_what_was_said_and_the_service_only_who_said_it(push: Push):
    async with push_service() as service:
        assert await push.send(service.browser(), SAID) is Outcome.SENT
    [pushed] = service.pushed
    assert pushed.said == {
        "title": "Máy bơm đã tự tắt",
        "body": "Trạm: tắt lúc 14:02. (Vườn)",
        "lang": "vi",
        "tag": "t" * 24,
        "url": "/devices/abc",
        "at_ms": 1_800_000_000_000,
    }
    seen = {name: pushed.headers[name] for name in ("content-encoding", "ttl", "urgency", "topic")}
    assert seen == {"content-encoding": "aes128gcm", "ttl": "86400", "urgency": "high", "topic": "t" * 24}
    assert (pushed.path, pushed.claims["sub"], pushed.claims["k"]) == ("/send/lan", CONTACT, push.public_key)
    assert 0 < pushed.claims["exp"] - time.time() <= 86_400


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.SENT),
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (429, Outcome.REFUSED),
        (503, Outcome.REFUSED),
        (400, Outcome.FAILED),
        (307, Outcome.FAILED),
        (None, Outcome.UNSURE),
    ],
)
async def test_what_a_push_service_answers_tells_what_became_of_it(push: Push, status: int | None, outcome: Outcome):
    async with push_service() as service:
        service.answers = [status]
        assert await push.send(service.browser(), SAID) is outcome
    assert [pushed.path for pushed in service.pushed] == ["/send/lan"], "no redirect is followed"


async def test_a_service_that_is_not_there_was_surely_not_told(push: Push):
    async with push_service() as service:
        browser = service.browser()
    assert await push.send(browser, SAID) is Outcome.REFUSED


async def test_keys_that_are_none_fail_and_nothing_is_sent(push: Push):
    async with push_service() as service:
        assert await push.send(Browser(service.browser().endpoint, "A" * 87, "A" * 22), SAID) is Outcome.FAILED
    assert service.pushed == []


async def test_a_name_that_leads_into_the_house_is_not_followed(tmp_path):
    """What a name leads to is looked at again for each message, and the connection goes to just that address."""
    places = Places(push_hosts=("push.example.org",), lookup=lambda _host, _port: ["192.168.1.1"])
    push = Push(push_key(tmp_path), places, CONTACT)
    push.check("https://push.example.org/x")
    assert await push.send(Browser("https://push.example.org/x", "A" * 87, "A" * 22), SAID) is Outcome.FAILED
    with pytest.raises(NotAllowed):
        push.check("http://127.0.0.1/")
