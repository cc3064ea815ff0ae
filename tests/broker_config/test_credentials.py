import stat
import threading
import time
from pathlib import Path

import pytest

from broker_config import Credentials, CredentialsError, new_secret
from protocol.secret import hash_of_secret


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "passwords")


def test_who_is_added_may_sign_in_and_who_is_removed_may_not(credentials: Credentials):
    credentials.add("server", new_secret())
    credentials.add("a1", new_secret())
    credentials.remove("server")
    assert credentials.users() == {"a1"}


def test_no_file_means_no_users(credentials: Credentials):
    assert credentials.users() == frozenset()


def test_a_new_secret_for_a_user_takes_the_place_of_the_old(credentials: Credentials):
    credentials.add("a1", new_secret())
    before = credentials.path.read_text()
    credentials.add("a1", new_secret())
    assert credentials.users() == {"a1"}
    assert credentials.path.read_text() != before


def test_replacing_all_leaves_nobody_else(credentials: Credentials):
    credentials.add("old", new_secret())
    credentials.replace_all({"b": new_secret(), "a": new_secret()})
    assert [line.partition(":")[0] for line in credentials.path.read_text().splitlines()] == ["a", "b"]


def test_the_file_never_holds_a_secret_and_nobody_else_may_read_it(credentials: Credentials):
    secret = new_secret()
    credentials.add("a1", secret)
    assert secret not in credentials.path.read_text()
    assert stat.S_IMODE(credentials.path.stat().st_mode) == 0o600


def test_secrets_are_256_bits_and_never_the_same():
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert {len(secret) for secret in made} == {43}


@pytest.mark.parametrize("user", ["", "a:b", "a/b", "a+", "#", "a b", "máy", "a\n", "x" * 65])
def test_a_user_name_with_a_meaning_elsewhere_is_refused(credentials: Credentials, user: str):
    with pytest.raises(CredentialsError) as caught:
        credentials.add(user, new_secret())
    assert (caught.value.reason, credentials.path.exists()) == ("bad_user", False)


def test_a_secret_short_enough_to_guess_is_refused_and_not_shown(credentials: Credentials):
    with pytest.raises(CredentialsError) as caught:
        credentials.add("a1", "hunter2")
    assert caught.value.reason == "weak_secret"
    assert "hunter2" not in str(caught.value)


def test_removing_an_unknown_user_is_an_error(credentials: Credentials):
    with pytest.raises(CredentialsError) as caught:
        credentials.remove("nobody")
    assert caught.value.reason == "unknown_user"


@pytest.mark.parametrize("line", ["", "# mine", "bob:plain", "bob:$6$c2FsdA==$aGFzaA==", "bob:$7$101$short$x", "bob", "\xff\xfe"])
def test_a_foreign_line_stops_every_change_and_loses_nothing(credentials: Credentials, line: str):
    credentials.add("a1", new_secret())
    with credentials.path.open("a", encoding="latin-1") as file:
        file.write(line + "\n")
    before = credentials.path.read_bytes()
    changes = (
        lambda: credentials.add("b2", new_secret()),
        lambda: credentials.remove("a1"),
        lambda: credentials.replace_all({}),
        credentials.users,
    )
    for change in changes:
        with pytest.raises(CredentialsError, match="line 2") as caught:
            change()
        assert caught.value.reason == "bad_line"
    assert credentials.path.read_bytes() == before


def test_a_user_named_twice_is_an_error(credentials: Credentials):
    credentials.add("a1", new_secret())
    credentials.path.write_text(credentials.path.read_text() * 2)
    with pytest.raises(CredentialsError, match="line 2 names a1 a second time"):
        credentials.users()


def test_a_failed_write_leaves_the_old_file_and_no_draft(credentials: Credentials, monkeypatch: pytest.MonkeyPatch):
    credentials.add("a1", new_secret())

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        credentials.add("b2", new_secret())
    assert credentials.users() == {"a1"}
    assert sorted(path.name for path in credentials.path.parent.iterdir()) == ["passwords", "passwords.lock"]


def test_changes_made_at_the_same_time_all_hold(tmp_path: Path):
    path = tmp_path / "passwords"
    threads = [threading.Thread(target=Credentials(path).add, args=(f"d{number}", new_secret())) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Credentials(path).users() == {f"d{number}" for number in range(20)}


def test_one_more_of_ten_thousand_users_is_quick(credentials: Credentials):
    credentials.replace_all({f"{number:016x}": new_secret() for number in range(10_000)})
    start = time.perf_counter()
    credentials.add("one-more", new_secret())
    assert time.perf_counter() - start < 1.0  # about 0.03 s on a small machine; a rule that grows with the square takes minutes
    assert len(credentials.users()) == 10_001


def test_a_hash_takes_the_place_of_the_one_that_was_there(credentials: Credentials):
    credentials.add("a1", new_secret())
    credentials.add("b2", new_secret())
    before, other, after = credentials.hash_of("a1"), credentials.hash_of("b2"), hash_of_secret(new_secret())
    assert before is not None
    credentials.exchange("a1", before, after)
    assert (credentials.hash_of("a1"), credentials.hash_of("b2")) == (after, other)


def test_who_was_shut_out_or_given_another_secret_meanwhile_does_not_come_back_by_an_exchange(credentials: Credentials):
    credentials.add("a1", new_secret())
    before = credentials.hash_of("a1") or ""
    credentials.add("a1", new_secret())
    text = credentials.path.read_text()
    with pytest.raises(CredentialsError) as given_another:
        credentials.exchange("a1", before, hash_of_secret(new_secret()))
    assert (given_another.value.reason, credentials.path.read_text()) == ("changed", text)
    before = credentials.hash_of("a1") or ""
    credentials.remove("a1")
    with pytest.raises(CredentialsError) as shut_out:
        credentials.exchange("a1", before, hash_of_secret(new_secret()))
    assert (shut_out.value.reason, credentials.users()) == ("changed", frozenset())


@pytest.mark.parametrize(
    "after", ["", "secret", "a1:$7$1$", hash_of_secret("s") + "\nserver:", hash_of_secret("s").replace("$1$", "$10000$")]
)
def test_what_is_no_hash_or_would_cost_the_broker_too_much_changes_nothing(credentials: Credentials, after: str):
    credentials.add("a1", new_secret())
    text = credentials.path.read_text()
    with pytest.raises(CredentialsError) as refused:
        credentials.exchange("a1", credentials.hash_of("a1") or "", after)
    assert (refused.value.reason, credentials.path.read_text()) == ("bad_hash", text)
