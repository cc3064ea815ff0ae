"""Which addresses people may use, and a mail that arrives."""

import logging

import pytest

from server.notify.messengers import Messengers
from server.notify.outcome import Outcome
from server.notify.places import NotAllowed, Places
from tests.server.notify.services import mail_server
from tests.server.notify.test_push import SAID

PUBLIC = Places(lookup=lambda _host, _port: ["93.184.216.34"])
INSIDE = Places(lookup=lambda _host, _port: ["192.168.1.25"])


async def reason(messengers: Messengers, address: str) -> str | None:
    try:
        await messengers.check(address)
    except NotAllowed as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mailtos://lan:secret-word@gmail.com", None),
        ("mailto://lan:secret-word@example.org?smtp=mail.example.org&to=minh@example.org", None),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", None),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", None),
        ("ntfy://vuon-uom-4711", None),
        ("ntfys://ntfy.evil.test/topic", "own_host"),
        ("json://example.org/hook", "unknown_service"),
        ("jsons://169.254.169.254/latest", "unknown_service"),
        ("xml://example.org", "unknown_service"),
        ("form://example.org", "unknown_service"),
        ("http://example.org/", "unknown_service"),
        ("https://example.org/", "unknown_service"),
        ("file:///etc/passwd", "unknown_service"),
        ("syslog://", "unknown_service"),
        ("dbus://", "unknown_service"),
        ("apprise://example.org/token", "unknown_service"),
        ("hassio://example.org/token", "unknown_service"),
        ("gotify://example.org/token", "unknown_service"),
        ("signal://localhost/+84123456789/+84123456789", "unknown_service"),
        ("mailto://lan:secret-word@example.org?pgp=yes&pgpkey=/etc/passwd", "option"),
        ("mailto://lan:secret-word@example.org?verify=no", "option"),
        ("mailto://lan:secret-word@example.org?+X-Header=y", "option"),
        ("ntfy://topic?attach=http://169.254.169.254/", "option"),
        ("ntfy://topic?topic=x;attach=http://169.254.169.254/", "option"),
        ("mailto://lan:secret-word@example.org?to=minh@example.org;+X-Header=y", "option"),
        ("mailto://lan:secret-word@example.org?to=minh@example.org;pgp=yes;pgpkey=/etc/passwd", "option"),
        ("mailto://lan:secret-word@[example.org", "not_an_address"),
        ("tgram://nonsense", "not_an_address"),
        ("mailto:lan@example.org", "not_an_address"),
        ("mailto://a b@example.org", "not_an_address"),
        ("mailto://" + "a" * 500 + "@example.org", "not_an_address"),
        ("", "not_an_address"),
    ],
)
async def test_only_well_known_services_are_used_and_only_with_what_they_need(address: str, why: str | None):
    assert await reason(Messengers(PUBLIC), address) == why


@pytest.mark.parametrize(
    "address", ["mailto://lan:secret-word@example.org?smtp=router.lan", "mailtos://lan:x@127.0.0.1?to=a@b.org&from=c@b.org"]
)
async def test_a_mail_server_inside_the_house_is_refused_unless_the_operator_lets_it(address: str):
    assert await reason(Messengers(INSIDE), address) == "private_address"
    assert await reason(Messengers(Places(private=True)), address.replace("router.lan", "127.0.0.1")) is None


@pytest.mark.parametrize(
    ("port", "why"), [(25, None), (465, None), (587, None), (2525, None), (22, "mail_port"), (6379, "mail_port")]
)
async def test_a_mail_server_is_asked_on_ports_for_mail_only_unless_the_operator_lets_it(port: int, why: str | None):
    address = f"mailto://lan:x@example.org:{port}?smtp=mail.example.org"
    assert await reason(Messengers(PUBLIC), address) == why
    assert await reason(Messengers(Places(private=True, lookup=PUBLIC.lookup)), address) is None


async def test_a_host_that_is_not_there_is_named_so():
    def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError("no such host")

    assert await reason(Messengers(Places(lookup=nowhere)), "mailto://lan:x@example.org") == "no_such_host"


@pytest.mark.parametrize("host", ["mail..example.org", "a" * 64 + ".example.org"])
async def test_what_cannot_be_a_host_s_name_is_no_host_either(host: str):
    assert await reason(Messengers(Places()), f"mailto://lan:x@example.org?smtp={host}") == "no_such_host"


async def test_the_operator_widens_the_list_but_never_to_the_machine_itself():
    messengers = Messengers(PUBLIC, ("gotify", "syslog", "dbus", "file"))
    assert await reason(messengers, "gotify://example.org/token") is None
    assert [await reason(messengers, address) for address in ("syslog://", "dbus://", "file:///x")] == ["unknown_service"] * 3


@pytest.mark.parametrize(
    "address",
    [
        "mailtos://lan:secret-word@gmail.com?to=minh@example.org",
        "tgram://123456789:secret-word_hijklmnop/12315544/",
        "discord://4174216298/secret-wordbk2ZwO5U711o3dV_js",
    ],
)
async def test_what_is_shown_of_an_address_tells_whose_it_is_and_no_secret(address: str):
    shown = (await Messengers(PUBLIC).check(address)).shown
    assert shown.startswith(address.partition("://")[0])
    assert "secret-word" not in shown
    assert "minh@" not in shown


async def test_a_mail_arrives_in_the_person_s_words_and_no_log_has_the_address(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with mail_server() as server:
        address = f"mailto://127.0.0.1:{server.port}?to=lan@example.org&from=congtac@example.org&mode=insecure"
        assert await Messengers(Places(private=True)).send(address, SAID) is Outcome.SENT
    [mail] = server.mails
    body = mail.get_body(("plain", "html"))
    assert body is not None
    assert (mail["subject"], mail["to"]) == (SAID.title, "lan@example.org")
    assert SAID.body in body.get_content()
    assert "lan@example.org" not in caplog.text


async def test_a_mail_server_that_is_not_there_was_surely_not_told():
    async with mail_server() as server:
        port = server.port
    outcome = await Messengers(Places(private=True)).send(f"mailto://127.0.0.1:{port}?to=lan@example.org&from=a@b.org", SAID)
    assert outcome is Outcome.REFUSED


async def test_an_address_that_is_not_allowed_any_more_is_not_used():
    assert await Messengers(PUBLIC).send("json://example.org", SAID) is Outcome.FAILED
