"""Which passwords do: long enough, and not among those that are tried first. No rules about what they are made of."""

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from threading import Lock
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 256
LOOKED_AT: Final = 72
ENOUGH: Final = 3
"""zxcvbn's score from which on a password would stand 10^8 guesses."""
_LOCAL: Final = (
    *("mật khẩu", "công tắc", "việt nam", "lạng sơn", "xin chào", "anh yêu em", "em yêu anh", "gia đình", "không biết"),
    *("nguyễn", "trần", "hoàng", "phạm", "con mèo", "hạnh phúc"),
)
_PARTS: Final = re.compile(r"[^\W_]+")

_ONE_AT_A_TIME: Final = Lock()


class Weakness(StrEnum):
    """Why a password does not do."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"


def composed(password: str) -> str:
    """The password in the one form that is counted, hashed and compared: two keyboards write the same letter differently."""
    return unicodedata.normalize("NFC", password)


async def weakness_of(password: str, known: Iterable[str]) -> Weakness | None:
    """Why the password does not do, or None. `known`: names that an attacker would try, of the person and the places."""
    password = composed(password)
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    inputs = sorted({part for name in (*known, *_LOCAL) for part in (_run_on(name), *_PARTS.findall(plain(name)))})
    score = await asyncio.to_thread(_score, {plain(password)[:LOOKED_AT], _run_on(password)[:LOOKED_AT]}, inputs)
    return Weakness.COMMON if score < ENOUGH else None


def plain(text: str) -> str:
    """Without accents, in small letters: who guesses leaves them away."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _run_on(text: str) -> str:
    return "".join(_PARTS.findall(plain(text)))


def _score(passwords: Iterable[str], inputs: list[str]) -> int:
    """The worst of them counts."""
    from zxcvbn import zxcvbn  # 30 ms and some megabytes, for who sets a password only

    with _ONE_AT_A_TIME:  # it keeps the names in a place of its own while it works
        scores: list[int] = [zxcvbn(password, user_inputs=inputs)["score"] for password in passwords]
    return min(scores)
