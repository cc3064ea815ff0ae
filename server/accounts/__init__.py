"""People: the links that let them in, their sessions, and who is asking.

`Accounts` (at `app.state.accounts`) holds the rules; `Asking` is the route parameter for whoever must be signed in, and
`find_principal` tells who is, if anybody.
"""

from server.accounts.accounts import Accounts, LinkRefused, LinkUsed
from server.accounts.asking import Asking, find_principal, require_principal
from server.accounts.principal import Principal
from server.accounts.routes import router

__all__ = ["Accounts", "Asking", "LinkRefused", "LinkUsed", "Principal", "find_principal", "require_principal", "router"]
