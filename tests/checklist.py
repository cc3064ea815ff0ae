"""Which tests hold which line of docs/security.md: those whose docstring says `Checklist N.`, as the page lists them.

`python -m tests.checklist` writes the missing ones into the page.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
MARK = re.compile(r"Checklist (\d+)\.")
SECTION = re.compile(r"^### (\d+)\. (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(tests/[\w/]+(?:\.py|/))(?:::(\w+))?`")
HELD_BY = re.compile(r"^Held by: (.*?)\n\n", re.MULTILINE | re.DOTALL)


def marks() -> dict[int, set[str]]:
    """The files of tests by the line that they say they hold."""
    found: dict[int, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for docstring in _docstrings(ast.parse(path.read_text("utf-8"))):
            for number in MARK.findall(docstring):
                found.setdefault(int(number), set()).add(str(path.relative_to(ROOT)))
    return found


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def sections(page: str) -> dict[int, str]:
    """The page's numbered lines with all that stands below each."""
    return {int(number): f"{title}\n{body}" for number, title, body in SECTION.findall(page)}


def named(section: str) -> set[tuple[str, str]]:
    """(file, test) of each test that a section names; the test is empty where the whole file is meant, or a whole folder."""
    return set(NAMED.findall(section))


def unlisted(section: str, files: set[str]) -> list[str]:
    """Those of the files that the section names neither by themselves nor by their folder."""
    listed = tuple(file for file, _ in named(section))
    return sorted(
        file for file in files if not any(file == name or (name.endswith("/") and file.startswith(name)) for name in listed)
    )


def with_marks(page: str) -> str:
    """The page with every marked file in its section."""
    for number, files in marks().items():
        section = next(found for found in SECTION.finditer(page) if found[1] == str(number))
        missing = unlisted(section[0], files)
        if missing:
            page = page.replace(section[0], _and_also(section[0], missing))
    return page


def _and_also(section: str, files: list[str]) -> str:
    also = ", ".join(f"`{file}`" for file in files)
    held = HELD_BY.search(section)
    if held is None:
        return f"{section.rstrip()}\n\nHeld by: {also}\n\n"
    return section.replace(held[0], f"Held by: {held[1]}, {also}\n\n")


if __name__ == "__main__":
    PAGE.write_text(with_marks(PAGE.read_text("utf-8")), "utf-8")
