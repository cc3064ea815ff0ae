"""What a person gets who asks for everything that is kept about them. Checklist 29."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from server.commands.models import Command
from server.db.database import READERS
from server.ids import hashed
from server.personal import export
from tests.server.personal.household import HERE, NOW, PAGE, command, household

PARTS = [
    *("format", "made_ms", "person", "memberships", "password", "sessions", "sign_in_links", "familiar_networks", "passkeys"),
    *("api_tokens", "invitations", "guest_links", "schedules", "favourites", "notices_not_wanted", "push_subscriptions"),
    *("notice_addresses", "notices", "commands", "audit"),
]


def without(rows: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in fields} for row in rows]


async def test_the_file_holds_everything_that_is_kept_about_the_person(tmp_path: Path, address: str) -> None:
    async with household(tmp_path, address=address) as home:
        answer = await home.http.get("/api/v1/account/export")
    told = answer.json()
    assert answer.headers["content-disposition"] == 'attachment; filename="congtac-my-data.json"'
    assert list(told) == PARTS
    assert told["person"] == {"id": home.minh, "name": "Minh Đỗ", "created_ms": told["person"]["created_ms"]}
    assert told["memberships"] == [{"site_id": home.site.id, "site": "Vườn ươm", "role": "owner", "since_ms": NOW}]
    assert [sorted(row) for row in told["sessions"]] == [["browser", "created_ms", "ends_ms", "id", "proved_ms", "seen_ms"]]
    assert [row["name"] for row in told["passkeys"]] == ["Điện thoại"]
    assert without(told["api_tokens"], "id", "created_ms") == [
        {"name": "Máy tính", "scopes": "read command manage", "site_id": None, "ends_ms": None, "used_ms": None}
    ]
    assert [(row["id"], row["actor"]) for row in told["commands"]] == [
        (f"{1:032x}", "Minh Đỗ"),
        (f"{2:032x}", "Minh Đỗ (Máy tính)"),
    ]
    assert {row["actor"] for row in told["audit"]} == {f"user:{home.minh}"}
    assert "POST /account/passkeys" in [row["what"] for row in told["audit"]]


async def test_the_file_holds_no_secret_no_hash_and_nothing_of_others(tmp_path: Path) -> None:
    """Checklist 31."""
    async with household(tmp_path) as home:
        text = (await home.http.get("/api/v1/account/export")).text
    assert [secret for secret in home.secrets if secret in text or hashed(secret) in text] == []
    assert "hash" not in text
    assert "public_key" not in text
    assert '"Lan"' not in text


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
async def test_the_file_is_whole_however_many_pages_it_was_made_of(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    async with household(tmp_path) as home:
        await home.keep(*(command(10 + number, f"user:{home.minh}", "Minh Đỗ") for number in range(count)))
        told = (await home.http.get("/account/data/export")).json()
    numbers = [1, 2, *range(10, 10 + count)]
    assert [row["id"] for row in told["commands"]] == [f"{number:032x}" for number in numbers]
    assert len(told["audit"]) >= 2


async def test_whoever_takes_the_file_slowly_holds_no_reader_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PIECE_BYTES", 100)
    async with household(tmp_path) as home:
        database = home.app.state.database
        taken = [export.export(database, home.minh, NOW) for _ in range(READERS)]
        for pieces in taken:
            await anext(pieces)
        async with asyncio.timeout(5), database.read() as session:
            assert (await session.exec(select(Command))).all() != []
        for pieces in taken:
            await pieces.aclose()


async def test_somebody_about_whom_there_is_next_to_nothing_gets_a_whole_file_too(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        await home.http.post("/sign-out", headers=HERE)
        await home.http.post(f"/sign-in/{home.app.state.first_link}", headers=HERE)
        told = (await home.http.get("/api/v1/account/export")).json()
    assert (list(told), told["commands"], told["passkeys"]) == (PARTS, [], [])


@pytest.mark.parametrize("path", ["/api/v1/account/export", "/account/data", "/account/data/export"])
async def test_the_file_asks_again_who_one_is_and_no_token_gets_it(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checklist 15."""
    async with household(tmp_path) as home:
        token = next(secret for secret in home.secrets if secret.startswith("congtac_"))
        by_token = await home.http.get(path, headers={"Authorization": f"Bearer {token}"})
        monkeypatch.setattr(home.app.state.accounts, "has_proved", lambda _principal: False)
        unproven = await home.http.get(path)
        as_page = await home.http.get(path, headers=PAGE)
    assert (by_token.status_code, by_token.json()["code"]) == (403, "not_with_a_token")
    assert (unproven.status_code, unproven.json()["code"]) == (403, "prove_yourself")
    if path.startswith("/account"):
        assert as_page.headers["location"].startswith("/prove?then=%2Faccount%2Fdata")
