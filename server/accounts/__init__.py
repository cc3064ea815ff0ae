"""People: the links that let them in, their sessions, and who is asking.

`Accounts` (at `app.state.accounts`) holds the rules; `Asking` is the route parameter for whoever must be signed in, `Proven` for
whoever must also have proved who they are a short while ago, and `find_principal` tells who is there, if anybody.
"""

from server.accounts.account_page import router as _account
from server.accounts.accounts import Accounts, LinkRefused, LinkUsed
from server.accounts.asking import Asking, Proven, find_principal, require_principal, require_proven, still_asking
from server.accounts.principal import Principal
from server.accounts.prove_page import router as _prove
from server.accounts.routes import router as _ways_in

routers = (_ways_in, _account, _prove)

__all__ = [
    "Accounts",
    "Asking",
    "LinkRefused",
    "LinkUsed",
    "Principal",
    "Proven",
    "find_principal",
    "require_principal",
    "require_proven",
    "routers",
    "still_asking",
]
