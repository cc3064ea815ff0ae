"""What the tests need of the machine, and the policy: on one's own machine a missing part is a skip, in CI it is a failure."""

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

NOT_SKIPPED_IN_CI = "skipped, and CI skips nothing"


def in_ci() -> bool:
    """Whether this is a run that must prove everything: CI is set, and to neither 0 nor false."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def require(component: str) -> str:
    """The path of a program that a test needs. Without it the test is skipped with a reason; in CI it fails."""
    found = _FINDERS.get(component, shutil.which)(component)
    if found is None:
        reason = f"needs {component}: {_INSTALL.get(component, f'sudo apt install {component}')}"
        if in_ci():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


def _mosquitto(_: str) -> str | None:
    return (
        os.environ.get("CONGTAC_MOSQUITTO")
        or shutil.which("mosquitto")
        or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    )


def _whole_chromium(_: str) -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _chromium(_: str) -> str | None:
    """Its headless shell, where there is one: the same engine without a window's parts, for half of the processor's time."""
    return shutil.which("chromium-headless-shell") or _whole_chromium(_)


def _postgres(program: str) -> str | None:
    """PostgreSQL's server programs stand in a folder by version, outside PATH; the newest is taken."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    return next(filter(None, (shutil.which(program, path=folder) for folder in folders)), None) or shutil.which(program)


_FINDERS: dict[str, Callable[[str], str | None]] = {
    "mosquitto": _mosquitto,
    "chromium": _chromium,
    "whole chromium": _whole_chromium,
    "postgres": _postgres,
    "initdb": _postgres,
}
_INSTALL = {
    "whole chromium": "sudo apt install chromium",
    "postgres": "sudo apt install postgresql",
    "initdb": "sudo apt install postgresql",
    "setpriv": "sudo apt install util-linux",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and in_ci():
        report.outcome, report.longrepr = "failed", f"{report.nodeid}: {NOT_SKIPPED_IN_CI}: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a skipped module has failed."""
    report = yield
    if report.skipped and in_ci():
        report.outcome, report.longrepr = "failed", f"{report.nodeid}: {NOT_SKIPPED_IN_CI}: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
