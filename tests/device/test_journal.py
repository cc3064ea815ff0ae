"""What the journal remembers, and that a write is on the card whole or not at all, whatever happens at any of its steps."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import JournalError, JournalInUse
from device.journal import MOST_RECORDS, Journal, doubt_outputs
from device.memory import Answered, Intent, Memory, Write
from device.rules import Output
from protocol.codec import encode
from protocol.ids import new_token
from protocol.topics import Topic
from tests.device.child import die, in_child
from tests.device.journals import AT_MS, EARLIER, PUMP_ON, TOKEN, WRITES, command_id, event, opened, receipt, remembered, written

ROOT = Path(__file__).parents[2]
POINTS = ("begin", "records", "outputs", "commit", "committed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_a_new_journal_knows_nothing_but_its_name(path: Path):
    assert remembered(path) == (Memory(journal=TOKEN), [])


def test_it_can_be_asked_for_its_name(path: Path):
    with closing(opened(path)) as journal:
        assert journal.name == TOKEN
        journal.begin(OTHER, 0)
        assert journal.name == OTHER


def test_nothing_of_the_outputs_counts_once_they_were_driven_without_being_written_down(path: Path):
    written(path, EARLIER)
    doubt_outputs(path)
    with closing(opened(path)) as journal:
        assert journal.load().outputs == {channel: Output() for channel in EARLIER.outputs}


def test_its_name_stays(path: Path):
    Journal(path, new_token).close()
    first = remembered(path)[0].journal
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert remembered(path)[0].journal == first


def test_what_was_written_is_remembered(path: Path):
    memory, records = remembered(written(path, EARLIER))
    assert memory == Memory(
        journal=TOKEN,
        last_seq=2,
        first_seq=1,
        boot_id="first",
        outputs=dict(EARLIER.outputs),
        intents=(Intent(command_id(5), AT_MS, "den", on=True),),
        commands=dict(EARLIER.answered),
        link_lost=1_234,
    )
    assert records == [(1, Topic.EVENT, encode(event(1))), (2, Topic.RECEIPT, encode(receipt(2)))]


def test_a_later_write_replaces_settles_and_forgets(path: Path):
    memory, _records = remembered(written(path, EARLIER, WRITES["an answer"], WRITES["a start"], WRITES["forgetting"]))
    assert memory.outputs == {"may-bom": Output(on=False), "den": PUMP_ON}
    assert memory.intents == ()
    assert memory.boot_id == "second"
    assert memory.link_lost is None
    assert memory.commands == {command_id(2): Answered(AT_MS, 2), command_id(5): Answered(AT_MS, 4)}


def test_what_the_server_has_is_let_go_and_the_numbers_go_on(path: Path):
    journal = opened(path)
    journal.write(EARLIER)
    journal.drop_until(1)
    assert [number for number, _topic, _body in journal.records_after(0, 10)] == [2]
    journal.drop_until(2)
    journal.close()
    memory, records = remembered(path)
    assert (memory.first_seq, memory.last_seq, records) == (3, 2, [])


def test_from_where_on_nothing_was_told_is_remembered_until_it_may_be(path: Path):
    written(path, EARLIER, Write(untold_after=1), Write(records=(event(3),)))
    assert remembered(path)[0].untold_after == 1
    journal = opened(path)
    assert journal.is_untold()
    journal.drop_until(1)
    assert not journal.is_untold()
    journal.close()
    assert remembered(path)[0].untold_after is None


OTHER = "00000000000000bb"


def begun_anew(path: Path) -> tuple[Memory, list[tuple[int, Topic, bytes]]]:
    """What is remembered once another journal has begun after the first record."""
    journal = opened(path)
    journal.begin(OTHER, 1)
    journal.close()
    return remembered(path)


def test_another_journal_keeps_what_follows_under_its_own_name_and_all_else_as_it_was(path: Path):
    before = remembered(written(path, EARLIER, WRITES["a start"]))[0]
    memory, records = begun_anew(path)
    assert memory == replace(before, journal=OTHER, first_seq=2)
    ours = {"journal": OTHER}
    assert records == [
        (2, Topic.RECEIPT, encode(receipt(2).model_copy(update=ours))),
        (3, Topic.EVENT, encode(event(3).model_copy(update=ours))),
    ]


def test_another_journal_keeps_words_of_any_language(path: Path):
    said = event(2).model_copy(update={"actor": 'Nguyễn "Ba" Ộ'})
    written(path, Write(records=(event(1), said)))
    assert begun_anew(path)[1] == [(2, Topic.EVENT, encode(said.model_copy(update={"journal": OTHER})))]


def test_a_record_that_a_worn_card_has_changed_does_not_keep_another_journal_from_beginning(path: Path):
    written(path, EARLIER, WRITES["a start"])
    with closing(sqlite3.connect(path)) as stranger, stranger:
        stranger.execute("UPDATE records SET body = CAST('{' AS BLOB) WHERE seq = 2")
    memory, records = begun_anew(path)
    assert memory.journal == OTHER
    assert [body for _, _, body in records] == [b"{", encode(event(3).model_copy(update={"journal": OTHER}))]


def test_records_are_read_in_order_and_in_parts(path: Path):
    journal = opened(written(path, WRITES["much at once"]))
    assert [number for number, _topic, _body in journal.records_after(10, 3)] == [11, 12, 13]
    journal.close()


def test_the_oldest_records_give_way_when_the_server_never_comes(path: Path):
    journal = opened(path)
    journal.write(Write(records=(event(1), event(2))))
    journal.write(Write(records=(event(MOST_RECORDS + 1),)))
    assert [number for number, _topic, _body in journal.records_after(0, 10)] == [2, MOST_RECORDS + 1]
    journal.close()


def test_a_write_that_is_done_again_because_its_success_was_not_known_does_no_harm(path: Path):
    assert remembered(written(path, EARLIER, EARLIER)) == remembered(path)


def test_each_write_is_on_the_card_before_it_returns(path: Path):
    journal = opened(path)
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.close()


# ---- killed


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_step_leaves_the_write_whole_or_absent(path: Path, kind: str, point: str):
    written(path, EARLIER)
    before = remembered(path)
    shutil.copytree(path.parent, path.parent / "copy")
    after = remembered(written(path.parent / "copy" / path.name, WRITES[kind]))

    def killed() -> None:
        opened(path, lambda name: die() if name == point else None).write(WRITES[kind])

    assert in_child(killed) == -signal.SIGKILL
    assert remembered(path) == (after if point == "committed" else before)


@pytest.mark.parametrize("point", ["begin", "commit", "committed"])
def test_a_kill_while_records_are_let_go_leaves_all_or_none(path: Path, point: str):
    written(path, EARLIER)

    def killed() -> None:
        opened(path, lambda name: die() if name == point else None).drop_until(1)

    assert in_child(killed) == -signal.SIGKILL
    assert len(remembered(path)[1]) == (1 if point == "committed" else 2)


@pytest.mark.parametrize("point", ["begin", "records", "outputs", "commit", "committed"])
def test_a_kill_while_another_journal_begins_leaves_the_one_or_the_other(path: Path, point: str):
    before = remembered(written(path, EARLIER))
    shutil.copytree(path.parent, path.parent / "copy")
    after = begun_anew(path.parent / "copy" / path.name)

    def killed() -> None:
        opened(path, lambda name: die() if name == point else None).begin(OTHER, 1)

    assert in_child(killed) == -signal.SIGKILL
    assert remembered(path) == (after if point == "committed" else before)


def test_a_kill_in_the_middle_of_the_first_start_leaves_a_journal_that_opens(path: Path):
    for size in range(0, 40_960, 1_024):
        torn = path.with_name(f"torn-{size}.db")
        written(path, EARLIER)
        torn.write_bytes(path.read_bytes()[:size])
        assert remembered(torn)[0].journal == TOKEN


# ---- full


def test_a_full_card_is_told_and_what_was_written_stays_readable_and_later_it_works_again(path: Path):
    journal = opened(written(path, EARLIER))
    before = journal.load()
    records = journal.records_after(0, 10)
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match=re.escape(str(path)) + ".*full"):
        journal.write(WRITES["much at once"])
    assert journal.load() == replace(before, outputs={channel: Output() for channel in before.outputs})
    assert journal.records_after(0, 10) == records
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.write(WRITES["an answer"])
    assert journal.load().last_seq == 4
    journal.close()


def test_nothing_of_the_outputs_counts_after_a_write_that_failed_until_one_went_through(path: Path):
    journal = opened(written(path, EARLIER))
    before = journal.load().outputs
    journal._db.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalError):
        journal.write(WRITES["an answer"])
    journal.close()
    journal = opened(path)
    assert journal.load().outputs == {channel: Output() for channel in before}
    journal.write(Write())
    journal.close()
    with closing(opened(path)) as journal:
        assert journal.load().outputs == before


def test_a_card_that_takes_no_more_bytes_is_told_and_later_it_works_again(path: Path):
    written(path, EARLIER)

    def limited() -> None:
        journal = opened(path)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
        with pytest.raises(JournalError):
            journal.write(WRITES["much at once"])
        assert journal.load().last_seq == 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        journal.write(WRITES["an answer"])
        assert journal.load().last_seq == 4
        journal.close()

    assert in_child(limited) == 0
    assert remembered(path)[0].last_seq == 4


# ---- not permitted


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, as pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def without_rights(act: Callable[[], object]) -> int:
    """Do it as nobody, if this is root, for whom nothing is forbidden."""

    def limited() -> None:
        if os.geteuid() == 0:
            os.setuid(65_534)
        act()

    return in_child(limited)


@pytest.mark.parametrize("is_there", [True, False], ids=["a journal", "nothing"])
def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_set_aside(open_folder: Path, is_there: bool):
    path = open_folder / "journal.db"
    if is_there:
        written(path, EARLIER)
    open_folder.chmod(0o555)
    before = sorted(open_folder.iterdir())

    def refused() -> None:
        with pytest.raises(JournalError, match=re.escape(str(path))) as told:
            opened(path)
        assert not isinstance(told.value, JournalInUse)

    assert without_rights(refused) == 0
    assert sorted(open_folder.iterdir()) == before


def test_a_missing_folder_is_told(path: Path):
    with pytest.raises(JournalError, match="No such file"):
        opened(path.parent / "nowhere" / "journal.db")


# ---- two


def test_a_second_agent_on_the_same_journal_is_refused(path: Path):
    first = opened(path)
    with pytest.raises(JournalInUse, match="another agent is running"):
        opened(path)

    # not a fork: that would have the first one's lock as well
    script = f"from pathlib import Path; from tests.device.journals import opened; opened(Path({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert "JournalInUse: another agent is running" in done.stderr
    first.write(EARLIER)
    first.close()
    assert remembered(path)[0].last_seq == 2


def test_a_killed_agent_does_not_keep_the_next_from_starting(path: Path):
    assert in_child(lambda: (opened(path), die())) == -signal.SIGKILL
    opened(path).close()
