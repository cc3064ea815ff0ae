"""`congtac admin audit`, and what other `congtac admin` tasks leave behind."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from server.audit.key import Head
from server.cli import admin_main
from server.opening import StartError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A database with Lan in it, for whom three links were made."""
    monkeypatch.setenv("CONGTAC_DATA_DIR", str(tmp_path))
    admin_main(["migrate"])
    change(tmp_path, "INSERT INTO person (id, name, created_ms) VALUES ('lan', 'Lan', 0)")
    for _ in range(3):
        admin_main(["sign-in-link", "--name", "Lan"])
    capsys.readouterr()
    return tmp_path


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "congtac.db")) as database, database:
        database.execute(statement)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = admin_main(["audit", *arguments])
    return code, capsys.readouterr().out


def test_what_an_operator_does_is_recorded_without_its_secret(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Checklist 26."""
    admin_main(["sign-in-link", "--name", "Lan"])
    token = capsys.readouterr().out.strip().rpartition("/")[2]
    _, listed = said(capsys, "list", "--json")
    rows = json.loads(listed)
    assert [(row["actor"], row["what"], row["status"], row["facts"]) for row in rows] == [
        ("admin:cli", "admin sign-in-link", 200, {"person_id": "lan"})
    ] * 4
    assert token not in (folder / "congtac.db").read_bytes().decode("latin1")


@pytest.mark.usefixtures("folder")
def test_what_an_operator_was_refused_is_recorded_too(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(StartError):
        admin_main(["sign-in-link", "--name", "Nobody"])
    _, listed = said(capsys, "list", "--rows", "1")
    assert listed.strip().split("  ")[2:] == ["admin:cli", "-", "admin sign-in-link", "422 refused"]


@pytest.mark.usefixtures("folder")
def test_a_trail_that_nobody_touched_is_said_to_fit_and_its_end_can_be_noted_elsewhere(capsys: pytest.CaptureFixture[str]):
    code, text = said(capsys, "verify")
    end = text.split()[-1]
    assert (code, text) == (0, f"3 rows, all as they were written.\nThe end, to note elsewhere: {end}\n")
    admin_main(["sign-in-link", "--name", "Lan"])
    capsys.readouterr()
    assert said(capsys, "verify", "--head", end)[0] == 0
    code, text = said(capsys, "verify", "--head", f"3:{'0' * 64}")
    assert (code, text) == (1, "row 3 was altered\n")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET actor = 'user:minh' WHERE seq = 2", "row 2 was altered"),
        ("DELETE FROM audit WHERE seq = 2", "row 2 was removed"),
        ("DELETE FROM audit WHERE seq = 1", "row 1 was removed"),
        ("DELETE FROM audit WHERE seq = 3", "row 3 was removed from the end"),
        ("DELETE FROM audit", "rows 1 to 3 were removed from the end"),
        ("UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq > 1", "rows 2 to 3 were altered"),
    ],
)
def test_a_row_that_was_altered_removed_or_moved_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], statement: str, fault: str
):
    """Checklist 26."""
    change(folder, statement)
    change(folder, "UPDATE audit SET seq = -seq WHERE seq < 0")
    assert said(capsys, "verify") == (1, f"{fault}\n")
    code, document = said(capsys, "verify", "--json")
    assert (code, json.loads(document)["ok"]) == (1, False)


@pytest.mark.parametrize("text", ["5", "x:abc", f"5:{'0' * 63}"])
@pytest.mark.usefixtures("folder")
def test_an_end_that_cannot_be_read_is_told(text: str):
    with pytest.raises(StartError, match="is not N:HASH"):
        admin_main(["audit", "verify", "--head", text])


def test_a_noted_end_that_cannot_be_read_is_told(folder: Path):
    (folder / "audit.head").write_text("what is this")
    with pytest.raises(StartError, match=r"audit.head holds something else"):
        admin_main(["audit", "verify"])


def test_a_trail_that_cannot_be_written_stops_no_operator_and_the_gap_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Head, "write", fail)
    assert admin_main(["sign-in-link", "--name", "Lan"]) == 0
    assert "/sign-in/" in capsys.readouterr().out
    assert "the audit trail has a gap" in caplog.text
    assert (folder / "audit.head").read_text().startswith("3 ")
