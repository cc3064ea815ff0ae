"""Breaks the device's pure core on purpose, one place at a time, and sees that a test notices: `python -m tests.mutate --help`.

Each mutant runs the quick tests in a copy of the repository's Python in a temporary folder. What survives is printed with its place and
its difference; `tests/device/SURVIVORS.md` lists those that are known and why they may live. Exits with 1 when there are others.
"""

import argparse
import ast
import copy
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.device.core_modules import PURE, ROOT, STORIES, UNITS, files_of_tests, source_of

TESTS = files_of_tests(*UNITS, *STORIES, "guards", "core_machine")
SURVIVORS = ROOT / "tests" / "device" / "SURVIVORS.md"
TOO_LONG_S = 120

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


class Field:
    """A copy of what the tests need, in which one mutant at a time lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("protocol", "device", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "server", "broker_config"))
        (folder / "mutate.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")

    def survives(self, mutant: Mutant) -> bool:
        """Whether every quick test passes with this mutant."""
        home = self.folder / mutant.file
        original = home.read_text(encoding="utf-8")
        home.write_text(mutant.text, encoding="utf-8")
        try:
            return self._tests_pass()
        finally:
            home.write_text(original, encoding="utf-8")

    def _tests_pass(self) -> bool:
        # no conftest and no plugins: what a test leaves behind is not asked here, and each start counts
        options = [
            "-q",
            "-x",
            "-c",
            "mutate.ini",
            "--rootdir",
            ".",
            "--import-mode=importlib",
            "--noconftest",
            "-p",
            "no:cacheprovider",
        ]
        command = [sys.executable, "-B", "-m", "pytest", *options, *TESTS]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CONGTAC_MACHINE_ONLY_FIND": "1"}
        try:
            done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=TOO_LONG_S, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def known() -> set[str]:
    """The names of the survivors that may live."""
    if not SURVIVORS.exists():
        return set()
    return set(re.findall(r"^- `(.*)`", SURVIVORS.read_text(encoding="utf-8"), re.MULTILINE))


def run(chosen: list[Mutant], fields: list[Field]) -> list[Mutant]:
    """Those that no test noticed; each is printed as it is found."""
    free: SimpleQueue[Field] = SimpleQueue()
    for field in fields:
        free.put(field)
    allowed = known()

    def judge(mutant: Mutant) -> bool:
        field = free.get()
        try:
            lives = field.survives(mutant)
        finally:
            free.put(field)
        if lives:
            note = "known" if mutant.name in allowed else "SURVIVES"
            print(f"{note} {mutant.file}:{mutant.line}\n- `{mutant.name}`", flush=True)
        return lives

    with ThreadPoolExecutor(len(fields)) as pool:
        lives = list(pool.map(judge, chosen))
    return [mutant for mutant, alive in zip(chosen, lives, strict=True) if alive and mutant.name not in allowed]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutate", description="Break the device's core on purpose; a test must notice."
    )
    parser.add_argument("--most", type=int, default=0, help="so many mutants, chosen by the seed (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only mutants whose file and change contain this")
    options = parser.parse_args()
    everything = [mutant for name in PURE for mutant in mutants(source_of(name)) if options.only in mutant.name]
    chosen = everything
    if options.most:
        chosen = random.Random(options.seed).sample(everything, min(options.most, len(everything)))
    print(f"{len(chosen)} of {len(everything)} mutants, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="congtac-mutate-") as folder:
        fields = [Field(Path(folder) / str(number)) for number in range(options.jobs)]
        if not fields[0]._tests_pass():
            print("the tests fail without any mutant", file=sys.stderr)
            return 2
        survivors = run(chosen, fields)
    print(f"{len(chosen) - len(survivors)} noticed or known, {len(survivors)} not")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
