"""What is left of a person who was erased. Checklist 29."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete

from server.accounts.models import Session, SignInLink, User
from server.accounts.passkeys.models import Passkey
from server.accounts.tokens.models import ApiToken
from server.audit.models import AuditRow
from server.commands.models import Command
from server.commands.record import Fate
from server.commands.statements import read
from server.devices.models import ChannelReport
from server.history.models import EventRow
from server.sites import Member, Role
from tests.server.personal.household import HERE, NOW, PAGE, command, household

PATH = "/api/v1/account/erase"
NAME = {"name": "Minh Đỗ"}


async def test_whoever_is_erased_is_gone_with_all_that_let_them_in(tmp_path: Path, address: str) -> None:
    async with household(tmp_path, address=address) as home:
        answer = await home.http.post(PATH, json=NAME, headers=HERE)
        assert answer.status_code == 204, answer.text
        left = [[row.user_id for row in await home.rows(table)] for table in (Session, SignInLink, Passkey, ApiToken, Member)]
        people = [person.name for person in await home.rows(User)]
        assert (await home.http.get("/api/v1/snapshot")).status_code == 401
        token = next(secret for secret in home.secrets if secret.startswith("congtac_"))
        by_token = await home.http.get("/api/v1/snapshot", headers={"Authorization": f"Bearer {token}"})
    assert [[user for user in users if user == home.minh] for users in left] == [[]] * 5
    assert people == ["Lan"]
    assert by_token.status_code == 401


async def test_what_an_erased_person_switched_stays_and_nobody_knows_who_it_was(tmp_path: Path, address: str) -> None:
    async with household(tmp_path, address=address) as home:
        await home.http.post(PATH, json=NAME, headers=HERE)
        commands = sorted((row.id, row.actor_id, row.actor) for row in await home.rows(Command))
        events = sorted((row.seq, row.actor) for row in await home.rows(EventRow))
        reports = sorted((row.channel, row.actor) for row in await home.rows(ChannelReport))
    nobody = commands[0][1]
    assert nobody.startswith("erased:")
    assert home.minh not in nobody
    assert commands == [(f"{1:032x}", nobody, ""), (f"{2:032x}", nobody, ""), (f"{3:032x}", "user:lan", "Lan")]
    assert events == [(1, None), (2, None), (3, "Lan")]
    assert reports == [("bom", "Lan"), ("den", None)]


async def test_the_name_of_an_erased_person_is_nowhere_in_the_database(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        await home.http.post(PATH, json=NAME, headers=HERE)
        await home.app.state.trail.written()
        async with home.app.state.database.reading.connect() as connection:
            tables = (await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
            texts = {name: str((await connection.exec_driver_sql(f'SELECT * FROM "{name}"')).all()) for name in tables}  # noqa: S608
    assert [name for name, text in texts.items() if "Minh Đỗ" in text] == []
    assert [name for name, text in texts.items() if home.minh in text] == ["audit"]


async def test_what_outlived_its_command_keeps_no_name_either(tmp_path: Path, address: str) -> None:
    """Commands are let go of after a while; the channel still tells who switched it, and so does an event that came late."""
    async with household(tmp_path, address=address) as home:
        await home.app.state.database.writer.run(_let_go_of_commands)
        await home.http.post(PATH, json=NAME, headers=HERE)
        events = sorted((row.seq, row.actor) for row in await home.rows(EventRow))
        reports = sorted((row.channel, row.actor) for row in await home.rows(ChannelReport))
    assert events == [(1, None), (2, None), (3, "Lan")]
    assert reports == [("bom", "Lan"), ("den", None)]


async def _let_go_of_commands(session):
    await session.exec(delete(Command))


async def test_two_who_were_erased_are_not_the_same_nobody(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        await home.http.post(PATH, json=NAME, headers=HERE)
        other = await home.app.state.database.writer.run(_nam(home))
        await home.keep(command(9, f"user:{other}", "Nam", idempotency_key="k"))
        await home.app.state.erasure.erase(other)
        actors = {row.id: row.actor_id for row in await home.rows(Command)}
    assert actors[f"{9:032x}"] != actors[f"{1:032x}"]


def _nam(home):
    async def add(session):
        return home.app.state.accounts.add_person(session, "Nam").id

    return add


async def test_what_an_erased_person_asked_and_was_not_sent_is_taken_back(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        desk = home.app.state.switchboard.desk
        waiting = command(8, f"user:{home.minh}", "Minh Đỗ", fate="waiting", expires_ms=NOW * 2)
        await home.keep(waiting)
        [row] = [row for row in await home.rows(Command) if row.id == f"{8:032x}"]
        desk.adopt([read(row)])
        await home.http.post(PATH, json=NAME, headers=HERE)
        [row] = [row for row in await home.rows(Command) if row.id == f"{8:032x}"]
        shown = desk.get(row.id)
    assert (row.fate, row.actor) == ("cancelled", "")
    assert shown is not None
    assert (shown.fate, shown.actor, shown.actor_id) == (Fate.CANCELLED, "", row.actor_id)


async def test_the_last_owner_of_a_site_stays_until_somebody_else_owns_it(tmp_path: Path, address: str) -> None:
    async with household(tmp_path, role=Role.OPERATOR, address=address) as home:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(home.app), base_url="http://congtac.test") as lan:
            await lan.post(f"/sign-in/{home.app.state.first_link}", headers=HERE)
            refused = await lan.post(PATH, json={"name": "Lan"}, headers=HERE)
            page = await lan.get("/account/data", headers=PAGE)
            assert (await lan.get("/api/v1/snapshot")).status_code == 200
            assert [len(await home.rows(table)) for table in (User, Member)] == [2, 2]
            await home.app.state.sites.set_role(home.site.id, home.minh, Role.OWNER)
            done = await lan.post(PATH, json={"name": "Lan"}, headers=HERE)
        left = [(member.user_id, member.role) for member in await home.rows(Member)]
    assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    assert "Vườn ươm" in refused.json()["detail"]
    assert "Vườn ươm" in page.text
    assert 'action="/account/erase"' not in page.text
    assert done.status_code == 204
    assert left == [(home.minh, "owner")]


@pytest.mark.parametrize("typed", ["", "Minh", "Lan", "x" * 400])
async def test_a_name_that_is_not_typed_right_erases_nothing(tmp_path: Path, typed: str) -> None:
    async with household(tmp_path) as home:
        refused = await home.http.post(PATH, json={"name": typed}, headers=HERE)
        page = await home.http.post("/account/erase", data={"name": typed}, headers=PAGE)
        assert (refused.status_code, refused.json()["code"], page.status_code) == (422, "not_your_name", 422)
        assert "Minh Đỗ" in [person.name for person in await home.rows(User)]
        assert (await home.http.get("/api/v1/snapshot")).status_code == 200


@pytest.mark.parametrize("typed", ["Minh Đỗ", "  minh   đỗ ", "Minh Đô\u0303"])
async def test_the_page_erases_who_typed_their_name_and_forgets_the_cookie(tmp_path: Path, typed: str) -> None:
    async with household(tmp_path) as home:
        page = await home.http.post("/account/erase", data={"name": typed}, headers=PAGE)
        assert (page.status_code, "Đã xoá tài khoản" in page.text) == (200, True)
        assert page.headers["set-cookie"].startswith('congtac=""; expires=')
        assert [person.name for person in await home.rows(User)] == ["Lan"]


@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("POST", "/account/erase"), ("GET", "/account/data")])
async def test_erasing_asks_again_who_one_is_and_no_token_does_it(
    tmp_path: Path, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checklist 15."""
    async with household(tmp_path) as home:
        token = next(secret for secret in home.secrets if secret.startswith("congtac_"))
        sent = {"json": NAME} if path == PATH else {"data": NAME} if method == "POST" else {}
        by_token = await home.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **sent)
        monkeypatch.setattr(home.app.state.accounts, "has_proved", lambda _principal: False)
        unproven = await home.http.request(method, path, headers=HERE, **sent)
        assert "Minh Đỗ" in [person.name for person in await home.rows(User)]
    assert (by_token.status_code, by_token.json()["code"]) == (403, "not_with_a_token")
    assert (unproven.status_code, unproven.json()["code"]) == (403, "prove_yourself")


async def test_an_erasure_is_in_the_trail(tmp_path: Path) -> None:
    """Checklist 26."""
    async with household(tmp_path) as home:
        await home.http.post(PATH, json=NAME, headers=HERE)
        await home.app.state.trail.written()
        [row] = [row for row in await home.rows(AuditRow) if row.what == "erased a person"]
    assert (row.actor, row.status) == (f"user:{home.minh}", 204)
