"""What is wrong with a wiring file, in the words of the one who wrote it: channel, field, fault, and where possible a hint."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

MOST_TOLD: Final = 20
_KINDS: Final = ("output", "button", "contact")
_HINTS: Final = {
    "pin": "a GPIO by its BCM number, 0 to 27",
    "id": "1 to 32 of a-z, 0-9 and inner hyphens, as in 'may-bom'",
    "switches": "the id of an output",
    "active_high": "true: the relay is on while its pin is high; false: while it is low, as with most relay boards",
    "icon": "1 to 20 of a-z",
}


def in_words(error: ValidationError, raw: Mapping[str, Any], fields: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Each fault as one line. `fields`: the names that a table may hold, by the kind of the table, "" for the file itself."""
    found = error.errors(include_url=False)
    in_channels = any(len(fault["loc"]) > 1 and fault["loc"][0] == "channel" for fault in found)
    told = [_fault(fault, raw, fields) for fault in found if not (in_channels and fault["type"] == "too_short")]
    more = len(told) - MOST_TOLD
    return tuple(told[:MOST_TOLD]) + ((f"and {more} more",) if more > 0 else ())


def _fault(fault: Mapping[str, Any], raw: Mapping[str, Any], fields: Mapping[str, frozenset[str]]) -> str:
    match fault["loc"]:
        case ():
            return _what(fault, "")
        case ("channel",) if fault["type"] in {"missing", "too_short", "tuple_type"}:
            return "there is no [[channel]] table: each relay, button and contact needs one"
        case ("channel", int(index), *rest):
            kind = next((part for part in rest if part in _KINDS), "output")
            field = ".".join(str(part) for part in rest if part not in _KINDS)
            words = _what(fault, field) or _unknown(field, fields[kind])
            return f"channel {_name(raw, index)}" + (f", {_short(field)}" if field else "") + f": {words}"
        case (str(table), *rest) if rest:
            field = ".".join(map(str, rest))
            return f"{_short(table)}.{_short(field)}: {_what(fault, field) or _unknown(field, fields.get(table, frozenset()))}"
        case (table, *_):
            return f"{_short(str(table))}: {_what(fault, str(table)) or _unknown(str(table), fields[''])}"
        case _:
            return str(fault["msg"])


def _what(fault: Mapping[str, Any], field: str) -> str:
    """The fault itself; empty for a name that is not known."""
    match fault["type"]:
        case "extra_forbidden":
            return ""
        case "missing":
            return "is missing" + _hint(field)
        case "union_tag_not_found":
            return f"kind is missing: one of {', '.join(_KINDS)}"
        case "union_tag_invalid":
            return f"kind {_short(str(fault['ctx']['tag']))!r} is none of {', '.join(_KINDS)}"
        case "string_pattern_mismatch":
            return "is not right" + _hint(field)
        case _:
            return str(fault["msg"]).removeprefix("Value error, ") + _hint(field)


def _hint(field: str) -> str:
    return f" ({_HINTS[field]})" if field in _HINTS else ""


def _unknown(name: str, known: frozenset[str]) -> str:
    near = get_close_matches(name[:100], sorted(known), n=1)
    return "is not known" + (
        f": did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known))}" if known else ""
    )


def _name(raw: Mapping[str, Any], index: int) -> str:
    """A channel by its id, as far as it has one, else by its place in the file."""
    return "".join(_ids(raw, index)) or f"number {index + 1}"


def _ids(raw: Mapping[str, Any], index: int) -> Iterator[str]:
    match raw.get("channel"):
        case list(channels) if index < len(channels) and isinstance(channels[index], dict):
            if isinstance(given := channels[index].get("id"), str) and given:
                yield f"'{_short(given)}'"
        case _:
            pass


def _short(text: str) -> str:
    """Fit for one line, whatever the file holds."""
    printable = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return printable if len(printable) <= 60 else printable[:57] + "..."
