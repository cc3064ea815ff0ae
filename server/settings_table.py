"""docs/settings.md, made from the fields: `python -m server.settings_table > docs/settings.md`."""

from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo

from server.settings import Settings

_BEFORE: Final = """\
# Settings

Each setting is an environment variable or a line in a TOML file, named by `--config` or `CONGTAC_CONFIG`. The environment wins over the
file, the command line over both. Instead of `CONGTAC_X`, `CONGTAC_X_FILE` may name a file that holds the value: the way for secrets. An
unknown setting, in the file or in the environment, stops the start with a line that names it.

This table is made from `server/settings.py` by `python -m server.settings_table > docs/settings.md`, and a test holds the two together.

| in the file | in the environment | default | what it decides |
|---|---|---|---|
"""


def table() -> str:
    """The whole page."""
    return _BEFORE + "".join(_line(name, field) for name, field in Settings.model_fields.items())


def _line(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | `CONGTAC_{name.upper()}` | {_default(field.default)} | {field.description} |\n"


def _default(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"


if __name__ == "__main__":
    print(table(), end="")
