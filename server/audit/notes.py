"""What is said of an entry: never a secret, a token, a password or a link; people and things by their ids."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request

from server.audit.chain import Entry

NOBODY: Final = "anonymous"
ADMIN: Final = "admin:cli"
SERVER: Final = "server"

LONGEST_FACT: Final = 120
MOST_FACTS: Final = 12
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


def note(request: Request, *, what: str | None = None, actor: str | None = None, site: str | None = None, **facts: Any) -> None:
    """Add to what the trail will tell of this request.

    `what` stands for the route's own words, `actor` for who is signed in (for a request that signs in), `site` for the id of the
    site whose owners may read it, where the address does not name it. `facts` are numbers and short texts.
    """
    known = request.scope.setdefault("state", {}).setdefault("audit", {})
    known.update({key: value for key, value in (("what", what), ("actor", actor), ("site", site)) if value is not None})
    if facts:
        known.setdefault("facts", {}).update(facts)


def entry(
    at_ms: int,
    actor: str,
    what: str,
    *,
    address: str | None = None,
    status: int = 200,
    reason: str | None = None,
    site_id: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Entry:
    """An entry whose parts fit the table, whatever they were made from."""
    return Entry(
        at_ms=at_ms,
        actor=_plain(actor, 60),
        address=None if address is None else _plain(address, 60),
        what=_plain(what, 120),
        status=status,
        reason=None if reason is None else _plain(reason, 60),
        site_id=None if site_id is None else _plain(site_id, 32),
        facts=_written(facts) if facts else "",
    )


def _written(facts: Mapping[str, Any]) -> str:
    kept = {key[:40]: value if isinstance(value, int | None) else str(value)[:LONGEST_FACT] for key, value in facts.items()}
    text = _encode(dict(list(kept.items())[:MOST_FACTS]))
    return text if len(text) <= 2000 else '{"too_long":true}'


def _plain(text: str, most: int) -> str:
    return text[:most] if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")[:most]
