"""The database, as others may use it.

`Database.writer` keeps things (`submit` for hot statements, `run` for all else), `Database.read()` finds them. `Table` and
`millis` make tables; `Hot`, `Op` and `insert` make hot statements.
"""

from server.db.database import Database
from server.db.errors import StorageError, WriterBusy
from server.db.statements import Hot, Op, insert
from server.db.tables import Table, millis
from server.db.writer import Writer

__all__ = ["Database", "Hot", "Op", "StorageError", "Table", "Writer", "WriterBusy", "insert", "millis"]
