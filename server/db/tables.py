"""What every table is made of: one set of names for keys and constraints, and columns for times."""

from typing import Any, Final

from sqlalchemy import BigInteger, MetaData
from sqlmodel import Field, SQLModel

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """The base of all tables: `class Device(Table, table=True)`."""

    metadata = MetaData(naming_convention=NAMES)


def millis(**options: Any) -> Any:
    """A column for a time in whole milliseconds since 1970, UTC (BIGINT)."""
    return Field(sa_type=BigInteger, **options)
