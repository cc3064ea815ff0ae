"""Statements of the hot path: made once, at import, and then run for many rows at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.expression import Executable

__all__ = ["Hot", "Insert", "Op", "grouped", "insert"]


@dataclass(frozen=True, eq=False, slots=True)
class Hot:
    """A statement that may run together with others of its kind, as one executemany.

    All ops of one batch run rank by rank: a row that others refer to, or change later, needs a lower rank than those others.
    Inside a rank the order of submission holds. Every call must give the same parameter names, and no result comes back.
    `insert` (with `on_conflict_do_nothing` and `on_conflict_do_update`) compiles for SQLite and for PostgreSQL alike.
    """

    statement: Executable
    rank: int

    def __call__(self, **params: Any) -> "Op":
        """This statement for one row. Parameters whose names are taken by Python go through `Op(hot, {...})`."""
        return Op(self, params)


@dataclass(frozen=True, slots=True)
class Op:
    """One row's worth of a hot statement."""

    hot: Hot
    params: Mapping[str, Any]


def grouped(ops: Iterable[Op]) -> Iterator[tuple[Hot, list[Mapping[str, Any]]]]:
    """The ops in the order in which they run, neighbours of one statement put together."""
    for hot, same in groupby(sorted(ops, key=lambda op: op.hot.rank), key=lambda op: op.hot):
        yield hot, [op.params for op in same]
