"""Settings: from where they come, and what stops the start."""

from pathlib import Path

import pytest

from server.settings import Settings
from server.settings_source import SettingsError, load
from server.settings_table import table


def test_with_nothing_set_the_database_is_a_file_in_the_data_folder() -> None:
    settings = load({})
    assert settings.database.render_as_string() == "sqlite+aiosqlite:///data/congtac.db"
    assert settings.address == "http://127.0.0.1:8000"


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    config = tmp_path / "congtac.toml"
    config.write_text('port = 1000\nhost = "::1"\ncommand_ttl_s = 30\n')
    settings = load({"CONGTAC_CONFIG": str(config), "CONGTAC_PORT": "2000", "CONGTAC_HOST": "127.0.0.1"}, port=3000, host=None)
    assert (settings.port, settings.host, settings.command_ttl_s) == (3000, "127.0.0.1", 30)


def test_proxies_are_addresses_and_networks_with_commas_between() -> None:
    named = load({"CONGTAC_TRUSTED_PROXIES": " 10.0.0.2, fd00::/64,192.168.1.0/24 ,"}).trusted_proxies
    assert (named, load({"CONGTAC_TRUSTED_PROXIES": ""}).trusted_proxies) == ("10.0.0.2,fd00::/64,192.168.1.0/24", "")


def test_an_unknown_variable_stops_the_start_and_near_names_are_told() -> None:
    with pytest.raises(SettingsError, match=r"CONGTAC_BROKER_HOTS: there is no such setting; did you mean CONGTAC_BROKER_HOST"):
        load({"CONGTAC_BROKER_HOTS": "here"})


def test_an_unknown_key_of_the_file_stops_the_start_and_near_names_are_told(tmp_path: Path) -> None:
    config = tmp_path / "congtac.toml"
    config.write_text("prot = 1")
    with pytest.raises(SettingsError, match=r"congtac.toml: there is no setting 'prot'; did you mean port"):
        load({}, config)


@pytest.mark.parametrize("content", ["port = ", "\x00", "[[["])
def test_a_file_that_is_not_toml_stops_the_start(tmp_path: Path, content: str) -> None:
    config = tmp_path / "congtac.toml"
    config.write_text(content)
    with pytest.raises(SettingsError, match="is not TOML"):
        load({}, config)


def test_a_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load({"CONGTAC_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("CONGTAC_PORT", "seventy", "valid integer"),
        ("CONGTAC_PORT", "70000", "less than or equal to 65535"),
        ("CONGTAC_PUBLIC_URL", "congtac.example.org", "must be http"),
        ("CONGTAC_PUBLIC_URL", "https://congtac.example.org/app", "nothing after it"),
        ("CONGTAC_DATABASE_URL", "mysql://somewhere", "sqlite and postgresql are known"),
        ("CONGTAC_DATABASE_URL", "somewhere", "not a database address"),
        ("CONGTAC_TRUSTED_PROXIES", "*", "must be addresses or networks"),
        ("CONGTAC_TRUSTED_PROXIES", "10.0.0.1,proxy.example.org", "must be addresses or networks"),
        ("CONGTAC_TRUSTED_PROXIES", "10.0.0.1/8", "must be addresses or networks"),
        ("CONGTAC_TIMEZONE", "Asia/Lang_Son", "time zone"),
        ("CONGTAC_TIMEZONE", "../../etc/passwd", "time zone"),
        ("CONGTAC_BROKER_SECRET", "example", "too short"),
        ("CONGTAC_BROKER_SECRET", "change-me-change-me", "looks like an example"),
        ("CONGTAC_BROKER_SECRET", "this-is-an-Example-secret", "looks like an example"),
        ("CONGTAC_BROKER_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaa", "looks like an example"),
        ("CONGTAC_BROKER_SECRET", "12345678901234567890", "looks like an example"),
        ("CONGTAC_COMMAND_TTL_S", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_the_variable_but_not_the_value(variable: str, value: str, fault: str) -> None:
    """Checklist 31."""
    with pytest.raises(SettingsError, match=fault) as stopped:
        load({variable: value})
    assert str(stopped.value).startswith(f"{variable}: ")


def test_a_secret_may_come_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-long-enough-secret\n")
    settings = load({"CONGTAC_BROKER_SECRET_FILE": str(secret)})
    assert settings.broker_secret is not None
    assert settings.broker_secret.get_secret_value() == "a-long-enough-secret"
    assert "a-long-enough" not in repr(settings)


def test_a_setting_whose_name_ends_in_file_is_not_read_as_a_file_of_another(tmp_path: Path) -> None:
    settings = load({"CONGTAC_BROKER_CREDENTIALS_FILE": str(tmp_path / "passwords")})
    assert settings.broker_credentials_file == tmp_path / "passwords"


def test_a_value_and_its_file_together_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:///here.db")
    with pytest.raises(SettingsError, match="keep one"):
        load({"CONGTAC_DATABASE_URL": "sqlite:///there.db", "CONGTAC_DATABASE_URL_FILE": str(tmp_path / "url")})


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://lan@db/congtac", "postgresql+asyncpg://lan@db/congtac"),
        ("postgresql+asyncpg://lan@db/congtac", "postgresql+asyncpg://lan@db/congtac"),
        ("postgres://lan@db/congtac", "postgresql+asyncpg://lan@db/congtac"),
        ("sqlite:////var/lib/c.db", "sqlite+aiosqlite:////var/lib/c.db"),
    ],
)
def test_a_database_address_needs_no_driver(given: str, used: str) -> None:
    assert load({"CONGTAC_DATABASE_URL": given}).database.render_as_string(hide_password=False) == used


def test_a_session_cannot_idle_longer_than_it_lasts() -> None:
    with pytest.raises(SettingsError, match="session_idle_s"):
        load({"CONGTAC_SESSION_IDLE_S": "100", "CONGTAC_SESSION_ABSOLUTE_S": "10"})


def test_the_table_in_the_docs_is_the_table_of_the_fields() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == table()


def test_every_setting_says_what_it_decides() -> None:
    assert all(field.description for field in Settings.model_fields.values())
