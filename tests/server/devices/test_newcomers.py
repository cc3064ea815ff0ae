"""Devices that are added while the server runs are heard from their first word on, and strangers cost next to nothing."""

from protocol.codec import encode
from protocol.link import Received
from protocol.messages import Presence
from server.accounts import Principal
from server.db import StorageError
from server.devices.models import Device
from server.devices.newcomers import MOST_HELD, STRANGER_FOR_MS
from server.devices.state import DevicePresence
from server.sites import Role
from tests.server.board import SITE, Puppet, stage

NEW = "e" * 16


async def add_row(there, device_id=NEW, **fields):
    async def keep(session):
        session.add(Device(id=device_id, site_id=SITE, slug="moi", name="Mới", created_ms=1, **fields))

    await there.database.writer.run(keep)


async def test_a_newcomers_first_words_are_heard_in_order(tmp_path):
    async with stage(tmp_path) as there:
        await add_row(there)
        puppet = Puppet(there.board, NEW)
        puppet.about()
        puppet.hello()
        puppet.event("den", True)
        assert there.board.registry.get(NEW) is None
        await there.board.newcomers.ask()
        device = there.board.registry.get(NEW)
        assert device.presence is DevicePresence.ONLINE
        assert device.channels["den"].on is True
        assert [welcome.have_seq for welcome in there.link.welcomes(NEW)] == [0]
        assert there.board.ingest.refused == 0


async def test_open_pages_are_told_of_a_newcomer(tmp_path):
    async with stage(tmp_path) as there:
        await add_row(there)
        with there.board.hub.stream(Principal("lan", "Lan", {SITE: Role.OWNER})) as stream:
            stream.snapshot()
            Puppet(there.board, NEW).about()
            await there.board.newcomers.ask()
            assert [change.event for change in await stream.next(1)] == ["device"]


async def test_a_revoked_device_stays_unheard(tmp_path):
    async with stage(tmp_path) as there:
        await add_row(there, revoked_ms=2)
        puppet = Puppet(there.board, NEW)
        puppet.hello()
        await there.board.newcomers.ask()
        puppet.hello()
        assert there.board.registry.get(NEW) is None
        assert there.link.welcomes(NEW) == []
        assert there.board.ingest.refused == 1


async def test_a_stranger_is_asked_about_once_in_a_while(tmp_path):
    async with stage(tmp_path) as there:
        puppet = Puppet(there.board, NEW)
        puppet.hello()
        await there.board.newcomers.ask()
        await add_row(there)
        puppet.hello()
        await there.board.newcomers.ask()
        assert there.board.registry.get(NEW) is None
        there.clock.ms += STRANGER_FOR_MS
        puppet.hello()
        await there.board.newcomers.ask()
        assert there.board.registry.get(NEW) is not None


async def test_strangers_cannot_fill_the_memory(tmp_path):
    async with stage(tmp_path) as there:
        for number in range(MOST_HELD + 50):
            device_id = f"{number:016x}"
            said = encode(Presence(session="a" * 16, online=True))
            there.board.ingest.take(Received(f"congtac/1/{device_id[-1]}/{device_id}/up/presence", said, retained=False))
        assert there.board.ingest.refused == 50
        await there.board.newcomers.ask()
        Puppet(there.board, "f" * 16).hello()
        assert there.board.ingest.refused == 50


async def test_without_the_database_nobody_is_taken_for_a_stranger(tmp_path, monkeypatch):
    async with stage(tmp_path) as there:
        await add_row(there)
        puppet = Puppet(there.board, NEW)

        async def fail(_ids):
            raise StorageError("no disk")

        with monkeypatch.context() as patch:
            patch.setattr(there.board.newcomers, "_rows", fail)
            puppet.hello()
            await there.board.newcomers.ask()
        assert there.board.registry.get(NEW) is None
        puppet.hello()
        await there.board.newcomers.ask()
        assert there.board.registry.get(NEW) is not None
