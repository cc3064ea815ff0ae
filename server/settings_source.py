"""Settings from the environment (`CONGTAC_…`), from files of secrets (`CONGTAC_…_FILE`) and from a TOML file, in that order."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from server.errors import CongtacError
from server.settings import Settings

PREFIX: Final = "CONGTAC_"
CONFIG: Final = "CONGTAC_CONFIG"
OTHERS: Final = frozenset({CONFIG, "CONGTAC_MOSQUITTO", "CONGTAC_URL", "CONGTAC_TOKEN"})
"""Variables of this name space that other parts read."""


class SettingsError(CongtacError, ValueError):
    """A setting that is unknown, missing or wrong. `where` is its name as the operator wrote it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where


def load(environ: Mapping[str, str], config: Path | None = None, **overrides: Any) -> Settings:
    """The settings. `config` or $CONGTAC_CONFIG names the TOML file; overrides (from the command line) that are not None win.

    Raises SettingsError for an unknown name, two sources for one value in the environment, a file that cannot be read, or a value
    that does not do.
    """
    path = config or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    if path is not None:
        for key, value in _from_toml(path).items():
            values[key], origin[key] = value, f"{key} in {path}"
    for key, (value, variable) in _from_environment(environ).items():
        values[key], origin[key] = value, variable
    for key, value in overrides.items():
        if value is not None:
            values[key], origin[key] = value, f"--{key.replace('_', '-')}"
    return _checked(values, origin)


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(str(path), f"the settings cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), f"is not TOML: {error}") from error
    for key in found:
        if key not in Settings.model_fields:
            raise SettingsError(str(path), f"there is no setting {key!r}{_near(key, Settings.model_fields)}")
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    known = {f"{PREFIX}{field.upper()}": field for field in Settings.model_fields}
    found: dict[str, tuple[str, str]] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in OTHERS:
            continue
        plain = variable if variable in known else variable.removesuffix("_FILE")
        if plain not in known:
            raise SettingsError(variable, f"there is no such setting{_near(variable, known)}")
        field = known[plain]
        if field in found:
            raise SettingsError(variable, f"{found[field][1]} sets the same value; keep one of them")
        found[field] = (value if variable in known else _from_file(variable, Path(value)), variable)
    return found


def _from_file(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(variable, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _checked(values: dict[str, Any], origin: Mapping[str, str]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingsError(origin.get(where, where), first["msg"].removeprefix("Value error, ")) from None


def _near(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else "; docs/settings.md lists them all"
