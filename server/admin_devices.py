"""`congtac admin …-device`: devices, by whoever has the server's files."""

import argparse
from dataclasses import asdict
from pathlib import Path

from server.admin import Tasks, add_task, run_with_writer, say, settings_of
from server.broker.address import BrokerAddress
from server.db import Database
from server.devices.adding import Added, add_device
from server.opening import StartError


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
