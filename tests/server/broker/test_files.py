"""The files for a broker on one machine fit together, keep their secret, and are never written over."""

import stat
import tomllib

import pytest

from broker_config import Credentials
from server.broker.files import write_broker_files
from server.cli import admin_main
from server.opening import StartError
from server.settings_source import load


def test_the_servers_settings_fit_the_brokers_files(tmp_path):
    made = write_broker_files(tmp_path / 'a "place"', 18_831)
    settings = load({}, made.settings)
    assert settings.broker_port == 18_831
    assert settings.broker_credentials_file == tmp_path / 'a "place"' / "passwords"
    assert Credentials(settings.broker_credentials_file).users() == {"server"}
    configuration = made.configuration.read_text()
    assert "listener 18831 127.0.0.1" in configuration
    assert f"pid_file {settings.broker_pid_file}" in configuration


def test_only_this_user_can_read_the_secrets(tmp_path):
    made = write_broker_files(tmp_path / "place")
    secret = tomllib.loads(made.settings.read_text())["broker_secret"]
    assert len(secret) >= 32
    for path in (made.settings, tmp_path / "place" / "passwords"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in made.configuration.read_text()


def test_no_two_places_share_a_secret(tmp_path):
    one, two = (tomllib.loads(write_broker_files(tmp_path / name).settings.read_text())["broker_secret"] for name in "ab")
    assert one != two


def test_what_is_there_is_never_written_over(tmp_path):
    made = write_broker_files(tmp_path / "place")
    before = made.settings.read_text()
    with pytest.raises(StartError, match="is there already"):
        write_broker_files(tmp_path / "place")
    assert made.settings.read_text() == before


@pytest.mark.parametrize("name", ["file", "file/in"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be used"):
        write_broker_files(tmp_path / name)


def test_a_port_that_is_none_is_told(tmp_path):
    with pytest.raises(StartError, match="70000 is no TCP port"):
        write_broker_files(tmp_path / "place", 70_000)


def test_the_command_line_says_what_is_next(tmp_path, capsys):
    assert admin_main(["broker-files", str(tmp_path / "place")]) == 0
    said = capsys.readouterr().out
    assert f"mosquitto -c {tmp_path}/place/mosquitto.conf" in said
    assert f"congtac server --config {tmp_path}/place/server.toml" in said
