"""docs/api.md tells the API as it is: every route and nothing else, every field that can be asked and answered."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from protocol.messages import LONGEST_LEASE_S
from server.app import create_app
from server.commands.record import Fate
from server.commands.schemas import WishIn
from server.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### ([A-Z]+ /\S+)\n(.*?)(?=^##|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return create_app(Settings()).openapi()


@pytest.fixture(scope="module")
def operations(schema) -> dict[str, dict[str, Any]]:
    return {f"{method.upper()} {path}": it for path, methods in schema["paths"].items() for method, it in methods.items()}


def examples(section: str) -> list[Any]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL)]


def test_every_route_is_told_and_no_other(operations):
    assert sorted(SECTIONS) == sorted(operations)


def test_every_question_is_told(operations):
    missing = [
        f"{name}: {parameter['name']}"
        for name, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and f"`{parameter['name']}`" not in SECTIONS[name]
    ]
    assert missing == []


def test_every_field_of_a_wish_is_told():
    section = SECTIONS["POST /api/v1/devices/{device_id}/channels/{channel}/commands"]
    assert set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)) >= WishIn.model_fields.keys()
    WishIn.model_validate(examples(section)[0])
    assert LONGEST_LEASE_S == 7 * 86_400, "the page says: at most a week"


def test_every_fate_is_told():
    section = SECTIONS["POST /api/v1/devices/{device_id}/channels/{channel}/commands"]
    told = re.search(r"\| `fate` .*?(?=\n\n)", section, flags=re.DOTALL)
    assert told
    assert re.findall(r"^\| `(\w+)` \|", told[0], flags=re.MULTILINE)[1:] == [str(fate) for fate in Fate]


def keys_in(schema: dict[str, Any], shape: dict[str, Any]) -> Any:
    """The fields of a schema, through references and lists, as nested dicts of names."""
    if "$ref" in shape:
        return keys_in(schema, schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]])
    if shape.get("type") == "array":
        return [keys_in(schema, shape["items"])]
    if "properties" in shape:
        return {name: keys_in(schema, inner) for name, inner in shape["properties"].items()}
    return None


def fits(example: Any, shape: Any) -> bool:
    """Whether an example has all fields of a shape, and no other."""
    match shape:
        case dict():
            return example.keys() == shape.keys() and all(fits(example[name], shape[name]) for name in shape)
        case [inner]:
            return isinstance(example, list) and all(fits(item, inner) for item in example)
        case _:
            return True


def test_each_example_of_an_answer_has_its_fields_and_no_other(schema, operations):
    checked = 0
    for name, operation in operations.items():
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        shape = keys_in(schema, answer)
        if shape and examples(SECTIONS[name]):
            assert fits(examples(SECTIONS[name])[-1], shape), name
            checked += 1
    assert checked >= 4


def test_an_example_with_another_field_is_noticed():
    assert fits({"a": [{"b": 1}]}, {"a": [{"b": None}]})
    assert not fits({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": None}]})
    assert not fits({}, {"a": None})


def test_every_code_of_a_problem_is_told():
    """What the server's sources raise with a literal code stands in the table, but for what only pages see."""
    server = Path(__file__).parents[3] / "server"
    raised = {
        code for path in server.rglob("*.py") for code in re.findall(r'Problem\(\s*\d{3},\s*"(\w+)"', path.read_text("utf-8"))
    }
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert raised - told <= {
        "link_refused",
        "internal",
        "slug_taken",
        "try_again",
        "push_refused",
        "too_many_ways",
        "unknown_way",
    }
