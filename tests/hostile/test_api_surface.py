"""Every route of the API, asked with everything that its description allows and much that it does not: by a stranger, a viewer, an owner.

No answer is a fault of the server's own, each is as the description says, and none tells those of one site anything of another.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hostile.two_sites import TwoSites, two_sites
from tests.processes import System

EXAMPLES = 12
ENDLESS = {"/api/v1/live"}
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance]
NOT_READY = 503


class Caller:
    """One who asks. `name` None: a stranger. `hidden`: what no answer may hold unless this one said it before."""

    def __init__(self, name: str | None, town: TwoSites, cookies: dict[str, str], hidden: tuple[str, ...]) -> None:
        self.name = name
        self.town = town
        self.hidden = hidden
        self.said: set[str] = set()
        self.statuses: dict[str, set[int]] = {}
        self.session = requests.Session()
        self.session.headers.update({"Sec-Fetch-Site": "same-origin"})
        self.session.cookies.update(cookies)  # type: ignore[no-untyped-call]

    def ask(self, case: Any, data: st.DataObject) -> None:
        places = ("as drawn", "theirs") if case.path.endswith("/revoke") else ("as drawn", "ours", "theirs")
        place = data.draw(st.sampled_from(places))
        if place != "as drawn":
            self._aim(case, self.town.ours if place == "ours" else self.town.theirs)
        response = case.call(base_url=self.town.system.url, session=self.session, timeout=20)
        asked = f"{response.request.url} {response.request.body!r}"
        self.said.update(word for word in self.hidden if word in asked)
        told = [word for word in self.hidden if word in response.text and word not in self.said]
        assert told == [], f"{self.name} was told {told} by {asked}"
        if place == "theirs" and self._names_a_thing(case):
            assert response.status_code >= 400, f"{self.name} reached another site: {asked}"
        if response.status_code != NOT_READY or not case.path.endswith("/readyz"):
            case.validate_response(response, checks=CHECKS)
        self.statuses.setdefault(f"{case.method} {case.path}", set()).add(response.status_code)

    def _aim(self, case: Any, at: tuple[str, str]) -> None:
        site_id, device_id = at
        known = {
            "device_id": device_id,
            "site_id": site_id,
            "slug": site_id,
            "channel": "may-bom",
            "device": device_id,
            "site": site_id,
        }
        for where in (case.path_parameters, case.query):
            for name in set(where or ()) & known.keys():
                where[name] = known[name]

    @staticmethod
    def _names_a_thing(case: Any) -> bool:
        return bool({"device_id", "site_id", "slug"} & set(case.path_parameters or ()))


def operations(document: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if operation.path not in ENDLESS:
            yield operation


def questions(operation: Any) -> st.SearchStrategy[Any]:
    """What the description allows, and where there is anything to get wrong, what it does not."""
    good = operation.as_strategy()
    if not (operation.path_parameters or operation.query or operation.headers or operation.body):
        return good
    return st.one_of(good, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


def explore(caller: Caller, document: dict[str, Any]) -> None:
    for operation in operations(document):

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=questions(operation), data=st.data())
        def ask(case: Any, data: st.DataObject) -> None:
            caller.ask(case, data)

        ask()


async def cookies_of(system: System, name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    async with system.visitor(name) as visitor:
        return dict(visitor.cookies)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_no_question_breaks_the_server_leaves_its_description_or_tells_of_another_site(tmp_path: Path):
    """Checklist 14. Checklist 25."""
    async with two_sites(tmp_path) as town:
        async with town.system.anybody() as anybody:
            document = (await anybody.get("/openapi.json")).json()
        for name in (None, "Hoa", "Lan"):
            hidden = (*town.hidden, *town.ours) if name is None else town.hidden
            caller = Caller(name, town, await cookies_of(town.system, name), hidden)
            try:
                await asyncio.to_thread(explore, caller, document)
                left = await asyncio.to_thread(caller.session.get, f"{town.system.url}/api/v1/snapshot", timeout=20)
            finally:
                caller.session.close()
            assert left.status_code == (401 if name is None else 200), "this caller's session ended on the way"
            assert caller.statuses.keys() >= {"GET /api/v1/snapshot", "GET /api/v1/audit"}
            if name is None:
                opened = {route: codes for route, codes in caller.statuses.items() if codes & set(range(200, 300))}
                assert opened.keys() <= {"GET /healthz", "GET /readyz"}
        said = town.system.server.said()
        assert re.findall(r"Traceback|ERROR|CRITICAL", said) == [], said[-3000:]
        async with town.system.visitor("Lan") as lan:
            path = f"/api/v1/devices/{town.spare}/channels/may-bom/commands"
            answer = await lan.post(path, json={"on": True}, headers={"Prefer": "wait=20"})
            assert answer.json().get("fate") == "applied", answer.text
