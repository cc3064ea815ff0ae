"""How every connection to SQLite is set up: WAL, synchronous=FULL, foreign keys, and readers that cannot write."""

from typing import Any

from sqlalchemy import Engine, event


def prepare(engine: Engine, *, writes: bool, busy_timeout_s: float) -> None:
    """Set the pragmas on each new connection of the engine."""
    pragmas = ["foreign_keys = ON", f"busy_timeout = {int(busy_timeout_s * 1000)}", "temp_store = MEMORY"]
    pragmas += ["journal_mode = WAL", "synchronous = FULL"] if writes else ["query_only = ON"]

    def on_connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)
    if not writes:
        # The driver begins by itself only before a change: a reader that wants one state has to say so.
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
