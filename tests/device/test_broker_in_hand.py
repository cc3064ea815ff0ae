"""Whoever holds the broker can hear, withhold, repeat and make up. That sets no clock, so it revives no command."""

from base64 import b64decode
from collections.abc import Callable
from hashlib import pbkdf2_hmac

import pytest

from device.identity import Identity
from protocol.codec import encode
from protocol.messages import Call, Fate, Hello, Keys, NewSecret, Reason, Renew, Welcome
from protocol.signing import SigningKey, key_id
from protocol.topics import Topic
from tests.device.site import DEVICE, Site, moves
from tests.device.small_server import SmallServer, now_ms
from tests.waiting import until

AN_HOUR_MS = 3_600_000


def hellos(server: SmallServer) -> list[Hello]:
    return [message for message in server.heard if isinstance(message, Hello)]


async def next_hello(server: SmallServer) -> Hello:
    """Call the roll, which anyone at the broker can, and return the hello that follows. What was said before was read before it."""
    before = len(hellos(server))
    server.peer.say(Topic.CALL.of(DEVICE), encode(Call(within_ms=0)))
    await until(lambda: len(hellos(server)) > before)
    return hellos(server)[-1]


def answer(hello: Hello, server_ms: int, aud: str = DEVICE) -> Welcome:
    return Welcome(
        aud=aud, server_ms=server_ms, session=hello.session, hello=hello.hello, journal=hello.journal, have_seq=hello.last_seq
    )


