"""What can go wrong between the server and its database."""

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from server.errors import CongtacError

_SQLITE_ERROR = 1
_POSTGRES_STATEMENT_FAULTS = ("22", "23", "42", "0A")


class StorageError(CongtacError, OSError):
    """The database could not keep or give what was asked: full, locked, read-only, away, or closed.

    What was being written was not kept, except when the word was lost in the moment of the commit.
    """


class WriterBusy(CongtacError):  # noqa: N818 (a state, and the word that is used for it)
    """The writer's queue is full. Nothing was queued; try again later. `waiting`: how many jobs are before you."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} jobs wait to be written already")
        self.waiting = waiting


def is_storage_failure(error: BaseException) -> bool:
    """Whether the database itself failed, rather than one statement being at fault (a duplicate, a wrong type, a wrong name)."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    sqlite_code = getattr(error.orig, "sqlite_errorcode", None)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if not isinstance(error, OperationalError | InterfaceError | InternalError) and sqlstate is None:
        return False
    if isinstance(sqlite_code, int):
        return sqlite_code & 0xFF != _SQLITE_ERROR
    return not (isinstance(sqlstate, str) and sqlstate[:2] in _POSTGRES_STATEMENT_FAULTS)
