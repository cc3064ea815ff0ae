"""People: the links that let them in, their sessions, and who is asking.

`Accounts` (at `app.state.accounts`) holds the rules; `Asking` is the route parameter for a person who must be signed in, or a program
with their token; `InPerson` for the person alone, `Proven` for one who has also proved who they are a short while ago, and
`find_principal` tells who is there, if anybody. `Visiting` and `find_visitor` let guests through as well.
"""

from server.accounts.account_page import router as _account
from server.accounts.accounts import Accounts, LinkRefused, LinkUsed
from server.accounts.asking import (
    Asking,
    InPerson,
    Proven,
    Visiting,
    find_principal,
    find_visitor,
    require_principal,
    require_proven,
    require_visitor,
    still_asking,
)
from server.accounts.passkeys.routes import router as _passkeys
from server.accounts.password_routes import router as _password
from server.accounts.principal import Grants, Principal
from server.accounts.prove_page import router as _prove
from server.accounts.routes import router as _ways_in
from server.accounts.session_routes import router as _sessions
from server.accounts.tokens.routes import router as _tokens

routers = (_ways_in, _account, _password, _passkeys, _sessions, _prove, _tokens)

__all__ = [
    "Accounts",
    "Asking",
    "Grants",
    "InPerson",
    "LinkRefused",
    "LinkUsed",
    "Principal",
    "Proven",
    "Visiting",
    "find_principal",
    "find_visitor",
    "require_principal",
    "require_proven",
    "require_visitor",
    "routers",
    "still_asking",
]
