"""The command as a process: start-up time, interruption, pipes, terminals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from daemon.client import Client
from daemon.home.folders import HOME_VARIABLE, Folders
from tests.command_line.conftest import Command, start_stand_in
from tests.daemon.conftest import wait_until
from tests.program import ROOT, program_environment
from wire import __version__

BOX = "40,30,48,40"
BYTES_ARE_NAMES = pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
SLOW_IMPORTS = ("torch", "numpy", "PIL", "tqdm")


def run(home: Path, *arguments: object, code: str | None = None) -> subprocess.CompletedProcess[str]:
    program = ["-m", "daemon.command_line"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        env=program_environment(home),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def insertion(photo: Path, out: Path) -> list[str]:
    program = [sys.executable, "-m", "daemon.command_line"]
    return [*program, "insert", str(photo), "--box", BOX, "--class", "dog", "-o", str(out)]


@pytest.fixture
def told(command: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs ``insert-object`` under a terminal of few letters; returns the JSON that it prints."""

    def run(*arguments: object) -> Any:
        stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
        monkeypatch.setattr(sys, "stdout", stream)
        ended = command(*arguments)
        assert ended.code == 0, ended
        return json.loads(stream.buffer.getvalue())

    return run


@pytest.mark.parametrize("name", ["照片", pytest.param("caf\udce9", marks=BYTES_ARE_NAMES)])
def test_json_names_files_that_exist_whatever_the_terminal_can_show(
    told: Callable[..., Any], photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    one, two, three = (tmp_path / f"{name}{number}.png" for number in (1, 2, 3))
    assert told("insert", photo, "--box", BOX, "--class", "dog", "-o", one, "--json")["outputs"] == [str(one)]
    row = {"photo": str(photo), "box": BOX, "class": "dog", "out": str(two)}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), "utf-8")
    assert told("insert", "--batch", tmp_path / "rows.jsonl")["outputs"] == [str(two)]
    cut_out = Image.new("RGBA", (60, 60))
    cut_out.paste((200, 60, 40, 255), (10, 10, 50, 50))
    cut_out.save(tmp_path / "cut.png")
    lit = told("light", photo, "--object", tmp_path / "cut.png", "--at", "10,10", "-o", three, "--json")
    assert lit["outputs"] == [str(three)]
    assert one.exists() and two.exists() and three.exists()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / name))
    Folders.default().packs.joinpath("lamps").mkdir(parents=True)
    assert told("packs", "--json")[-1]["folder"] == str(Folders.default().packs / "lamps")


def test_the_version_is_told(stand_in_home: Path) -> None:
    done = run(stand_in_home, "--version")
    assert (done.returncode, done.stdout) == (0, f"insert-object {__version__}\n")


def test_classes_are_listed_for_people_and_for_scripts(command: Command) -> None:
    assert command("classes").out == (
        "dog  Dog  styles: brown, black\ncat  Cat\ncar  Car  styles: red\n"
        "\n--pack lamps  (Lamps and lanterns)\nlamp  Lamp  styles: brass, paper\n"
    )
    assert json.loads(command("classes", "--json").out)[0] == {
        "name": "dog",
        "label": "Dog",
        "styles": ["brown", "black"],
        "pack": "",
    }


def test_listing_classes_imports_nothing_slow(stand_in_home: Path) -> None:
    code = (
        "import sys; from daemon.command_line import main; code = main(['classes']);"
        f"print(code, [name for name in {SLOW_IMPORTS} if name in sys.modules])"
    )
    done = run(stand_in_home, code=code)
    assert done.stdout.splitlines()[-1] == "0 []", done


def test_help_imports_nothing_slow_and_explains_insert(stand_in_home: Path) -> None:
    code = (
        "import sys; from daemon.command_line import main; code = main(['insert', '--help']);"
        f"print(code, [name for name in {SLOW_IMPORTS} if name in sys.modules])"
    )
    done = run(stand_in_home, code=code)
    assert done.stdout.splitlines()[-1] == "0 []", done
    for option in (
        "--box",
        "--class",
        "--seed",
        "--candidates",
        "--variations",
        "--mask",
        "--reference",
        "--reference-box",
        "--shape",
        "--pack",
        "--shadow",
        "--layer",
        "--json",
    ):
        assert option in done.stdout


def test_every_command_of_the_design_has_help(stand_in_home: Path) -> None:
    for words in (["classes"], ["doctor"], ["daemon"], ["daemon", "status"], ["train"], ["evaluate"]):
        assert run(stand_in_home, *words, "--help").returncode == 0, words


def test_nothing_but_text_is_printed_when_this_is_no_terminal(
    stand_in_home: Path, photo: Path, tmp_path: Path
) -> None:
    what = ("--box", BOX, "--class", "dog", "--seed", "0")
    done = run(stand_in_home, "insert", photo, *what, "-o", tmp_path / "out.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'out.png'}: dog · seed 0\n", "")


def test_a_reader_that_goes_away_is_no_error_message(stand_in_home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon.command_line", "classes"],
        env=program_environment(stand_in_home),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert errors == b""


def _interruptible() -> None:
    """Whoever runs the tests in the background has a shell that lets its children ignore Ctrl+C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_an_interrupted_insertion_ends_at_once_with_130_and_writes_nothing(
    photo: Path, tmp_path: Path
) -> None:
    home = tmp_path / "slow-home"
    daemon = start_stand_in(home, "--stage-seconds", "20")
    try:
        process = subprocess.Popen(
            insertion(photo, tmp_path / "out.png"),
            env=program_environment(home),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_interruptible,
        )
        with Client.connect(Folders.default({HOME_VARIABLE: str(home)}), autostart=False) as watcher:
            wait_until(lambda: watcher.status()["requests_running"] == 1, 30)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, errors = process.communicate(timeout=30)
        assert time.monotonic() - started < 5
        assert process.returncode == 130 and errors == b"insert-object: interrupted.\n"
        assert not (tmp_path / "out.png").exists()
    finally:
        daemon.kill()
        daemon.wait()


@pytest.mark.skipif(os.name == "nt", reason="terminals differ there")
def test_a_terminal_shows_a_bar_for_work_of_more_than_a_second(photo: Path, tmp_path: Path) -> None:
    import pty

    home = tmp_path / "slow-home"
    daemon = start_stand_in(home, "--stage-seconds", "0.7")
    try:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            insertion(photo, tmp_path / "out.png"),
            env=program_environment(home),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not part:
                break
            seen += part
        os.close(ours)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert b"finishing" in seen and b"%" in seen
    finally:
        daemon.kill()
        daemon.wait()


def test_what_libraries_tell_programmers_is_not_shown_to_painters(
    stand_in_home: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    spoilt = tmp_path / "spoilt.jpg"
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\xff\0\0\0\x1a\x01\0\0"  # ends in the middle
    Image.open(photo).convert("RGB").save(spoilt, exif=exif)
    command = ("insert", spoilt, "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png")
    done = run(stand_in_home, *command)
    assert done.returncode == 0 and "Warning" not in done.stderr and ".py" not in done.stderr
    monkeypatch.setenv("INSERT_OBJECT_TRACE", "1")
    assert "UserWarning" in run(stand_in_home, *command).stderr  # Pillow does have something to say
