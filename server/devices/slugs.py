"""Short names for addresses and the command line, made from what people call things."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Final

LONGEST: Final = 40


def slug_of(name: str, taken: Collection[str] = (), *, otherwise: str = "device", longest: int = LONGEST) -> str:
    """`Máy bơm số 1` as `may-bom-so-1`; with a number behind it where that is taken, `otherwise` where nothing is left of the name."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9]+", "-", plain.replace("đ", "d"))[:longest].strip("-") or otherwise
    if slug not in taken:
        return slug
    return next(numbered for number in count(2) if (numbered := f"{slug[: longest - 8]}-{number}") not in taken)
