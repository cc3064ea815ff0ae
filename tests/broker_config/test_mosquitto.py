from pathlib import Path

import pytest

from broker_config import BrokerSettings, Listener, render
from protocol.topics import LARGEST_PAYLOAD_BYTES, Topic, topic_base


def settings(**changes: object) -> BrokerSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": 1883,
        "data_dir": Path("/var/lib/congtac/broker"),
        "password_file": Path("/etc/congtac/passwords"),
        "acl_file": Path("/etc/congtac/acl"),
    }
    return BrokerSettings(**(values | changes))  # type: ignore[arg-type]


def options(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def test_every_option_that_a_promise_rests_on_is_set_and_no_other():
    given = dict(options(render(settings())))
    assert (
        int(given.pop("max_packet_size"))
        >= LARGEST_PAYLOAD_BYTES + len(topic_base("0" * 16)) + max(len(t.path) for t in Topic) + 9
    )
    assert int(given.pop("max_inflight_messages")) > 20  # mosquitto's own limits, which lose messages in a burst
    assert int(given.pop("max_queued_messages")) > 1_000
    assert given == {
        "per_listener_settings": "false",
        "allow_anonymous": "false",
        "password_file": "/etc/congtac/passwords",
        "acl_file": "/etc/congtac/acl",
        "use_username_as_clientid": "true",
        "set_tcp_nodelay": "true",
        "max_keepalive": "120",
        "sys_interval": "0",
        "persistence": "true",
        "persistence_location": "/var/lib/congtac/broker/",
        "autosave_interval": "60",
        "log_dest": "stderr",
        "log_type": "notice",
        "log_timestamp": "true",
        "log_timestamp_format": "%Y-%m-%dT%H:%M:%S%z",
        "listener": "1883 127.0.0.1",
    }


def test_errors_warnings_and_notices_are_logged():
    assert [value for name, value in options(render(settings())) if name == "log_type"] == ["error", "warning", "notice"]


def test_the_same_settings_give_the_same_text():
    assert render(settings()) == render(settings())


def test_listeners_come_last_and_each_binds_the_client_id_to_the_user():
    text = render(settings(more_listeners=(Listener("::1", 1884),)))
    bound = ("use_username_as_clientid", "true")  # mosquitto applies this one to the listener above it only
    assert options(text)[-4:] == [("listener", "1883 127.0.0.1"), bound, ("listener", "1884 ::1"), bound]


def test_the_user_is_named_only_when_asked_for():
    assert ("user", "root") in options(render(settings(user="root")))
    assert "user" not in dict(options(render(settings())))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "example.org"])  # noqa: S104
def test_plaintext_off_loopback_is_refused(host: str):
    with pytest.raises(ValueError, match="not a loopback address"):
        render(settings(host=host))


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_an_impossible_port_is_refused(port: int):
    with pytest.raises(ValueError, match="no TCP port"):
        render(settings(port=port))


@pytest.mark.parametrize("path", [Path("relative"), Path("/a\nallow_anonymous true")])
def test_a_path_cannot_smuggle_in_another_option(path: Path):
    with pytest.raises(ValueError, match="absolute path on one line"):
        render(settings(acl_file=path))
