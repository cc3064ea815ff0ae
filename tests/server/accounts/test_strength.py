"""Which passwords do."""

import subprocess
import sys
import unicodedata

import pytest

from server.accounts.strength import Weakness, composed, weakness_of

SENTENCE = "đèn điện sáng"
NAMES = ["Lan", "lan.nguyen", "Vườn ươm"]


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("", Weakness.SHORT),
        (unicodedata.normalize("NFD", "tám củ khoa"), Weakness.SHORT),
        ("Zq8$vB2#kLm", Weakness.SHORT),
        ("Zq8$vB2#kLmx", None),
        ("ba con vịt lội ao sen", None),
        ("ao sen " * 9 + "có ba con vịt", None),
        ("k" + "ba con vịt lội " * 17, None),
        ("ba con vịt lội " * 17 + "aa", Weakness.LONG),
    ],
)
async def test_a_password_is_as_long_as_it_needs_to_be_and_may_be_very_long(password: str, weakness: Weakness | None) -> None:
    """Checklist 8."""
    assert await weakness_of(password, NAMES) is weakness


@pytest.mark.parametrize(
    "password",
    [
        *("123456789012", "passwordpassword", "P@ssw0rd1234", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "iloveyou2024!"),
        *("matkhau12345", "Mật khẩu 123", "congtac2026!", "anhyeuem1234", "emyeuanh2026"),
        *("lannguyenlan", "Lan Lan Lan Lan", "vườn ươm vườn ươm", "vuonuom12345"),
    ],
)
async def test_what_is_tried_first_is_refused(password: str) -> None:
    """Checklist 8."""
    assert await weakness_of(password, NAMES) is Weakness.COMMON


@pytest.mark.parametrize("password", ["mmmmqzxvlwpt", "ZQXVLWPTRBNH", "739502846173", "zq xv lw pt rb"])
async def test_nothing_is_asked_of_what_a_password_is_made_of(password: str) -> None:
    """Checklist 8."""
    assert await weakness_of(password, NAMES) is None


def test_two_ways_of_writing_a_letter_are_one_password() -> None:
    assert composed(unicodedata.normalize("NFD", SENTENCE)) == composed(SENTENCE)


def test_starting_the_server_loads_neither_lists_of_passwords_nor_argon2() -> None:
    script = "import sys, server.app; print(sorted({'argon2', 'zxcvbn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
