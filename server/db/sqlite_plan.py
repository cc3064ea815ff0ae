"""A hot statement made ready for SQLite's own driver: its text, and how a row's values go into it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from server.db.statements import Hot

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """`sql` takes the values of `names` in that order; each of `converts` (by its place) makes what the driver can bind."""

    sql: str
    names: Sequence[str]
    converts: Sequence[tuple[int, Convert]]

    @classmethod
    def of(cls, hot: Hot, sample: Mapping[str, Any], dialect: Dialect) -> "Plan":
        """The plan of a statement whose rows have the names of this one.

        Raises ValueError or TypeError for a statement that needs more than its row, such as a default that Python computes.
        """
        if not isinstance(hot.statement, ClauseElement):
            raise TypeError(f"{hot.statement!r} cannot be written as SQL")
        compiled = hot.statement.compile(dialect=dialect, column_keys=list(sample))
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise ValueError(f"{hot.statement} is not of positional parameters")
        names = list(compiled.positiontup)
        if not set(names) <= sample.keys():
            raise ValueError(f"{hot.statement} needs {set(names) - sample.keys()} besides its row")
        converts = [(place, convert) for place, name in enumerate(names) if (convert := _convert(compiled, name, dialect))]
        return cls(str(compiled), names, converts)

    def rows(self, ops: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
        """The values of each op as the driver wants them. Raises KeyError for an op that lacks one."""
        return [self._row(params) for params in ops]

    def _row(self, params: Mapping[str, Any]) -> list[Any]:
        row = [params[name] for name in self.names]
        for place, convert in self.converts:
            row[place] = convert(row[place])
        return row


def _convert(compiled: SQLCompiler, name: str, dialect: Dialect) -> Convert | None:
    kind = compiled.binds[name].type
    convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert
