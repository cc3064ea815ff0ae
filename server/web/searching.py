"""Searching names as people type them on a phone: without accents. Pure; `search.js` has the same rules, and both are tried on one list."""

import unicodedata


def plain(text: str) -> str:
    """Small letters without accents, đ as d, one space between words: `Máy  Bơm` as `may bom`."""
    letters = unicodedata.normalize("NFKD", text).lower().replace("đ", "d")
    return " ".join("".join(letter for letter in letters if unicodedata.category(letter) != "Mn").split())


def matches(query: str, *names: str) -> bool:
    """Whether each word of the query stands somewhere in the names."""
    where = plain(" ".join(names))
    return all(word in where for word in plain(query).split())
