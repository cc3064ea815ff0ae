"""The whole agent behind every door of a real mosquitto, and what it says of a broker that cannot prove who it is."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker_config import Authority, Listener, Tls
from broker_config.ports import free_port
from protocol.messages import Fate
from tests.device.site import DEVICE, moves, site_in
from tests.waiting import until

HOST, NAME = "127.0.0.1", "broker.example.org"
NOW = dt.datetime.now(dt.UTC)


def authority_in(folder: Path) -> Authority:
    folder.mkdir()
    return Authority.create(folder, NOW - dt.timedelta(days=1_000))


def listener(authority: Authority, names: list[str], since: dt.datetime, *, websockets: bool) -> Listener:
    made = authority.issue(names, since)
    return Listener(HOST, free_port(HOST), Tls(made.certificate, made.key), websockets=websockets)


def door(at: Listener, authority: Authority | None) -> dict[str, Any]:
    return {
        "broker_port": at.port,
        "broker_tls": at.tls is not None,
        "broker_transport": "websockets" if at.websockets else "tcp",
        "broker_ca": None if authority is None else authority.file.read_text(),
    }


@pytest.mark.parametrize("websockets", [False, True], ids=["tcp", "websockets"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_the_agent_obeys_through_every_door(tmp_path: Path, websockets: bool, tls: bool):
    authority = authority_in(tmp_path / "ca")
    at = listener(authority, [HOST], NOW, websockets=websockets)
    at = at if tls else replace(at, tls=None)
    async with site_in(tmp_path, (at,)) as site, site.board(door(at, authority if tls else None)).running() as board:
        await site.server.welcomed()
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED
        await site.broker.kill()
        await until(lambda: not board.agent.core.is_welcomed)
        await site.broker.start()
        await site.server.welcomed(times=2)
        assert (await site.server.tell(site.server.command(on=False))).fate is Fate.APPLIED
        assert moves(board) == [True, False]


async def test_the_certificate_may_be_for_a_name_that_is_not_dialled(tmp_path: Path):
    authority = authority_in(tmp_path / "ca")
    at = listener(authority, [NAME], NOW, websockets=False)
    async with site_in(tmp_path, (at,)) as site, site.board({**door(at, authority), "broker_name": NAME}).running():
        await site.server.welcomed()


@pytest.mark.parametrize("websockets", [False, True], ids=["tcp", "websockets"])
@pytest.mark.parametrize(
    ("names", "days_ago", "trusted", "says"),
    [
        ([HOST], 0, "theirs", "unable to get local issuer certificate"),
        ([HOST], 0, "nobody", "unable to get local issuer certificate"),
        ([NAME], 0, "ours", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ([HOST], 400, "ours", "certificate has expired"),
    ],
    ids=["a wrong authority", "an authority that the machine does not know", "a wrong name", "an expired certificate"],
)
async def test_a_broker_that_cannot_prove_who_it_is_gets_one_clear_line_and_no_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, websockets: bool, names: list[str], days_ago: int, trusted: str, says: str
):
    """Checklist 5."""
    known = {name: authority_in(tmp_path / name) for name in ("ours", "theirs")}
    at = listener(known["ours"], names, NOW - dt.timedelta(days=days_ago), websockets=websockets)
    line = f"{DEVICE}: the broker at {HOST}:{at.port} is not believed and was told nothing: {says}"
    async with site_in(tmp_path, (at,)) as site:
        async with site.board(door(at, known.get(trusted))).running() as board:
            await until(lambda: caplog.text.count(line) >= 2)
            assert not board.agent.core.is_welcomed
        assert site.server.heard == []
        assert DEVICE not in site.broker.log_file.read_text("utf-8")
