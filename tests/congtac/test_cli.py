"""The `congtac` command: finds the part, tells errors in one line, and its exit code says how it went."""

import gc
import subprocess
import sys
from collections.abc import Sequence

import pytest

from congtac import __version__, cli


def _raising(error: BaseException) -> cli.Command:
    def fail(_rest: Sequence[str]) -> int:
        raise error

    module = type(sys)("tests.congtac.made_up")
    module.__dict__["fail"] = fail
    sys.modules[module.__name__] = module
    return cli.Command(module.__name__, "fail", "server", "fails")


def test_without_a_command_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == cli.USAGE
    told = capsys.readouterr().err
    assert all(name in told for name in cli.COMMANDS)


@pytest.mark.parametrize("arguments", [["fly"], ["--fly"], ["admin"], ["admin", "fly"], ["server", "--port", "x"]])
def test_what_is_not_understood_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == cli.USAGE
    assert "usage:" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"congtac {__version__}\n")


def test_an_error_is_one_line_and_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONGTAC_PROT", "80")
    assert cli.main(["server"]) == cli.FAILURE
    told = capsys.readouterr().err
    assert told.startswith("congtac: CONGTAC_PROT: there is no such setting; did you mean CONGTAC_PORT")
    assert told.count("\n") == 1


def test_a_server_without_a_secret_does_not_start_and_says_where_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Checklist 31."""
    assert cli.main(["server"]) == cli.FAILURE
    told = capsys.readouterr().err
    assert told.startswith("congtac: broker_secret is missing: `congtac admin broker-files FOLDER` makes one")
    assert told.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--debug", "server"], ["server", "--debug"]])
def test_debug_shows_the_traceback(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONGTAC_PROT", "80")
    assert cli.main(arguments) == cli.FAILURE
    assert "Traceback" in capsys.readouterr().err


def test_an_error_that_nobody_foresaw_says_where_to_find_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = ExceptionGroup("unhandled errors in a TaskGroup", [KeyError("a\nb")])
    monkeypatch.setitem(cli.COMMANDS, "server", _raising(bug))
    assert cli.main(["server"]) == cli.FAILURE
    assert capsys.readouterr().err == "congtac: KeyError: 'a\\nb' (--debug shows where)\n"


def test_an_interrupt_is_no_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(cli.COMMANDS, "server", _raising(KeyboardInterrupt()))
    assert (cli.main(["server"]), capsys.readouterr().err) == (cli.INTERRUPTED, "")


def test_a_missing_library_names_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.COMMANDS, "server", cli.Command("library_that_is_nowhere", "main", "server", ""))
    assert cli.main(["server"]) == cli.FAILURE
    assert capsys.readouterr().err == "congtac: library_that_is_nowhere is not installed. Run: pip install 'congtac[server]'\n"


def test_help_loads_none_of_the_server() -> None:
    code = "import sys; from congtac import cli; cli.main([]); sys.exit('fastapi' in sys.modules or 'server' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.DEVNULL, timeout=30).returncode == 0


@pytest.mark.parametrize("fails", [False, True])
def test_garbage_is_looked_for_before_and_after_a_part_is_loaded_and_not_meanwhile(
    fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for = []

    def load(_name: str) -> object:
        looked_for.append(gc.isenabled())
        if fails:
            raise ModuleNotFoundError(name="fastapi")
        return sys.modules[_raising(KeyboardInterrupt()).module]

    monkeypatch.setattr(cli, "import_module", load)
    monkeypatch.setattr(cli, "COMMANDS", {"server": _raising(KeyboardInterrupt())})
    assert cli.main(["server"]) == (cli.FAILURE if fails else cli.INTERRUPTED)
    assert (looked_for, gc.isenabled()) == ([False], True)
