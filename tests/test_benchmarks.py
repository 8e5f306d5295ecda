"""The benchmark's table: kept part by part, compared with an earlier run, without test packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.measure import Timing
from benchmarks.run import Row
from tests.program import ROOT


def measured(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Runs the command with parts that cost nothing, of which the second fails."""

    def fails(_repeats: int) -> list[Row]:
        raise RuntimeError("no such device")

    monkeypatch.setattr(run, "insertion_rows", lambda *_: [Row("insertion", 50.0, "ms", 60)])
    monkeypatch.setattr(run, "wire_rows", fails)
    monkeypatch.setattr(run, "load_rows", lambda *_: [Row("load", 3.0, "/s"), Row("load", 6.0, "/s")])
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    return run.main()


def test_a_part_that_fails_says_why_and_takes_nothing_of_the_others_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured(monkeypatch, "--json", str(tmp_path / "figures.json")) == 1
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))["rows"]
    assert [row["value"] for row in kept] == [50.0, 3.0, 6.0]
    printed = capsys.readouterr()
    assert "| insertion | 50.0 ms |" in printed.out
    assert "wire: RuntimeError: no such device" in printed.err


def test_ratios_to_an_earlier_run_stand_beside_the_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"name": "insertion", "value": 100.0, "unit": "ms"},
        {"name": "load", "value": 3.0, "unit": "/s"},
        {"name": "load", "value": 4.0, "unit": "/s"},
    ]
    (tmp_path / "before.json").write_text(json.dumps({"rows": rows}), "utf-8")
    measured(monkeypatch, "--only", "insertion", "load", "--against", str(tmp_path / "before.json"))
    lines = [line for line in capsys.readouterr().out.splitlines() if "×" in line]
    assert [line.rsplit("|", 2)[1].strip() for line in lines] == ["0.50 ×", "1.00 ×", "1.50 ×"]


def test_a_file_that_is_no_earlier_run_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.json").write_text("[]", "utf-8")
    with pytest.raises(SystemExit, match="holds no figures of an earlier run"):
        measured(monkeypatch, "--against", str(tmp_path / "other.json"))


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (19, 19), (20, 19), (100, 95), (101, 96)])
def test_the_95th_percentile_is_the_shortest_that_95_of_100_do_not_exceed(count: int, rank: int) -> None:
    assert Timing(tuple(map(float, range(count, 0, -1)))).p95 == rank


def test_every_part_can_be_loaded_without_test_packages() -> None:
    code = (
        "import sys\n"
        "for name in ('pytest', 'hypothesis'):\n"
        "    sys.modules[name] = None\n"
        "import benchmarks.load, benchmarks.networks, benchmarks.overhead, benchmarks.run, benchmarks.wire\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
