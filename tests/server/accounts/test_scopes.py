"""What a program with a token may do at most."""

import pytest

from server.accounts.principal import Principal
from server.accounts.scopes import EVERY_SCOPE, Scope, as_text, from_text, narrowed
from server.sites import Role

ROLES = {"farm": Role.OWNER, "school": Role.OPERATOR, "home": Role.VIEWER}
READ, COMMAND, MANAGE = Scope.READ, Scope.COMMAND, Scope.MANAGE


@pytest.mark.parametrize(
    ("scopes", "left"),
    [
        ({READ}, {"farm": Role.VIEWER, "school": Role.VIEWER, "home": Role.VIEWER}),
        ({COMMAND}, {"farm": Role.OPERATOR, "school": Role.OPERATOR, "home": Role.VIEWER}),
        ({MANAGE}, {"farm": Role.OWNER, "school": Role.VIEWER, "home": Role.VIEWER}),
        (EVERY_SCOPE, ROLES),
        (set(), {"farm": Role.VIEWER, "school": Role.VIEWER, "home": Role.VIEWER}),
    ],
)
def test_scopes_lower_a_role_and_never_raise_one(scopes: set[Scope], left: dict[str, Role]) -> None:
    assert narrowed(ROLES, scopes, None) == left


def test_a_token_for_one_site_knows_no_other() -> None:
    assert narrowed(ROLES, EVERY_SCOPE, "school") == {"school": Role.OPERATOR}
    assert narrowed(ROLES, EVERY_SCOPE, "elsewhere") == {}


@pytest.mark.parametrize(
    ("scopes", "may"),
    [
        ({READ}, (True, False, False)),
        ({READ, COMMAND}, (True, True, False)),
        ({READ, MANAGE}, (True, False, True)),
        (EVERY_SCOPE, (True, True, True)),
    ],
)
def test_an_owner_s_token_may_what_its_scopes_say(scopes: set[Scope], may: tuple[bool, bool, bool]) -> None:
    principal = Principal("lan", "Lan", narrowed(ROLES, scopes, None), scopes=frozenset(scopes), token_id="t")
    assert (principal.may_see("farm"), principal.may_command("farm"), principal.may_manage("farm")) == may


@pytest.mark.parametrize("site", ["home", "elsewhere"])
def test_no_scope_lets_a_viewer_or_a_stranger_command_or_manage(site: str) -> None:
    principal = Principal("hoa", "Hoa", narrowed(ROLES, EVERY_SCOPE, None), scopes=EVERY_SCOPE, token_id="t")
    assert (principal.may_command(site), principal.may_manage(site)) == (False, False)


@pytest.mark.parametrize(("chosen", "kept"), [([], "read"), ([MANAGE, COMMAND], "read command manage"), ([READ, READ], "read")])
def test_scopes_are_kept_in_one_order_and_always_with_reading(chosen: list[Scope], kept: str) -> None:
    assert as_text(chosen) == kept
    assert from_text(kept) == {READ, *chosen}


def test_a_scope_that_is_not_known_any_more_allows_nothing() -> None:
    assert from_text("read everything") == {READ}
