"""A table of its own for the tests of the writer, and statements on it."""

from sqlalchemy import bindparam, update
from sqlmodel import Field, MetaData, SQLModel

from server.db import Hot, insert, millis


class Entry(SQLModel, table=True):
    metadata = MetaData()

    id: str = Field(primary_key=True)
    note: str = ""
    count: int = Field(default=0)
    at_ms: int = millis(default=0)


_entries = Entry.__table__  # type: ignore[attr-defined]

ADD = Hot(insert(_entries), rank=1)
ADD_ONCE = Hot(insert(_entries).on_conflict_do_nothing(index_elements=["id"]), rank=1)
SET_NOTE = Hot(update(_entries).where(_entries.c.id == bindparam("entry")).values(note=bindparam("new_note")), rank=2)


def entry(entry_id: str, note: str = "", count: int = 0, at_ms: int = 0) -> dict[str, str | int]:
    return {"id": entry_id, "note": note, "count": count, "at_ms": at_ms}
