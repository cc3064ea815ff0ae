"""docs/wire.md says what the program does."""

import re
from pathlib import Path

import pytest

from protocol.messages import MESSAGES, ChannelAbout, ChannelState, Measurement, Message
from protocol.topics import Topic

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def section(title: str) -> str:
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    return [cells(line) for line in section(title).splitlines() if line.startswith("| `")]


def test_the_table_of_topics_is_the_programs():
    told = [(row[0], row[1].split(",")[0], row[2], row[3], row[4]) for row in rows("Topics")]
    assert told == [
        (
            f"`{topic.path}`",
            "device" if topic.path.startswith("up/") else "server",
            "yes" if topic.retained else "no",
            f"{topic.limit_bytes:,} bytes",
            MESSAGES[topic].__name__,
        )
        for topic in Topic
    ]


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=lambda kind: kind.__name__)
def test_the_table_of_a_message_names_each_of_its_fields(kind: type[Message]):
    told = [name for row in rows(kind.__name__) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(told) == sorted(kind.model_fields.keys() - {"v"})


@pytest.mark.parametrize(
    ("title", "part"),
    [("About", ChannelAbout), ("State", ChannelState), ("Reading", Measurement)],
    ids=["About", "State", "Reading"],
)
def test_the_parts_of_a_message_are_named(title: str, part: type[ChannelAbout | ChannelState | Measurement]):
    assert set(part.model_fields) <= set(re.findall(r"`(\w+)`", section(title)))
