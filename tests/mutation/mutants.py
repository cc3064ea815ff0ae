"""What can be broken in a source file, one place at a time. Pure, but for reading the file."""

import ast
import copy
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.device.core_modules import ROOT

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_WITH_DEFAULTS = ("replace", "event", "receipt", "_written", "write", "Output", "Act")
_SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    """One change to one file: the statement's line, as it was and as it is."""

    file: Path
    line: int
    was: str
    now: str
    text: str

    @property
    def name(self) -> str:
        """Where and what, on one line, without the line's number: that moves with every edit."""
        return f"{self.file.name}: {_flat(self.was)} → {_flat(self.now)}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    fixed = {part for node in ast.walk(tree) for decorator in getattr(node, "decorator_list", ()) for part in ast.walk(decorator)}
    for node in ast.walk(tree):
        if node in fixed:
            continue
        for change in _changes(node):
            broken = copy.deepcopy(tree)
            yield _mutant(path, source, tree, broken, _same_place(broken, tree, node), change)


def _mutant(path: Path, source: str, tree: ast.AST, broken: ast.AST, node: ast.AST, change: Callable[[ast.AST], None]) -> Mutant:
    line = getattr(node, "lineno", 1)
    change(node)
    was, now = ast.unparse(tree).splitlines(), ast.unparse(ast.fix_missing_locations(broken)).splitlines()
    lines = [text for text in difflib.ndiff(was, now) if text[:2] in ("- ", "+ ")]
    removed = " ".join(text[2:].strip() for text in lines if text[0] == "-")
    added = " ".join(text[2:].strip() for text in lines if text[0] == "+")
    return Mutant(path.relative_to(ROOT), line, removed or source.splitlines()[line - 1].strip(), added, "\n".join(now) + "\n")


def _same_place(broken: ast.AST, tree: ast.AST, node: ast.AST) -> ast.AST:
    return next(twin for twin, original in zip(ast.walk(broken), ast.walk(tree), strict=True) if original is node)


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    yield from _conditions(node)
    yield from _values(node)
    for name in ("body", "orelse"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            yield from (_dropping(name, number) for number, statement in enumerate(body) if _matters(statement))


def _conditions(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    match node:
        case ast.Compare(ops=[op]):
            yield from (_setting("ops", [other()]) for other in _COMPARISONS[type(op)])
        case ast.BoolOp(op=op):
            yield _setting("op", ast.And() if isinstance(op, ast.Or) else ast.Or())
            yield from (_without("values", number) for number in range(len(node.values)))
        case ast.UnaryOp(op=ast.Not()):
            yield _becoming_operand
        case ast.If() | ast.IfExp():
            yield from (_setting("test", ast.Constant(value=always)) for always in (True, False))
        case _:
            pass


def _values(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    match node:
        case ast.BinOp(op=op) if type(op) in _SWAPS:
            yield _setting("op", _SWAPS[type(op)]())
        case ast.Constant(value=bool(value)):
            yield _setting("value", not value)
        case ast.Constant(value=int(value)):
            yield from (_setting("value", value + step) for step in (1, -1))
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield _setting("value", ast.Constant(value=None))
        case ast.Call(keywords=keywords) if _name_of(node) in _WITH_DEFAULTS:
            yield from (_without("keywords", number) for number in range(len(keywords)))
        case ast.Call(func=ast.Name(id=("min" | "max") as called)):
            yield _setting("func", ast.Name(id="max" if called == "min" else "min", ctx=ast.Load()))
        case _:
            pass


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _matters(statement: ast.stmt) -> bool:
    """Whether a statement can be dropped and the file still be read: no docstring, import, definition, annotation or return."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Assign | ast.AugAssign | ast.Delete)


def _setting(name: str, value: object) -> Callable[[ast.AST], None]:
    return lambda node: setattr(node, name, value)


def _without(name: str, number: int) -> Callable[[ast.AST], None]:
    return lambda node: getattr(node, name).pop(number)


def _dropping(name: str, number: int) -> Callable[[ast.AST], None]:
    def drop(node: ast.AST) -> None:
        getattr(node, name)[number] = ast.Pass(lineno=1, col_offset=0)

    return drop


def _becoming_operand(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    operand = node.operand
    node.op, node.operand = ast.Not(), ast.UnaryOp(op=ast.Not(), operand=operand)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)
