"""`congtac admin …-device`: devices, by whoever has the server's files."""

import argparse
from dataclasses import asdict
from pathlib import Path

from sqlmodel import select

from protocol.signing import key_id
from server.admin import Tasks, add_task, run_with_writer, say, settings_of
from server.audit import ADMIN
from server.broker.accounts import BrokerAccounts
from server.broker.address import BrokerAddress
from server.broker.key_ring import KeyRing
from server.clock import now_ms
from server.db import Database
from server.devices.adding import Added, add_device
from server.devices.enrolment import Enrolments, Offer
from server.devices.models import Device
from server.devices.revoking import revoke
from server.devices.rotating import rotate
from server.names import BadName, clean_name
from server.opening import StartError
from server.sites import Site


def add_device_tasks(tasks: Tasks) -> None:
    """The tasks of this file."""
    add = add_task(tasks, "add-device", "add a device, and write the identity file that its agent needs", _add)
    add.add_argument("site", help="the short name of the device's site")
    add.add_argument("name", help="what people call the device")
    add.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write its identity")
    add.add_argument(
        "--broker",
        metavar="URL",
        help="where the device finds the broker, as mqtts://HOST:PORT (default: as device_brokers says)",
    )

    code = add_task(tasks, "enroll-code", "print a code that lets one device in, once, within 15 minutes", _code)
    code.add_argument("--site", help="the short name of a new device's site")
    code.add_argument("--name", help="what people will call the new device")
    code.add_argument("--device", metavar="ID", help="new hardware for this device, instead of a new one")

    revoke = add_task(tasks, "revoke-device", "end a device's session and account at the broker, for ever", _revoke)
    revoke.add_argument("device", metavar="ID", help="the device's id")

    keys = add_task(tasks, "rotate-signing-key", "replace the key that devices obey, in steps, without losing one", _keys)
    keys.add_argument("step", choices=("start", "status", "finish"), help="a new key beside the old; who has it; only the new")
    keys.add_argument("--leave-behind", action="store_true", help="finish also where devices would obey nobody any more")


def _keys(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen)

    async def work(database: Database) -> tuple[KeyRing, list[tuple[str, str]]]:
        return await rotate(database, settings.data_dir, chosen.step, now_ms(), leave_behind=chosen.leave_behind)

    ring, lacking = run_with_writer(settings, work, "rotate-signing-key", {"step": chosen.step})
    lines = [f"{len(ring.keys)} keys are in use; the newest is {key_id(ring.newest.public)}."]
    if len(ring.keys) == 1:
        lines = [f"One key is in use, {key_id(ring.newest.public)}: nothing is being replaced."]
    elif lacking:
        lines.append("These devices do not have it yet; they go on with the old one, and get it when they are next online:")
        lines += [f"  {device_id} {name}" for device_id, name in lacking]
    else:
        lines.append("All devices have it: go on with `rotate-signing-key finish`.")
    data = {"keys": [key_id(public) for public in ring.publics], "lacking": [device_id for device_id, _ in lacking]}
    return say(chosen, "\n".join(lines), data)


def _code(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen)
    if (chosen.device is None) is (chosen.site is None) or (chosen.site is None) is not (chosen.name is None):
        raise StartError("say --site and --name for a new device, or --device for new hardware of one that is there")
    noted: dict[str, str] = {}

    async def make(database: Database) -> Offer:
        site_id, name = await (_known(database, chosen.device) if chosen.device else _place(database, chosen.site, chosen.name))
        enrolments = Enrolments(database, BrokerAccounts(settings), now_ms)
        offer = await enrolments.offer(site_id, name, ADMIN, chosen.device)
        noted["device_id"] = offer.device_id
        return offer

    offer = run_with_writer(settings, make, "enroll-code", noted)
    text = f"{offer.name}: type this on the device, within 15 minutes:\n  congtac-agent enroll {settings.address} {offer.code}"
    return say(chosen, text, asdict(offer))


def _revoke(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen)
    noted = {"device_id": chosen.device}

    async def end(database: Database) -> tuple[str, int, bool]:
        _site_id, name = await _known(database, chosen.device, also_revoked=True)
        return name, *await revoke(database, BrokerAccounts(settings), chosen.device, now_ms())

    name, since_ms, told = run_with_writer(settings, end, "revoke-device", noted)
    text = f"{name} ({chosen.device}) is revoked: it cannot come back, its history stays."
    if not told:
        text += (
            "\nThe broker was not told: have it read its password file again (kill -HUP), for the device may still be connected."
        )
    return say(chosen, text, {"id": chosen.device, "revoked_ms": since_ms, "broker_told": told})


async def _known(database: Database, device_id: str, *, also_revoked: bool = False) -> tuple[str, str]:
    async with database.read() as session:
        device = await session.get(Device, device_id)
    if device is None:
        raise StartError(f"there is no device with the id {device_id!r}")
    if device.revoked_ms is not None and not also_revoked:
        raise StartError(f"{device.name} was revoked and cannot come back: add a new device")
    return device.site_id, device.name


async def _place(database: Database, slug: str, name: str) -> tuple[str, str]:
    async with database.read() as session:
        site = (await session.exec(select(Site).where(Site.slug == slug))).first()
    if site is None:
        raise StartError(f"there is no site {slug!r}")
    try:
        return site.id, clean_name(name)
    except BadName as error:
        raise StartError(f"the name {error}") from None


def _add(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen)
    broker = _address(chosen.broker) if chosen.broker else None

    noted: dict[str, str] = {}

    async def add(database: Database) -> Added:
        added = await add_device(database, settings, chosen.site, chosen.name, chosen.out, broker=broker)
        noted["device_id"] = added.id
        return added

    added = run_with_writer(settings, add, "add-device", noted)
    text = (
        f"{added.site_slug}/{added.slug} was added with the id {added.id}.\n"
        f"Bring {chosen.out} to the device, for its user alone, and start there: congtac-agent run --identity FILE"
    )
    if not added.broker_told:
        text += "\nThe broker was not told: have it read its password file again (kill -HUP), before the device starts."
    return say(chosen, text, {**asdict(added), "identity": str(chosen.out)})


def _address(text: str) -> BrokerAddress:
    try:
        return BrokerAddress.parse(text)
    except ValueError as error:
        raise StartError(str(error)) from None
