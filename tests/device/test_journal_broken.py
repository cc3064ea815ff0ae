"""A journal that a worn card has changed, or that is none, is set aside, and a new one begins."""

import os
import re
import sqlite3
from pathlib import Path

import pytest

from device.errors import JournalError
from device.memory import Memory
from tests.device.journals import EARLIER, TOKEN, WRITES, opened, remembered, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """Open it, see that a new journal begins and that this is told loudly; where the old one went."""
    memory, records = remembered(path)
    assert (memory, records) == (Memory(journal=TOKEN), [])
    (told,) = [record for record in caplog.records if record.levelname == "CRITICAL"]
    aside = path.with_name(path.name + ".broken-1")
    assert str(aside) in told.message
    assert str(path) in told.message
    return aside


def test_a_file_that_is_no_journal_is_set_aside_and_a_new_journal_begins(path: Path, caplog: pytest.LogCaptureFixture):
    path.write_bytes(b"once upon a time" * 1_000)
    assert is_set_aside(path, caplog).read_bytes() == b"once upon a time" * 1_000


def test_a_folder_in_its_place_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture):
    path.mkdir()
    assert is_set_aside(path, caplog).is_dir()


def test_a_worn_card_does_not_keep_the_journal_from_opening(path: Path, caplog: pytest.LogCaptureFixture):
    written(path, WRITES["much at once"])
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4_096):
        content[page * 4_096 : page * 4_096 + 512] = os.urandom(512)
    path.write_bytes(content)
    is_set_aside(path, caplog)


ALTERATIONS = {
    "a table is missing": "DROP TABLE intents",
    "a table has other columns": "DROP TABLE answered; CREATE TABLE answered (what TEXT)",
    "a number is none": "UPDATE meta SET value = 'x' WHERE key = 'last_seq'",
    "an output is no JSON": "UPDATE outputs SET body = '{'",
    "an output has other fields": 'UPDATE outputs SET body = \'{"on": true, "cause": null, "more": 1}\'',
    "an output has an unheard cause": 'UPDATE outputs SET body = \'{"cause": "magic"}\'',
    "text that is none": "UPDATE outputs SET channel = CAST(x'ff' AS TEXT) WHERE channel = 'den'",
    "a record has an unheard topic": "UPDATE records SET topic = 'EVEN\\' WHERE seq = 1",
    "a record has a topic that is never journaled": "UPDATE records SET topic = 'STATE' WHERE seq = 1",
    "a record is text": "UPDATE records SET body = 'x' WHERE seq = 1",
    "its name is none": "UPDATE meta SET value = 'p0000000000000aa' WHERE key = 'journal'",
    "an intent of no command": "UPDATE intents SET command = CAST(command AS BLOB)",
    "an intent for no channel": "UPDATE intents SET channel = 'd/n'",
    "an actor who cannot be told": "UPDATE outputs SET body = replace(body, 'Minh', 'Minh' || char(127)) WHERE channel = 'may-bom'",
    "another layout": "PRAGMA user_version = 99",
}


@pytest.mark.parametrize("statement", ALTERATIONS.values(), ids=ALTERATIONS)
def test_a_journal_that_another_program_wrote_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture, statement: str):
    written(path, EARLIER)
    with sqlite3.connect(path) as stranger:
        stranger.executescript(statement)
    stranger.close()
    is_set_aside(path, caplog)


def test_a_record_that_becomes_unreadable_while_the_journal_is_open_is_a_journal_error(path: Path):
    journal = opened(written(path, EARLIER))
    journal._db.execute("UPDATE records SET topic = 'EVEN\\' WHERE seq = 1")
    with pytest.raises(JournalError, match=re.escape(str(path)) + ".*did not write"):
        journal.records_after(0, 10)
    assert [number for number, _topic, _body in journal.records_after(1, 10)] == [2]
    journal.close()


def test_a_journal_whose_tables_are_in_letters_that_are_none_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture):
    content = written(path, EARLIER).read_bytes()
    assert content.count(b"CREATE TABLE answered") == 1
    path.write_bytes(content.replace(b"CREATE TABLE answered", b"CREATE T\xc1BLE answered"))
    is_set_aside(path, caplog)


def test_every_broken_journal_is_kept_up_to_a_number(path: Path):
    for number in range(1, 8):
        path.write_text(f"broken {number}")
        remembered(path)
    kept = {file.name: file.read_text() for file in path.parent.glob("*.broken-?")}
    assert kept == {f"journal.db.broken-{number}": f"broken {number if number < 5 else 7}" for number in range(1, 6)}
