"""The wiring file: what is wrong is told in words that find it, and nothing but a WiringError comes of any file."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import WiringError
from device.rules import BootState, InputRule, LinkLoss, OutputRule
from device.wiring import MOST_BYTES, InputWire, OutputWire, Wiring, parse_wiring, read_wiring
from protocol.codec import decode, encode
from protocol.messages import MOST_CHANNELS, About, ChannelKind

PAGE = (Path(__file__).parents[2] / "docs" / "wiring.md").read_text("utf-8")
FILE = Path("wiring.toml")
PUMP = """
[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 17
active_high = false
"""
BUTTON = """
[[channel]]
kind = "button"
id = "nut"
name = "Nút"
pin = 5
switches = "may-bom"
"""


def wiring(text: str) -> Wiring:
    return parse_wiring(text, FILE)


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(WiringError) as refused:
        wiring(text)
    assert str(refused.value).startswith("wiring.toml: ")
    assert all(fault.isprintable() and len(fault) < 400 for fault in refused.value.faults)
    return refused.value.faults


def test_a_relay_needs_little():
    (pump,) = wiring(PUMP).outputs
    assert pump.rule() == OutputRule("may-bom")
    assert (pump.pin, pump.active_high, pump.icon) == (17, False, "socket")


def test_all_limits_reach_the_core_in_milliseconds():
    limits = 'max_on_s = 1800\nmin_off_s = 30\ninterlock = "x"\ninterlock_pause_s = 0.25\nboot = "restore"\nlink_loss = "on"\n'
    text = PUMP + limits + "link_loss_after_s = 90\nlocked = true\n"
    other = PUMP.replace("may-bom", "den").replace("17", "18") + 'interlock = "x"'
    assert wiring(text + other).outputs[0].rule() == OutputRule(
        id="may-bom",
        max_on_ms=1_800_000,
        min_off_ms=30_000,
        interlock="x",
        interlock_pause_ms=250,
        boot=BootState.RESTORE,
        link_loss=LinkLoss.ON,
        link_loss_after_ms=90_000,
        locked=True,
    )


def test_inputs_are_told_apart():
    (button,) = wiring(PUMP + BUTTON).inputs
    assert button.rule() == InputRule("nut", ChannelKind.BUTTON, "may-bom")


FAULTY = {
    "a pin used twice": (
        PUMP + PUMP.replace("may-bom", "den"),
        "pin 17 is used by 'may-bom' and 'den': each channel needs a pin of its own",
    ),
    "a pin used by a relay and a button": (PUMP + BUTTON.replace("pin = 5", "pin = 17"), "pin 17 is used by 'may-bom' and 'nut'"),
    "an id given twice": (PUMP + PUMP.replace("17", "18"), "the id 'may-bom' is given to 2 channels"),
    "a misspelt key": (PUMP + "max_on = 5", "channel 'may-bom', max_on: is not known: did you mean 'max_on_s'?"),
    "a key of another kind": (PUMP + BUTTON + "max_on_s = 5", "channel 'nut', max_on_s: is not known"),
    "a strange key": (PUMP + "xyzzy = 5", "channel 'may-bom', xyzzy: is not known; known are active_high, boot,"),
    "a misspelt table": (PUMP + "[devices]\nmodel = 'x'", "devices: is not known: did you mean 'device'?"),
    "a misspelt key of the device": ("[device]\nmodell = 'x'\n" + PUMP, "device.modell: is not known: did you mean 'model'?"),
    "no active_high": (
        PUMP.replace("active_high = false", ""),
        "channel 'may-bom', active_high: is missing (true: the relay is on",
    ),
    "active_high as a text": (PUMP.replace("false", '"no"'), "channel 'may-bom', active_high: Input should be a valid boolean"),
    "active_high as a number": (PUMP.replace("false", "0"), "channel 'may-bom', active_high: Input should be a valid boolean"),
    "a truth value as a pin": (PUMP.replace("17", "true"), "channel 'may-bom', pin: Input should be a valid integer"),
    "a text as a pin": (PUMP.replace("17", '"17"'), "channel 'may-bom', pin: Input should be a valid integer"),
    "half a pin": (PUMP.replace("17", "17.5"), "channel 'may-bom', pin: Input should be a valid integer"),
    "pin 28": (PUMP.replace("17", "28"), "channel 'may-bom', pin: Input should be less than or equal to 27 (a GPIO by its BCM"),
    "a pin below nought": (PUMP.replace("17", "-1"), "channel 'may-bom', pin: Input should be greater than or equal to 0"),
    "a truth value as a time": (PUMP + "max_on_s = true", "channel 'may-bom', max_on_s: Input should be a valid integer"),
    "a text as a time": (PUMP + 'min_off_s = "5"', "channel 'may-bom', min_off_s: Input should be a valid integer"),
    "no time at all": (PUMP + "max_on_s = 0", "channel 'may-bom', max_on_s: Input should be greater than or equal to 1"),
    "more than a week": (PUMP + "max_on_s = 604801", "channel 'may-bom', max_on_s: Input should be less than or equal to 604800"),
    "a pause without end": (PUMP + "interlock_pause_s = inf", "channel 'may-bom', interlock_pause_s: Input should be"),
    "a pause that is no number": (PUMP + "interlock_pause_s = nan", "channel 'may-bom', interlock_pause_s: Input should be"),
    "a boot state that there is not": (PUMP + 'boot = "on"', "channel 'may-bom', boot: Input should be 'off' or 'restore'"),
    "a line break in a name": (PUMP.replace("Máy bơm", "a\\nb"), "channel 'may-bom', name: must have a visible character and no"),
    "a NUL in a name": (PUMP.replace("Máy bơm", "a\\u0000"), "channel 'may-bom', name: must have a visible character and no"),
    "a name of spaces": (PUMP.replace("Máy bơm", "  "), "channel 'may-bom', name: must have a visible character"),
    "a long name": (PUMP.replace("Máy bơm", "x" * 81), "channel 'may-bom', name: must have at most 80 characters"),
    "a name that grows when it is normalised": (PUMP.replace("Máy bơm", "\u0958" * 80), "name: must have at most 80 characters"),
    "a control character in the model": ('[device]\nmodel = "a\\u001b"\n' + PUMP, "device.model: must have a visible character"),
    "a name as an id": (PUMP.replace("may-bom", "Máy bơm"), "id: is not right (1 to 32 of a-z, 0-9 and inner hyphens"),
    "an id with a line break": (PUMP.replace('"may-bom"', '"a\\nb"'), "channel 'a\\nb', id: is not right"),
    "a number as an id": (PUMP.replace('"may-bom"', "5"), "channel number 1, id: Input should be a valid string"),
    "no id": (PUMP.replace('id = "may-bom"', ""), "channel number 1, id: is missing"),
    "no kind": (PUMP.replace('kind = "output"', ""), "channel 'may-bom': kind is missing: one of output, button, contact"),
    "a kind that there is not": (
        PUMP.replace('"output"', '"relay"'),
        "channel 'may-bom': kind 'relay' is none of output, button",
    ),
    "a kind that is no text": (PUMP.replace('"output"', "[1]"), "channel 'may-bom'"),
    "a button of nothing": (PUMP + BUTTON.replace('"may-bom"', '"den"'), "channel 'nut' switches 'den', which is no output"),
    "a button of itself": (PUMP + BUTTON.replace('"may-bom"', '"nut"'), "channel 'nut' switches 'nut', which is no output"),
    "a contact that switches": (
        PUMP + BUTTON.replace('"button"', '"contact"'),
        "channel 'nut', switches: a contact is only told",
    ),
    "a pull against the board's own": (
        PUMP + BUTTON.replace("pin = 5", 'pin = 3\npull = "down"'),
        "channel 'nut', pull: GPIO 3 has a pull-up soldered to it",
    ),
    "an interlock of one": (PUMP + 'interlock = "x"', "the interlock 'x' is named by one channel only"),
    "an empty interlock": (PUMP + 'interlock = ""', "channel 'may-bom', interlock: must have a visible character"),
    "a pause without an interlock": (
        PUMP + "interlock_pause_s = 1",
        "channel 'may-bom', interlock_pause_s: says nothing without",
    ),
    "two that an interlock keeps apart and link loss switches on": (
        PUMP
        + 'interlock = "x"\nlink_loss = "on"'
        + PUMP.replace("may-bom", "b").replace("17", "18")
        + 'interlock = "x"\nlink_loss = "on"',
        "the interlock 'x' has 2 channels with link_loss = 'on': only one of them can be",
    ),
    "an empty file": ("", "there is no [[channel]] table: each relay, button and contact needs one"),
    "no channel": ("channel = []", "there is no [[channel]] table"),
    "a channel that is none": ("channel = 5", "there is no [[channel]] table"),
    "a channel that is no table": ("channel = [5]", "channel number 1: Input should be a valid dictionary"),
    "no TOML": ("pin: 17", "is not TOML: "),
    "a key said twice": (PUMP + "pin = 18", "is not TOML: "),
    "a number without end": (PUMP.replace("17", "9" * 5_000), "is not TOML: Exceeds the limit"),
    "deep nesting": ("x = " + "[" * 5_000, "is not TOML: "),
}


@pytest.mark.parametrize(("text", "fault"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_told_by_channel_field_and_kind(text: str, fault: str):
    found = faults(text)
    assert any(fault in each for each in found), found
    assert len(found) == 1 or fault.startswith(("devices", "the id"))


def test_every_fault_is_told_at_once():
    found = faults(PUMP.replace("17", "99").replace("false", "1") + "max_on = 3" + BUTTON.replace('"Nút"', "5"))
    assert [fault.split(":")[0] for fault in found] == [
        "channel 'may-bom', pin",
        "channel 'may-bom', active_high",
        "channel 'may-bom', max_on",
        "channel 'nut', name",
    ]


def test_a_flood_of_faults_is_cut_short():
    found = faults(PUMP.replace("17", "99") * 60)
    assert len(found) == 21
    assert found[-1] == "and 40 more"


def test_more_channels_than_can_be_are_refused():
    text = "".join(PUMP.replace("may-bom", f"c{number}") for number in range(MOST_CHANNELS + 1))
    assert any("at most 64" in fault for fault in faults(text))


def test_a_name_is_kept_in_one_form():
    decomposed = unicodedata.normalize("NFD", "Máy bơm")
    assert decomposed != "Máy bơm"
    assert wiring(PUMP.replace("Máy bơm", f"  {decomposed} ")).outputs[0].name == "Máy bơm"


def test_the_longest_names_make_an_about_that_can_be_said():
    text = f'[device]\nmodel = "{"ế" * 80}"\n' + (PUMP + 'interlock = "' + "ế" * 32 + '"').replace("Máy bơm", "ế" * 80)
    text += PUMP.replace("may-bom", "b").replace("17", "18") + 'interlock = "' + "ế" * 32 + '"'
    about = wiring(text).about("1.0")
    assert decode(About, encode(about)) == about


# ---- the file itself


def test_a_file_as_windows_writes_it_is_read(tmp_path: Path):
    path = tmp_path / "wiring.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (PUMP + 'icon = "pump"\n').replace("\n", "\r\n").encode())
    assert read_wiring(path) == wiring(PUMP + 'icon = "pump"\n')


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xfe", "cannot be read: 'utf-8' codec"),
        (b"#" * (MOST_BYTES + 1), "is over 256 KiB"),
        (b"#" * 10_000_000, "is over 256 KiB"),
        (b"", "there is no [[channel]]"),
    ],
    ids=["not UTF-8", "a little too large", "10 MB", "empty"],
)
def test_a_file_that_cannot_be_one_is_refused(tmp_path: Path, content: bytes, fault: str):
    path = tmp_path / "wiring.toml"
    path.write_bytes(content)
    with pytest.raises(WiringError, match=re.escape(fault)) as refused:
        read_wiring(path)
    assert refused.value.path == path


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(WiringError, match="does not exist"):
        read_wiring(tmp_path / "wiring.toml")
    with pytest.raises(WiringError, match="is no file"):
        read_wiring(tmp_path)


toml_values = st.one_of(
    st.sampled_from(
        ["true", "false", "nan", "inf", "-1", "0", "28", "1e400", "1979-05-27", "07:32:00", "[]", "{}", "[[1]]", "''"]
    ),
    st.integers().map(str),
    st.text(max_size=10).map(lambda text: '"' + "".join(f"\\u{ord(char):04x}" for char in text if ord(char) < 0xD800) + '"'),
)
keys = st.sampled_from(sorted(OutputWire.model_fields | InputWire.model_fields)) | st.text("abc_-", min_size=1, max_size=5)
tables = st.lists(
    st.tuples(
        st.sampled_from(["[[channel]]", "[device]", "[channel]", "[[device]]"]), st.dictionaries(keys, toml_values, max_size=8)
    ),
    max_size=4,
).map(lambda told: "\n".join(head + "\n" + "\n".join(f"{key} = {value}" for key, value in body.items()) for head, body in told))


@given(st.one_of(tables, st.text(), tables.map(lambda text: PUMP + text), st.text(max_size=20).map(lambda text: PUMP + text)))
def test_whatever_the_file_says_it_is_a_wiring_or_a_wiring_error(text: str):
    try:
        read = wiring(text)
    except WiringError as refused:
        assert refused.faults  # noqa: PT017 (either is right)
    else:
        assert decode(About, encode(read.about("1.0")))


@given(st.binary(max_size=200))
def test_whatever_bytes_the_file_holds_nothing_but_a_wiring_error_comes(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = tmp_path_factory.getbasetemp() / "random.toml"
    path.write_bytes(content)
    with pytest.raises(WiringError):
        read_wiring(path)


# ---- docs/wiring.md


def test_the_example_in_the_docs_is_a_wiring():
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    read = wiring(example)
    assert [wire.id for wire in read.channel] == ["may-bom", "cong-mo", "cong-dong", "den", "nut-den", "cua"]


@pytest.mark.parametrize(("title", "part"), [("output", OutputWire), ("contact", InputWire)], ids=["outputs", "inputs"])
def test_the_docs_name_every_key_and_its_default(title: str, part: type[OutputWire | InputWire]):
    section = PAGE.split(f'kind = "{title}"`', 1)[1].split("\n## ", 1)[0]
    told = {
        key: row.split("|")[2].strip()
        for row in section.splitlines()
        if row.startswith("| `")
        for key in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    real = {
        name: "must be said" if field.is_required() else "none" if field.default is None else str(field.default).lower()
        for name, field in part.model_fields.items()
        if name != "kind"
    }
    assert told == real