Forge = Callable[[SmallServer, Hello], bytes]
FORGED: dict[str, Forge] = {
    "unsigned": lambda _server, hello: encode(answer(hello, now_ms())),
    "signed by another": lambda _server, hello: SigningKey.generate().sign(answer(hello, now_ms())),
    "for another device": lambda server, hello: server.key.sign(answer(hello, now_ms(), aud="f" * 16)),
    "altered": lambda server, hello: server.key.sign(answer(hello, now_ms()))[:-9] + b"AAAAAAAAA",
    "an answer to another hello": lambda server, hello: server.key.sign(
        answer(hello.model_copy(update={"hello": "f" * 16}), now_ms())
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_welcome_that_is_not_the_servers_answer_to_this_hello_tells_no_time(site: Site, forge: Forge):
    """Checklist 18."""
    site.server.answering = False
    async with site.board().running() as board:
        await until(lambda: hellos(site.server))
        site.server.peer.say(Topic.WELCOME.of(DEVICE), forge(site.server, hellos(site.server)[-1]))
        await next_hello(site.server)
        assert not board.agent.core.is_welcomed
        command = site.server.command()
        site.server.send(site.server.key.sign(command))
        await next_hello(site.server)
        site.server.answering = True
        await until(lambda: site.server.refusals(command.jti))
        assert moves(board) == []
        assert site.server.refusals(command.jti) == [Reason.CLOCK_UNKNOWN]


async def test_an_old_welcome_turns_no_clock_back_so_a_withheld_command_stays_expired(site: Site):
    """Checklist 18."""
    async with site.board().running() as board:
        await site.server.welcomed()
        site.server.answering = False
        withheld = site.server.command(exp_ms=now_ms() + 50)
        early = site.server.key.sign(answer(hellos(site.server)[0], now_ms() - AN_HOUR_MS))
        await until(lambda: now_ms() > withheld.exp_ms)
        for _ in range(3):
            hello = await next_hello(site.server)
            site.server.peer.say(Topic.WELCOME.of(DEVICE), early)
            forged = answer(hello, now_ms() - AN_HOUR_MS)
            site.server.peer.say(Topic.WELCOME.of(DEVICE), encode(forged))
        receipt = await site.server.tell(withheld)
        assert moves(board) == []
    assert receipt.fate is Fate.EXPIRED


async def test_a_forged_welcome_makes_the_device_forget_nothing(site: Site):
    async with site.board().running():
        await site.server.welcomed()
        site.server.answering = False
        first = await site.server.tell(site.server.command())
        hello = await next_hello(site.server)
        site.server.peer.say(Topic.WELCOME.of(DEVICE), encode(answer(hello, now_ms())))
        later = await next_hello(site.server)
    assert first.seq is not None
    assert later.first_seq <= first.seq <= later.last_seq


async def test_the_servers_keys_are_changed_by_no_old_word_and_by_none_that_would_lock_it_out(site: Site):
    """Checklist 6."""
    server = site.server
    other = SigningKey.generate()

    def told(version: int, *keys: SigningKey) -> Keys:
        return Keys(aud=DEVICE, version=version, keys=tuple(key.public for key in keys))

    async with site.board().running() as board:
        await server.welcomed()
        for payload in (
            other.sign(told(9, other)),
            encode(told(9, other)),
            server.key.sign(told(9, other)),
            server.key.sign(told(9, server.key, other).model_copy(update={"aud": "f" * 16})),
        ):
            server.peer.say(Topic.KEYS.of(DEVICE), payload)
        server.peer.say(Topic.KEYS.of(DEVICE), server.key.sign(told(5, server.key)))
        server.peer.say(Topic.KEYS.of(DEVICE), server.key.sign(told(4, server.key, other)))
        assert (await next_hello(server)).trusts == (key_id(server.key.public),)
        server.send(other.sign(server.command()))
        await until(lambda: server.events("refused"))
        assert (await server.tell(server.command("den"))).fate is Fate.APPLIED
        assert moves(board) == []


def offers(server: SmallServer) -> list[NewSecret]:
    return [message for message in server.heard if isinstance(message, NewSecret)]


def renew(hello: Hello, renewal: str = "a" * 16, session: str = "", aud: str = DEVICE) -> Renew:
    return Renew(aud=aud, session=session or hello.session, renewal=renewal)


NOT_ASKED: dict[str, Forge] = {
    "unsigned": lambda _server, hello: encode(renew(hello)),
    "signed by another": lambda _server, hello: SigningKey.generate().sign(renew(hello)),
    "for another device": lambda server, hello: server.key.sign(renew(hello, aud="f" * 16)),
    "of another session": lambda server, hello: server.key.sign(renew(hello, session="f" * 16)),
}


@pytest.mark.parametrize("forge", NOT_ASKED.values(), ids=NOT_ASKED)
async def test_only_the_servers_word_in_this_session_makes_a_device_offer_a_new_secret(site: Site, forge: Forge):
    kept: list[Identity] = []
    async with site.board(keep_identity=kept.append).running():
        await site.server.welcomed()
        site.server.peer.say(Topic.RENEW.of(DEVICE), forge(site.server, hellos(site.server)[-1]))
        await next_hello(site.server)
    assert (offers(site.server), kept) == ([], [])


async def test_a_device_offers_one_new_secret_for_each_renewal_and_has_it_on_its_card_first(site: Site):
    kept: list[Identity] = []
    async with site.board(keep_identity=kept.append).running():
        await site.server.welcomed()
        asked = site.server.key.sign(renew(hellos(site.server)[-1]))
        for _ in range(3):
            site.server.peer.say(Topic.RENEW.of(DEVICE), asked)
        await next_hello(site.server)
        (offer,) = offers(site.server)
        (identity,) = kept
    (secret,) = identity.next_secrets
    _, _, iterations, salt, digest = offer.secret_hash.split("$")
    assert offer.renewal == "a" * 16
    assert b64decode(digest) == pbkdf2_hmac("sha512", secret.get_secret_value().encode(), b64decode(salt), int(iterations))


async def test_a_secret_that_cannot_be_written_down_is_not_offered(site: Site):
    def full(_identity: Identity) -> None:
        raise OSError(28, "No space left on device")

    async with site.board(keep_identity=full).running():
        await site.server.welcomed()
        site.server.peer.say(Topic.RENEW.of(DEVICE), site.server.key.sign(renew(hellos(site.server)[-1])))
        await next_hello(site.server)
    assert offers(site.server) == []
