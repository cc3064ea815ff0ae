"""Who has a device's broker password, or the broker itself, moves no relay: the real agent, a real mosquitto, and a thief at it.

After each attack the true server switches the lamp. Its receipt proves that the agent has read all that came before, and lives.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker_config import PrivateBroker, new_secret
from device.identity import Identity
from device.wiring import parse_wiring
from firmware_sim.board import Board
from protocol.backoff import Backoff
from protocol.errors import LinkDown
from protocol.link import LinkSettings
from protocol.messages import Command, Fate
from protocol.signing import SigningKey
from protocol.topics import Topic, everything_down
from tests.conftest import require
from tests.device.site import DEVICE, LAMP, PUMP, WIRING, moves
from tests.device.small_server import SmallServer, now_ms
from tests.hostile.forgeries import altered, rewritten, signed_by, without_the_key
from tests.peer import Peer, soon
from tests.waiting import until

OTHER = "fedcba9876543210"


@dataclass
class Den:
    """A device with its true server, and a thief who has the rights of the server at the broker, but not its key."""

    broker: PrivateBroker
    server: SmallServer
    thief: Peer
    secrets: dict[str, str]
    folder: Path

    def board(self) -> Board:
        identity = {
            "device_id": DEVICE, "secret": self.secrets[DEVICE], "broker_host": "127.0.0.1", "broker_port": self.broker.port,
            "server_keys": (self.server.key.public,),
        }  # fmt: skip
        wiring = parse_wiring(WIRING, Path("wiring.toml"))
        return Board(Identity.model_validate(identity), wiring, self.folder, keepalive_s=5, backoff=Backoff(soon))

    async def attack(self, payloads: Sequence[bytes], *, topic: Topic = Topic.COMMAND, retain: bool = False) -> None:
        """Say all this to the device, and return once the broker has it."""
        for payload in payloads:
            self.thief.say(topic.of(DEVICE), payload, retain=retain)
        await until(lambda: len(self.thief.acks) == len(payloads))
        self.thief.acks.clear()

    async def lamp_works(self, board: Board) -> None:
        """The true server is obeyed, after all that was said before."""
        before = len(moves(board, LAMP))
        receipt = await self.server.tell(self.server.command("den", on=before % 2 == 0))
        assert (receipt.fate, len(moves(board, LAMP))) == (Fate.APPLIED, before + 1)


@asynccontextmanager
async def a_den(folder: Path) -> AsyncIterator[Den]:
    require("mosquitto")
    (folder / "broker").mkdir()
    broker = PrivateBroker(folder / "broker", server_users=("server", "thief"))
    secrets = {user: new_secret() for user in ("server", "thief", DEVICE, OTHER)}
    broker.credentials.replace_all(secrets)
    async with broker:
        server = SmallServer(broker.port, secrets["server"], DEVICE)
        thief = Peer(
            LinkSettings(
                host="127.0.0.1",
                port=broker.port,
                user="thief",
                secret=secrets["thief"],
                subscriptions=(everything_down(DEVICE),),
            )
        )
        async with server.running(), thief.running():
            await server.peer.up()
            await thief.up()
            yield Den(broker, server, thief, secrets, folder / "device")


@pytest.fixture
async def den(tmp_path: Path) -> AsyncIterator[Den]:
    async with a_den(tmp_path) as made:
        yield made


def kinds_of_attack(server: SmallServer, good: Command) -> dict[str, list[bytes]]:
    token = server.key.sign(good)
    old = server.command(exp_ms=now_ms() - 1, iat_ms=now_ms() - 60_000)
    elsewhere = good.model_copy(update={"aud": OTHER})
    return {
        "made without the key": list(without_the_key(good, server.key.public)),
        "altered in each byte": list(altered(token)),
        "rewritten under a good signature": list(rewritten(token, good)),
        "for another device": [server.key.sign(elsewhere)],
        "too late": [server.key.sign(old)],
        "by a key of another server": [signed_by(SigningKey.generate(), token)],
    }


async def test_who_has_the_broker_moves_no_relay(den: Den):
    """Checklist 6."""
    async with den.board().running() as board:
        await den.server.welcomed()
        good = den.server.command()
        for name, payloads in kinds_of_attack(den.server, good).items():
            await den.attack(payloads)
            await den.lamp_works(board)
            assert moves(board, PUMP) == [], name
        receipt = await den.server.tell(good)
        assert (receipt.fate, moves(board, PUMP)) == (Fate.APPLIED, [True])


@pytest.mark.parametrize("topic", [Topic.CONFIG, Topic.WELCOME])
async def test_a_good_command_on_another_topic_moves_no_relay(den: Den, topic: Topic):
    """Checklist 6."""
    async with den.board().running() as board:
        await den.server.welcomed()
        await den.attack([den.server.key.sign(den.server.command())], topic=topic)
        await den.lamp_works(board)
        assert moves(board, PUMP) == []


async def test_a_command_that_is_said_again_moves_nothing_more_also_after_a_new_start(den: Den):
    """Checklist 6. Checklist 17."""
    command = den.server.command()
    token = den.server.key.sign(command)
    async with den.board().running() as board:
        await den.server.welcomed()
        await den.server.tell(command)
        await den.server.tell(den.server.command(on=False))
        await den.attack([token] * 20)
        await den.lamp_works(board)
        assert moves(board, PUMP) == [True, False]
    async with den.board().running() as board:
        await den.server.welcomed(2)
        await den.attack([token] * 20)
        await den.server.tell(den.server.command("den", on=False))
        assert True not in moves(board, PUMP)


async def test_a_good_command_that_the_broker_keeps_for_later_moves_no_relay(den: Den):
    """Checklist 18."""
    held = den.server.key.sign(den.server.command())
    await den.attack([held], retain=True)
    async with den.board().running() as board:
        await den.server.welcomed()
        await until(lambda: [event.reason for event in den.server.events("refused")] == ["retained"])
        await den.lamp_works(board)
        assert moves(board, PUMP) == []


async def test_a_whole_conversation_that_was_recorded_and_is_played_again_moves_no_relay(den: Den):
    """Checklist 6. Checklist 18."""
    async with den.board().running():
        await den.server.welcomed()
        for on in (True, False):
            await den.server.tell(den.server.command(on=on))
    recorded = list(den.thief.messages)
    assert {message.topic for message in recorded} >= {Topic.WELCOME.of(DEVICE), Topic.COMMAND.of(DEVICE)}
    den.server.answering = False
    async with den.board().running() as board:
        for message in recorded * 3:
            den.thief.say(message.topic, message.payload)
        await until(lambda: len(den.thief.acks) == 3 * len(recorded))
        assert not board.agent.core.is_welcomed
        den.server.answering = True
        await den.server.welcomed(2)
        await den.lamp_works(board)
        assert True not in moves(board, PUMP)


@pytest.mark.parametrize(("user", "sessions"), [(DEVICE, 2), (OTHER, 1)], ids=["its own", "another device's"])
async def test_who_has_a_device_s_password_can_put_that_one_out_but_moves_no_relay(den: Den, user: str, sessions: int):
    """Checklist 4. Checklist 6."""
    good = den.server.key.sign(den.server.command())
    login = LinkSettings(host="127.0.0.1", port=den.broker.port, user=user, secret=den.secrets[user])
    async with den.board().running() as board:
        await den.server.welcomed()
        twin = Peer(login, backoff=Backoff(lambda _low, _high: 60))
        async with twin.running():
            await until(lambda: twin.times_up)
            with suppress(LinkDown):  # the device comes back at once, and puts its twin out in its turn
                for payload in (good, *without_the_key(den.server.command(), den.server.key.public)):
                    twin.say(Topic.COMMAND.of(DEVICE), payload)
                    twin.say(Topic.COMMAND.of(DEVICE), payload, retain=True)
            if user != DEVICE:
                await until(lambda: twin.acks)
        await den.server.welcomed(sessions)
        await den.lamp_works(board)
        assert moves(board, PUMP) == []
        assert len({state.session for state in den.server.states}) == sessions
