"""The mark beside the journal says what it said last, and is no reason for anything to fail."""

import os
from pathlib import Path

import pytest

from device.stale_mark import StaleMark


def again(path: Path) -> bool:
    mark = StaleMark(path)
    mark.close()
    return mark.is_set


def test_it_is_not_set_before_it_was_and_stays_set_until_it_is_taken_back(tmp_path: Path):
    path = tmp_path / "mark"
    assert not again(path)
    for stale in (True, True, False, False, True):
        mark = StaleMark(path)
        mark.set(stale)
        mark.close()
        assert mark.is_set is again(path) is stale


def test_it_is_changed_in_place(tmp_path: Path):
    path = tmp_path / "mark"
    mark = StaleMark(path)
    size, inode = path.stat().st_size, path.stat().st_ino
    mark.set(True)
    mark.close()
    assert (path.stat().st_size, path.stat().st_ino) == (size, inode) == (1, inode)


def test_where_there_can_be_none_the_log_says_so_and_nothing_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    mark = StaleMark(tmp_path / "missing" / "mark")
    mark.set(True)
    mark.close()
    assert "No such file" in caplog.text


def test_one_whose_taking_back_failed_halfway_can_be_set_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "mark"
    mark = StaleMark(path)
    mark.set(True)
    with monkeypatch.context() as failing:
        failing.setattr(os, "fdatasync", lambda _file: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        mark.set(False)
    assert (path.read_bytes(), mark.is_set) == (b"0", True)
    mark.set(True)
    mark.close()
    assert again(path)


def test_one_that_cannot_be_changed_is_tried_again_the_next_time(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "mark"
    mark = StaleMark(path)
    writable = mark._file
    mark._file = os.open(path, os.O_RDONLY)
    mark.set(True)
    assert mark.is_set, "it counts as long as this program runs"
    assert not again(path)
    assert "Bad file descriptor" in caplog.text
    os.close(mark._file)
    mark._file = writable
    mark.set(True)
    mark.close()
    assert again(path)
