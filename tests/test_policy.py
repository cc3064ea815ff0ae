"""The tests' own policy, tried on small test files in a pytest of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFTEST = """
from tests import leaks
from tests.components import pytest_make_collect_report, pytest_runtest_makereport
from tests.leaks import no_leaks, watched_event_loops
leaks.GRACE_S = 0.5
"""
SETTINGS = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"


def outcome(folder: Path, tests: Mapping[str, str], ci: str = "") -> str:
    """What a pytest says that runs these tests, each in a file by its name."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text(SETTINGS)
    for name, text in tests.items():
        (folder / f"test_{name}.py").write_text(text)
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout


def counts(said: str) -> dict[str, int]:
    """The numbers of pytest's last line."""
    return {
        word.rstrip("s"): int(number)
        for number, word in re.findall(r"(\d+) ([a-z]+)", said.splitlines()[-1].partition(" in ")[0])
    }


SKIPS = {
    "missing_component": "from tests.components import require\ndef test_it():\n    require('no-such-program')\n",
    "skip_in_a_test": "import pytest\ndef test_it():\n    pytest.skip('not today')\n",
    "skip_by_mark": "import pytest\n@pytest.mark.skipif(True, reason='not here')\ndef test_it(): pass\n",
    "skip_in_a_fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no')\ndef test_it(f): pass\n",
}
SKIPPED_MODULE = {"skipped_module": "import pytest\npytest.skip('all of it', allow_module_level=True)\n"}


def test_a_skip_is_a_skip_at_home(tmp_path: Path):
    assert counts(outcome(tmp_path, SKIPS | SKIPPED_MODULE)) == {"skipped": 5}


def test_a_skip_is_a_failure_in_ci_and_says_what_to_install(tmp_path: Path):
    said = outcome(tmp_path, SKIPS, ci="true")
    numbers = counts(said)
    assert numbers.keys() == {"failed", "error"} or numbers == {"failed": 4}
    assert sum(numbers.values()) == 4
    assert "needs no-such-program: sudo apt install no-such-program" in said


def test_a_module_skipped_as_a_whole_is_a_failure_in_ci(tmp_path: Path):
    assert counts(outcome(tmp_path, SKIPPED_MODULE, ci="true")) == {"error": 1}


LEAKS = {
    "thread": """
import threading
def test_it():
    threading.Thread(target=threading.Event().wait, args=(3,), name="forgotten").start()
""",
    "child": """
import subprocess
kept = []
def test_it():
    kept.append(subprocess.Popen(["sleep", "3"]))
""",
    "socket": """
import socket
kept = []
def test_it():
    kept.append(socket.create_server(("127.0.0.1", 0)))
""",
    "task": """
import asyncio
async def test_it():
    global kept
    kept = asyncio.create_task(asyncio.Event().wait(), name="lost")
""",
}


def test_what_lives_on_after_a_test_fails_it(tmp_path: Path):
    said = outcome(tmp_path, LEAKS)
    assert counts(said) == {"passed": 4, "error": 4}
    for what in ("thread forgotten", "child process", "open socket", "task lost"):
        assert said.count(f"left behind: {what}") == 2, said  # in the report, and in the summary


TIDY = """
import asyncio, pytest, threading

async def test_a_loop_with_tasks_threads_children_and_sockets():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(int))
        child = await asyncio.create_subprocess_exec("true")
        await child.wait()
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        server.close()
        await server.wait_closed()

def test_a_thread_that_ends_soon_after():
    threading.Thread(target=threading.Event().wait, args=(0.1,)).start()

def test_a_loop_of_its_own():
    asyncio.run(asyncio.sleep(0))

@pytest.mark.xfail
def test_an_expected_failure():
    assert False
"""


def test_who_tidies_up_passes_and_an_expected_failure_is_no_skip(tmp_path: Path):
    assert counts(outcome(tmp_path, {"tidy": TIDY}, ci="true")) == {"passed": 3, "xfailed": 1}
