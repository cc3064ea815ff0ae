"""Small facts about this installation itself, by key."""

from sqlmodel import Field

from server.db.statements import Hot, insert
from server.db.tables import Table


class Fact(Table, table=True):
    """A key and its value."""

    key: str = Field(primary_key=True, max_length=64)
    value: str = Field(max_length=200)


_insert = insert(Fact)
REMEMBER = Hot(_insert.on_conflict_do_update(index_elements=["key"], set_={"value": _insert.excluded.value}), rank=0)
