"""The token in `Authorization: Bearer …` (RFC 6750). Other schemes, as a proxy may use them, are not ours and change nothing."""

from typing import Final

from starlette.types import Scope

_SCHEME: Final = b"bearer"
_KEPT: Final = "congtac.bearer"


def bearer_of(scope: Scope) -> str | None:
    """What stands behind `Bearer`, perhaps nothing; None where the request says nothing of the kind. Looked for once a request."""
    if _KEPT not in scope:
        scope[_KEPT] = _found(scope)
    kept: str | None = scope[_KEPT]
    return kept


def _found(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.strip().partition(b" ")
            if scheme.lower() == _SCHEME:
                return str(token.strip(), "latin-1")
    return None
