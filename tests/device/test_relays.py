"""Which relays a run of the machine was given to: a list that counts until the next power cut, and what another wiring makes of it."""

import json
from pathlib import Path

import pytest

from device.relays import BYTES, Relay, RelayList, at_inputs, moved, relays_of, without_channel
from device.wiring import Wiring, parse_wiring
from tests.device.house import LAMP, PUMP


def wiring(*relays: Relay, button: int | None = None) -> Wiring:
    channels = [
        f'[[channel]]\nid = "{relay.id}"\nname = "x"\nkind = "output"\npin = {relay.pin}\nactive_high = {str(relay.active_high).lower()}\n'
        for relay in relays
    ]
    if button is not None:
        channels.append(f'[[channel]]\nid = "nut"\nname = "Nút"\nkind = "button"\npin = {button}\n')
    return parse_wiring("\n".join(channels), Path("wiring.toml"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relays.json"


def test_what_was_written_is_read_in_the_same_run_of_the_machine(path: Path):
    RelayList(path, "one").write((PUMP, LAMP))
    assert RelayList(path, "one").read() == (PUMP, LAMP)


def test_a_power_cut_lets_go_of_every_pin_and_of_the_list(path: Path):
    RelayList(path, "one").write((PUMP, LAMP))
    assert RelayList(path, "two").read() == ()


def test_where_there_is_no_list_yet_nothing_is_said(path: Path, caplog: pytest.LogCaptureFixture):
    assert RelayList(path, "one").read() is None
    assert not caplog.records


def test_what_a_later_program_writes_besides_is_ignored(path: Path):
    relay = {**PUMP.model_dump(), "since": 5}
    path.write_text(json.dumps({"boot": "one", "relays": [relay], "version": 2}))
    assert RelayList(path, "one").read() == (PUMP,)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b'{"boot": "one"}', b'{"boot": "one", "relays": [{"id": "x", "pin": 99, "active_high": true}]}'],
)
def test_of_a_damaged_list_nobody_can_tell(path: Path, content: bytes, caplog: pytest.LogCaptureFixture):
    path.write_bytes(content)
    assert RelayList(path, "one").read() is None
    assert str(path) in caplog.text


def test_of_a_list_that_cannot_be_read_nobody_can_tell_either(path: Path):
    path.mkdir()
    assert RelayList(path, "one").read() is None


def test_a_relay_at_every_pin_with_the_longest_of_ids_has_room(path: Path):
    every = tuple(Relay(id="x" * 30 + f"{pin:02}", pin=pin, active_high=False) for pin in range(28))
    RelayList(path, "12345678-1234-1234-1234-123456789abc").write(every)
    assert RelayList(path, "12345678-1234-1234-1234-123456789abc").read() == every
    assert path.stat().st_size == BYTES


def test_a_shorter_list_takes_the_place_of_a_longer_one_in_one_write(path: Path):
    known = RelayList(path, "one")
    known.write((PUMP, LAMP))
    inode = path.stat().st_ino
    known.write((LAMP,))
    assert known.read() == (LAMP,)
    assert path.stat().st_ino == inode, "in place, which a full card still allows"


def test_a_pin_is_listed_once_with_what_it_is_now(path: Path):
    known = RelayList(path, "one")
    known.write((PUMP, LAMP, PUMP.model_copy(update={"id": "quat"})))
    assert known.read() == (PUMP.model_copy(update={"id": "quat"}), LAMP)


def test_where_it_cannot_be_written_that_is_told(path: Path, caplog: pytest.LogCaptureFixture):
    RelayList(path / "no folder", "one").write((LAMP,))
    assert "no folder" in caplog.text


@pytest.mark.parametrize(
    ("later", "gone", "others"),
    [
        (wiring(PUMP, LAMP), (), set()),
        (wiring(LAMP), (PUMP,), set()),
        (wiring(LAMP, button=17), (), set()),
        (wiring(PUMP.model_copy(update={"pin": 22}), LAMP), (PUMP,), {"may-bom"}),
        (wiring(PUMP.model_copy(update={"active_high": False}), LAMP), (), {"may-bom"}),
        (wiring(PUMP.model_copy(update={"pin": 27}), LAMP.model_copy(update={"pin": 17})), (), {"may-bom", "den"}),
        (wiring(PUMP.model_copy(update={"id": "quat"}), LAMP), (), set()),
        (wiring(Relay(id="quat", pin=5, active_high=True)), (PUMP, LAMP), set()),
    ],
    ids=["as it was", "one less", "a button now", "another pin", "another board", "changed places", "another name", "all others"],
)
def test_another_wiring_gives_up_pins_and_makes_relays_others(later: Wiring, gone: tuple[Relay, ...], others: set[str]):
    assert without_channel((PUMP, LAMP), later) == gone
    assert moved((PUMP, LAMP), later) == others


def test_where_a_relay_is_known_at_two_places_the_last_counts():
    other = PUMP.model_copy(update={"pin": 22})
    assert moved((other, PUMP), wiring(PUMP)) == set()
    assert moved((PUMP, other), wiring(PUMP)) == {"may-bom"}


def test_without_a_wiring_no_relay_has_a_channel():
    assert without_channel((PUMP, LAMP), None) == (PUMP, LAMP)


def test_relays_at_inputs_are_those_whose_pins_are_buttons_now():
    assert at_inputs((PUMP, LAMP), wiring(LAMP, button=17)) == (PUMP,)


def test_the_relays_of_a_wiring_are_its_outputs():
    assert relays_of(wiring(PUMP, LAMP, button=5)) == (PUMP, LAMP)
