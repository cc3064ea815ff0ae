"""Scripts that belong together as one file. Pure.

Browsers speak HTTP/1.1 to a server without a proxy and fetch six files at a time, each for a whole way there and back: fourteen modules
were three such ways, half a second on 4G. So a page's module is also served with all that it imports, each still in a scope of its own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_IMPORT: Final = re.compile(
    r"^import (?:(?:\* as (\w+)|\{((?:\s*\w+\s*,)*\s*(?:\w+\s*)?)\}) from )?'\./([^']+)';\n", re.MULTILINE
)
_EXPORT: Final = re.compile(r"^export (?=(?:const|class|function|async function) (\w+))", re.MULTILINE)
_LEFT: Final = re.compile(r"^(import|export)\b.*", re.MULTILINE)


def entries(modules: Mapping[str, str]) -> list[str]:
    """Those that no other imports. `modules`: sources by name."""
    imported = {name for source in modules.values() for name in imports(source)}
    return sorted(set(modules) - imported)


def imports(source: str) -> list[str]:
    """The names of what a module imports, in order."""
    return [found[3] for found in _IMPORT.finditer(source)]


def joined(modules: Mapping[str, str], name: str) -> str:
    """One script of a module and all that it imports, each run once and after what it needs.

    Raises ValueError for modules that import each other, for a name that is not exported there, and for another form than ours: names
    in braces or `* as` from a file beside it; a constant, class or function. Raises KeyError for a module that is not there.
    """
    order = list(dict.fromkeys(_in_order(modules, name, ())))
    for each in order:
        _check(modules, each)
    return "\n".join(_scoped(modules[each], each) for each in order)


def _check(modules: Mapping[str, str], name: str) -> None:
    for found in _IMPORT.finditer(modules[name]):
        missing = set(re.findall(r"\w+", found[2] or "")) - set(_EXPORT.findall(modules[found[3]]))
        if missing:
            raise ValueError(f"{name}: {found[3]} does not export {', '.join(sorted(missing))}")


def _in_order(modules: Mapping[str, str], name: str, waiting: tuple[str, ...]) -> Iterator[str]:
    if name in waiting:
        raise ValueError(f"modules import each other: {' → '.join((*waiting, name))}")
    for each in imports(modules[name]):
        yield from _in_order(modules, each, (*waiting, name))
    yield name


def _scoped(source: str, name: str) -> str:
    exported = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    if left := _LEFT.search(body):
        raise ValueError(f"{name}: cannot be joined: {left[0]}")
    return f"const {_scope(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _taken(found: re.Match[str]) -> str:
    wanted = found[1] or (f"{{{found[2]}}}" if found[2] else "")
    return f"const {wanted} = {_scope(found[3])};\n" if wanted else ""


def _scope(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))
