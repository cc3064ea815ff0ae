"""A start in earnest with a secret that is none stops with one line that says what to do."""

import os
import subprocess
import sys

import pytest

from broker_config import new_secret
from protocol.signing import SigningKey
from server.opening import StartError
from server.secrecy import require_secrets
from server.settings import Settings

GOOD = "q7Rz0pWm2LxVt9KeYb4n"


def start(tmp_path, **environ: str) -> tuple[int, str]:
    """`congtac server` as somebody types it, for a moment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONGTAC_")}
    given = {**clean, "CONGTAC_DATA_DIR": str(tmp_path / "data"), "CONGTAC_PORT": "1", **environ}
    command = [sys.executable, "-m", "congtac", "server"]
    done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "broker_secret is missing"),
        ({"CONGTAC_BROKER_SECRET": ""}, "too short"),
        ({"CONGTAC_BROKER_SECRET": "short"}, "too short"),
        ({"CONGTAC_BROKER_SECRET": "change-me-change-me"}, "looks like an example"),
        ({"CONGTAC_BROKER_SECRET": "a" * 40}, "looks like an example"),
        ({"CONGTAC_BROKER_SECRET_FILE": "/nowhere"}, "cannot be read"),
    ],
)
def test_a_fresh_start_with_a_secret_that_is_none_stops_with_one_line(tmp_path, environ, says):
    """Checklist 31."""
    status, said = start(tmp_path, **environ)
    assert (status, said.count("\n")) == (1, 1)
    assert says in said
    assert not (tmp_path / "data").exists()


def test_every_secret_that_we_make_will_do():
    for _ in range(200):
        assert Settings(broker_secret=new_secret())


@pytest.mark.parametrize("key", ["11" * 32, "00" * 32, bytes(range(32)).hex(), "ab" * 32])
def test_a_signing_key_from_an_example_stops_the_start(tmp_path, key):
    """Checklist 31."""
    path = tmp_path / "signing.key"
    path.write_text(key)
    path.chmod(0o600)
    with pytest.raises(StartError, match=r"signing.key is an example"):
        require_secrets(Settings(data_dir=tmp_path, broker_secret=GOOD))
    path.write_text(SigningKey.generate().private)
    require_secrets(Settings(data_dir=tmp_path, broker_secret=GOOD))
