"""`congtac[device]` on a Raspberry Pi: what is locked for it, and nothing of the server."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVERS_OWN = ("fastapi", "starlette", "sqlalchemy", "sqlmodel", "uvicorn", "jinja2", "alembic", "asyncpg")


@pytest.fixture(scope="module")
def device_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that has requirements/device.txt and the wheel of this tree."""
    folder = tmp_path_factory.mktemp("device")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "device.txt")
    (wheel,) = folder.glob("congtac-*.whl")
    run(*install, "--no-deps", wheel)
    return python


def run(*words: str | Path, cwd: Path | str = "/") -> subprocess.CompletedProcess[str]:
    """The root as working folder, so that nothing is imported from the source tree."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{words[0]} … {words[-1]}: {done.stdout}{done.stderr}"
    return done


def test_the_agent_starts_without_the_server_and_without_its_packages(device_python: Path):
    run(device_python, "-c", "import device, protocol, protocol.messages, protocol.signing")
    if (ROOT / "device" / "cli.py").exists():
        assert "usage" in run(device_python.with_name("congtac-agent"), "--help").stdout.lower()
    found = f"import importlib.util as u; print([n for n in {SERVERS_OWN!r} if u.find_spec(n)])"
    assert run(device_python, "-c", found).stdout.strip() == "[]"


def test_every_module_of_the_device_can_be_imported_there(device_python: Path, tmp_path: Path):
    modules = sorted(
        path.relative_to(ROOT).with_suffix("") for part in ("device", "protocol") for path in (ROOT / part).rglob("*.py")
    )
    names = [".".join(module.parts).removesuffix(".__init__") for module in modules if module.name != "__main__"]
    script = f"import importlib\nfor name in {names!r}: importlib.import_module(name)"
    run(device_python, "-c", script, cwd=tmp_path)  # lgpio makes a file in the working folder when it is imported


def test_nothing_is_left_unmet(device_python: Path):
    run(device_python, "-m", "pip", "check")
