"""A small day of use with secrets that the test knows: afterwards none of them stands in any log, answer, trail or table."""

import gc
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from server.broker.signing_key import signing_key
from server.cli import link_address
from server.clock import now_ms
from tests.processes import System, running_system
from tests.waiting import eventually

PASSWORD = "ba con vịt mẹ marked-4711"
KNOWN = "trạm bơm số 7"
WRONG = "wrong-marked-word-0815"
KEEPERS = ("signing.key", "audit.key", "passwords", "identity-0.json")
"""The files that are there to keep a secret: each readable by its owner alone, which other tests hold."""
PAGE = {"Accept": "text/html"}


class Day:
    """What happened: every secret by its name, and every answer that was no success, or that is a page."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.secrets: dict[str, str] = {}
        self.told: list[str] = []

    async def ask(self, client: httpx.AsyncClient, method: str, path: str, **how: Any) -> httpx.Response:
        answer = await client.request(method, path, **how)
        if answer.status_code >= 400:
            self.told.append(f"{answer.headers} {answer.text}")
        return answer

    def token_of(self, name: str, address: str) -> str:
        self.secrets[name] = address.rpartition("/")[2]
        return httpx.URL(address).path

    def cookie_of(self, name: str, client: httpx.AsyncClient) -> None:
        self.secrets[name] = next(iter(client.cookies.values()))


async def a_day(day: Day, device_id: str) -> None:
    system = day.system
    async with system.anybody() as lan, system.anybody() as minh, system.anybody() as guest, system.anybody() as thief:
        await day.ask(lan, "POST", day.token_of("sign-in link", await system.link()))
        day.cookie_of("Lan's session", lan)
        await day.ask(lan, "POST", "/account/password", data={"login": "lan", "password": PASSWORD})
        day.cookie_of("Lan's session after that", lan)
        day.secrets["password"] = PASSWORD
        day.secrets["wrong password"] = WRONG
        for login in ("lan", "nobody"):
            await day.ask(thief, "POST", "/sign-in", data={"login": login, "password": WRONG}, headers=PAGE)
        await day.ask(thief, "POST", "/sign-in", data={"login": "lan", "password": PASSWORD})
        day.cookie_of("a session by password", thief)
        token = await day.ask(lan, "POST", "/api/v1/tokens", json={"name": KNOWN, "scopes": ["command"]})
        day.secrets["API token"] = token.json()["token"]
        site = (await lan.get("/api/v1/sites")).json()[0]["id"]
        wanted = {"role": "operator"}
        invited = await day.ask(lan, "POST", f"/api/v1/sites/{site}/invitations", json=wanted)
        invitation = day.token_of("invitation", invited.json()["url"])
        await day.ask(minh, "GET", invitation, headers=PAGE)
        await day.ask(minh, "POST", invitation, data={"name": "Minh"})
        day.cookie_of("Minh's session", minh)
        grant = {"name": "Khách", "channels": [{"device": device_id, "channel": "may-bom"}], "expires_ms": now_ms() + 3_600_000}
        linked = await day.ask(lan, "POST", f"/api/v1/sites/{site}/guest-links", json=grant)
        link = day.token_of("guest link", linked.json()["url"])
        await day.ask(guest, "POST", link)
        day.cookie_of("the guest's session", guest)
        for client, headers in (
            (lan, {}),
            (minh, {}),
            (guest, {}),
            (thief, {"Authorization": f"Bearer {day.secrets['API token']}"}),
        ):
            path = f"/api/v1/devices/{device_id}/channels/may-bom/commands"
            answer = await day.ask(client, "POST", path, json={"on": True}, headers={**headers, "Prefer": "wait=10"})
            assert answer.status_code == 200, answer.text
        await mistakes(day, thief, [invitation, link, httpx.URL(await system.link()).path])


async def mistakes(day: Day, thief: httpx.AsyncClient, paths: list[str]) -> None:
    """Secrets where they do not belong: in wrong addresses, queries, headers and bodies."""
    for number, (name, secret) in enumerate(list(day.secrets.items())):
        for headers in (PAGE, {"Accept": "application/json"}):
            await day.ask(thief, "GET", f"/sign-in/{secret}", headers=headers)
            await day.ask(thief, "GET", "/api/v1/commands", params={"before": secret, "device": secret}, headers=headers)
            await day.ask(thief, "POST", "/api/v1/tokens", json={"name": 5, "scopes": [secret], secret: secret}, headers=headers)
            await day.ask(thief, "POST", "/api/v1/tokens", content=secret.encode(), headers=headers)
            await day.ask(thief, "GET", "/api/v1/sites", headers={**headers, "Authorization": f"Bearer {secret.encode().hex()}x"})
        assert number < 40, name
    for path in paths:
        await day.ask(thief, "POST", path, headers={**PAGE, "Origin": "https://evil.example"})
        await day.ask(thief, "PUT", path, headers=PAGE)


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in KEEPERS:
            yield str(path.relative_to(folder)), path.read_bytes()


def shapes(secret: str) -> set[bytes]:
    """How a secret may look where it is written: as it is, and escaped for JSON, addresses and Python."""
    quoted = httpx.QueryParams({"x": secret})
    return {secret.encode(), secret.encode("unicode_escape"), str(quoted).partition("=")[2].encode(), repr(secret)[1:-1].encode()}


def places(everything: list[tuple[str, bytes]], words: dict[str, str]) -> list[tuple[str, str]]:
    """Which of these words stand where, by their names."""
    found = {
        (name, place)
        for place, content in everything
        for name, word in words.items()
        if any(it in content for it in shapes(word))
    }
    return sorted(found)


async def test_no_secret_is_written_anywhere_but_where_it_is_kept(tmp_path: Path):
    """Checklist 31."""
    async with running_system(tmp_path) as system:
        device = await system.add_device("Máy 1")
        day = Day(system)

        async def online() -> bool:
            return [it["presence"] for it in (await system.snapshot())["devices"]] == ["online"]

        await eventually(online)
        await a_day(day, device.id)
        day.secrets["broker secret"] = system._secret
        day.secrets["device's secret"] = device.identity.secret.get_secret_value()
        day.secrets["signing key"] = signing_key(system.settings.data_dir).private
        day.secrets["audit key"] = (system.settings.data_dir / "audit.key").read_text().strip()
        assert link_address(system.settings, "x").endswith("/sign-in/x")
        await system.server.stop()
        await device.program.stop()
    gc.collect()
    assert len(day.secrets) >= 14
    assert len(day.told) >= 100
    everything = [*written(tmp_path), *(("an answer", told.encode()) for told in day.told)]
    assert places(everything, {"no secret": KNOWN}), "what is no secret is found: so would be what is one"
    assert places(everything, day.secrets) == []
    assert re.search(r"status=4\d\d", (tmp_path / "server.log").read_text())
