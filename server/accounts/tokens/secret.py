"""How a token looks: `congtac_`, 43 letters and digits that hold 256 random bits, and 6 more that tell a typing error from a guess.

The beginning and the fixed length are there for programs that look for secrets in code: `congtac_[0-9A-Za-z]{49}`.
"""

import re
import secrets
import zlib
from typing import Final

PREFIX: Final = "congtac_"
BITS: Final = 256
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6
_SHAPE: Final = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECK_LENGTH}}}", re.ASCII)


def new_token() -> str:
    """A new one, from the system's randomness."""
    return token_of(secrets.randbits(BITS))


def token_of(number: int) -> str:
    """The token of a number of 256 bits."""
    body = _in_digits(number, _RANDOM_LENGTH)
    return PREFIX + body + _check(body)


def may_be_real(token: str) -> bool:
    """Whether it is worth looking up."""
    if _SHAPE.fullmatch(token) is None:
        return False
    body = token[len(PREFIX) : -_CHECK_LENGTH]
    return token.endswith(_check(body))


def _check(body: str) -> str:
    return _in_digits(zlib.crc32(body.encode("ascii")), _CHECK_LENGTH)


def _in_digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
