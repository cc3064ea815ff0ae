"""docs/security.md says for each promise which test holds it, or why none does yet; the tests that it names are there."""

import ast

from tests.checklist import PAGE, ROOT, marks, named, sections, unlisted

TEXT = PAGE.read_text("utf-8")
SECTIONS = sections(TEXT)


def functions_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_promise_has_its_line():
    assert sorted(SECTIONS) == list(range(1, 33))


def test_every_promise_is_held_by_a_test_or_says_why_not_yet():
    assert [number for number, section in SECTIONS.items() if not named(section) and "Not yet:" not in section] == []


def test_every_test_that_is_named_is_there():
    missing = [
        (number, file, test)
        for number, section in SECTIONS.items()
        for file, test in sorted(named(section))
        if not (ROOT / file).exists() or (test and test not in functions_in(file))
    ]
    assert missing == []


def test_every_test_that_says_what_it_holds_is_listed_there():
    """Where this fails: `python -m tests.checklist`."""
    assert {number: left for number, files in marks().items() if (left := unlisted(SECTIONS[number], files))} == {}


def test_how_to_report_is_told_where_people_look_for_it():
    """Checklist 32."""
    policy = (ROOT / "SECURITY.md").read_text("utf-8")
    assert all(word in policy for word in ("## Report", "## Supported", "docs/security.md"))
    assert "docs/security.md" in (ROOT / "README.md").read_text("utf-8")
    assert "SECURITY.md" in (ROOT / "README.md").read_text("utf-8")
