"""What people may type as minutes, and how it is read; the page's scripts are held against the same."""

from typing import Final

MOST_S: Final = 7200
TYPED: Final[dict[str, int | str]] = {
    "5": 300,
    " 45 ": 2700,
    "1": 60,
    "2,5": 150,
    "2.25": 135,
    "120": 7200,
    "007": 420,
    "": "not_a_number",
    "mười": "not_a_number",
    "-5": "not_a_number",
    "1e3": "not_a_number",
    "5 phút": "not_a_number",
    "1.234": "not_a_number",
    "٥": "not_a_number",
    "1000000": "not_a_number",
    "0": "too_short",
    "0,99": "too_short",
    "120,01": "too_long",
    "99999": "too_long",
}
