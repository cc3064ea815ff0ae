"""The keys of telling: made once, for the server's user alone, and not taken where others may read them."""

import stat
from pathlib import Path

import pytest

from server.notify.keys import push_key, seal
from server.opening import StartError


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first, sealed = push_key(tmp_path), seal(tmp_path).close("tgram://secret")
    assert push_key(tmp_path).public == first.public
    assert seal(tmp_path).open(sealed) == "tgram://secret"
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "push.key": 0o600,
        "addresses.key": 0o600,
    }


def test_what_another_key_sealed_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    sealed = seal(tmp_path).close("x")
    assert sealed != "x"
    assert seal(tmp_path / "other").open(sealed) is None
    assert seal(tmp_path).open("nonsense") is None


@pytest.mark.parametrize(("make", "name"), [(push_key, "push.key"), (seal, "addresses.key")])
def test_a_key_that_others_can_read_or_that_is_none_stops_the_start(tmp_path: Path, make, name: str) -> None:
    make(tmp_path)
    (tmp_path / name).chmod(0o644)
    with pytest.raises(StartError, match="can be read by others"):
        make(tmp_path)
    (tmp_path / name).write_text("nonsense")
    (tmp_path / name).chmod(0o600)
    with pytest.raises(StartError, match="holds no key"):
        make(tmp_path)
