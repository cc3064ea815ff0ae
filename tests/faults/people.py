"""The people of a run: they ask for things, ask again when the line broke, take back, look; and pages that only watch."""

import asyncio
import contextlib
import json
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.histories import Asked, Told
from tests.faults.network import mono_ms

PATIENCE_S = 6.0
IMPATIENCE_S = (0.002, 0.05)
TRIES = 4
OUTPUTS = ("den", "may-bom", "len", "xuong", "cong", "quat")


@dataclass(slots=True)
class Notes:
    """What everyone was told, and when."""

    told: list[Told] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish of one person, which may be sent more than once."""

    device_id: str
    channel: str
    body: dict[str, Any]
    key: str
    prefer: str | None


class Person:
    """Asks for one thing after the other until told to stop."""

    def __init__(
        self, name: str, client: httpx.AsyncClient, devices: Sequence[str], notes: Notes, chance: random.Random, pace_s: float
    ) -> None:
        self.name = name
        self._client = client
        self._devices = devices
        self._notes = notes
        self._chance = chance
        self._pace_s = pace_s
        self._mine: list[str] = []

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / self._pace_s))
            match self._chance.choices(("ask", "look", "cancel"), (8, 1, 1))[0]:
                case "ask":
                    await self._ask(self._wish())
                case "look" if self._mine:
                    await self._read("GET", f"/api/v1/commands/{self._chance.choice(self._mine[-30:])}")
                case "cancel" if self._mine:
                    await self._read("POST", f"/api/v1/commands/{self._chance.choice(self._mine[-3:])}/cancel")
                case _:
                    pass

    def _wish(self) -> Wish:
        chance = self._chance
        body: dict[str, Any] = {"on": chance.random() < 0.6}
        channel = "khong-co" if chance.random() < 0.02 else chance.choice(OUTPUTS)
        if body["on"] and chance.random() < 0.4:
            body["for_s"] = chance.choice((1, 1, 2, 3, 5, 3600, 10**9))
        if chance.random() < 0.3:
            body |= {"deliver": "when_online", "expires_in_s": chance.choice((2, 5, 15))}
        elif chance.random() < 0.2:
            body["expires_in_s"] = chance.choice((1, 2))
        prefer = f"wait={chance.choice((1, 2, 5))}" if chance.random() < 0.5 else None
        return Wish(chance.choice(self._devices), channel, body, secrets.token_hex(8), prefer)

    async def _ask(self, wish: Wish) -> None:
        """Send it, and again with the same key for as long as nobody has answered; some hang up early, and ask again."""
        for number in range(TRIES):
            hasty = number == 0 and self._chance.random() < 0.15
            answer = await self._send(wish, self._chance.uniform(*IMPATIENCE_S) if hasty else PATIENCE_S)
            if answer is not None and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                if answer.is_success and self._chance.random() < 0.1:
                    await self._send(wish, PATIENCE_S)
                return
            await asyncio.sleep(self._chance.uniform(0.05, 1.0))

    async def _send(self, wish: Wish, timeout_s: float) -> httpx.Response | None:
        headers = {"Idempotency-Key": wish.key} | ({"Prefer": wish.prefer} if wish.prefer else {})
        path = f"/api/v1/devices/{wish.device_id}/channels/{wish.channel}/commands"
        answer = await self._request("POST", path, timeout_s, json=wish.body, headers=headers)
        command = problem = None
        if answer is not None and answer.is_success:
            command = self._was_told(answer.json())
            self._mine.append(command)
        elif answer is not None:
            problem = _problem(answer)
        status = answer.status_code if answer is not None else None
        self._notes.asked.append(Asked(wish.device_id, wish.channel, status, command, wish.key, problem))
        self._notes.answers[f"{status} {problem or ''}".strip() if status else "no answer"] += 1
        return answer

    async def _read(self, method: str, path: str) -> None:
        answer = await self._request(method, path, PATIENCE_S)
        if answer is not None and answer.is_success:
            self._was_told(answer.json())

    def _was_told(self, command: dict[str, Any]) -> str:
        self._notes.told.append(told(command, self.name))
        command_id: str = command["id"]
        return command_id

    async def _request(self, method: str, path: str, timeout_s: float, **options: Any) -> httpx.Response | None:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._client.request(method, path, **options)
        except (httpx.TransportError, TimeoutError):
            return None


def told(command: dict[str, Any], who: str) -> Told:
    """What this view of a command says."""
    return Told(command["id"], command["fate"], mono_ms(), who, command["on"], command["changed"])


def _problem(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        return str(body.get("code") or body.get("type") or body.get("title"))
    except ValueError:
        return "unreadable"


class Page:
    """A page that is open all the time: opens its live stream again when it breaks, and shows what it was told."""

    def __init__(self, name: str, client: httpx.AsyncClient, notes: Notes) -> None:
        self.name = name
        self.channels: dict[tuple[str, str], bool | None] = {}
        self.presence: dict[str, str] = {}
        self.connected = False
        self._client = client
        self._notes = notes
        self._last_told: dict[str, str] = {}

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(httpx.TransportError, TimeoutError):
                await self._watch()
            self.connected = False
            await asyncio.sleep(0.2)

    async def _watch(self) -> None:
        # a server that is stopped says nothing, and a page that hears nothing for longer than two ticks asks anew
        timeout = httpx.Timeout(5, read=25)
        async with self._client.stream("GET", "/api/v1/live", timeout=timeout) as stream:
            if stream.status_code != httpx.codes.OK:
                return
            event = ""
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    self._show(event, json.loads(line[5:]))

    def _show(self, event: str, data: dict[str, Any]) -> None:
        match event:
            case "snapshot":
                self.channels.clear()
                self.presence.clear()
                for device in data["devices"]:
                    self._show_device(device)
                self.connected = True
            case "device":
                self._show_device(data)
            case "channel":
                self._show_channel(data)
            case _:
                pass

    def _show_device(self, device: dict[str, Any]) -> None:
        self.presence[device["id"]] = device["presence"]
        for channel in device["channels"]:
            self._show_channel(channel)

    def _show_channel(self, channel: dict[str, Any]) -> None:
        self.channels[channel["device"], channel["id"]] = channel["on"]
        command = channel["command"]
        if command is not None and self._last_told.get(command["id"]) != command["fate"]:
            self._last_told[command["id"]] = command["fate"]
            self._notes.told.append(told(command, self.name))
