"""The audit trail: who did what, when, from where, with what result; refusals too; in a chain that shows what was changed.

`server.http.recording` records every request that would change something. `note(request, …)` adds to what it records, `Trail` (at
`app.state.trail`) keeps it. The routes are in `routes`, which needs `accounts`; this does not.
"""

from server.audit.chain import Entry
from server.audit.notes import ADMIN, NOBODY, SERVER, entry, note
from server.audit.trail import Trail

__all__ = ["ADMIN", "NOBODY", "SERVER", "Entry", "Trail", "entry", "note"]
