"""Which module imports what: read from the source, without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Import:
    """One name that a source asks for, as `server.db.engine`; `lazy` when a function asks, not the module."""

    name: str
    line: int
    lazy: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def imports(source: str, module: str) -> list[Import]:
    """All imports of a source in order. `module` is its dotted name (a package's ends in `__init__`), for relative ones."""
    return list(_walk(ast.parse(source), module, lazy=False))


def _walk(node: ast.AST, module: str, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inner = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from (Import(name, getattr(child, "lineno", 0), inner) for name in _names(child, module))
        yield from _walk(child, module, lazy=inner)


def _names(node: ast.AST, module: str) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(origin, names, level):
            start = module.split(".")[: -(level or 0)] if level else []
            base = ".".join([*start, *([origin] if origin else [])])
            return [f"{base}.{alias.name}" for alias in names]
        case ast.Call(
            ast.Attribute(ast.Name("importlib"), "import_module") | ast.Name("import_module" | "__import__"),
            [ast.Constant(str(name)), *_],
        ):
            return [name]
        case _:
            return []
