"""The benchmark runs and tells what it should. How fast anything was is nobody's matter here: a busy machine proves nothing."""

import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.load import switches
from bench.options import parse
from bench.samples import STALL_MS, Samples, quantile
from tests.components import require


def test_a_quantile_is_the_smallest_value_that_the_share_does_not_exceed():
    ordered = [float(number) for number in range(1, 101)]
    assert [quantile(ordered, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    with pytest.raises(ValueError, match="no sample"):
        quantile([], 0.5)


def test_samples_count_what_took_as_long_as_a_stall():
    samples = Samples()
    samples.add([1.0, STALL_MS - 0.1], 0.5)
    samples.add([STALL_MS, 90.0], 1.5)
    assert (samples.stalls, samples.rate) == (2, 2.0)
    assert samples.summary() == {"count": 4, "rate": 2.0, "p50_ms": 39.9, "p99_ms": 90.0, "max_ms": 90.0}


def test_a_device_is_asked_again_only_after_all_others():
    order = [(switch.device_id, switch.channel) for switch in switches(["a", "b"], ["1", "2"])]
    assert order == [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")]


def test_more_in_flight_than_devices_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["--devices", "8", "--flights", "1,9"])
    assert "more commands in flight than devices" in capsys.readouterr().err


def test_a_small_run_measures_every_leg_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    require("mosquitto")
    written = tmp_path / "result.json"
    sizes = ["--devices", "3", "--flights", "1,2", "--rounds", "1", "--seconds", "0.2"]
    assert main([*sizes, "--data", str(tmp_path), "--json", str(written)]) == 0
    result, text = json.loads(written.read_text("utf-8")), capsys.readouterr().out
    assert [row["in_flight"] for row in result["flights"]] == [1, 2]
    for row in result["flights"]:
        assert all(
            row[kind]["count"] >= 1 and 0 < row[kind]["p50_ms"] <= row[kind]["p99_ms"] for kind in ("raw", "seen", "answered")
        )
        assert row["ratio"] == pytest.approx(row["seen"]["p50_ms"] / row["raw"]["p50_ms"], abs=0.01)
    assert result["stalls_of"] == sum(result["flights"][0][kind]["count"] for kind in ("raw", "seen", "answered"))
    assert set(result["cpu_ms_per_command"]) == {"broker", "server", "fleet", "load"}
    assert f"stalls: {sum(result['stalls'].values())} (raw " in text
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
