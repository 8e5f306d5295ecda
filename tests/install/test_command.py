"""What a person who runs install.py sees, and what it leaves behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from installer.computer.failure import InstallFailure
from installer.computer.file_lock import file_lock
from installer.computer.places import Places
from installer.desktop import DEMO_BOX, DEMO_PHOTO, LinkStep, PluginStep
from installer.install_command import next_steps
from installer.program import (
    NVIDIA_SPACE,
    OwnCodeStep,
    PackagesStep,
    SpaceStep,
    TorchStep,
    WeightsStep,
    stop_daemon,
)
from installer.record import Record
from installer.removal import uninstall
from plugins.profiles import Editor, EditorKind, Flavour

ROOT = Path(__file__).resolve().parents[2]
RunInstaller = Callable[..., "subprocess.CompletedProcess[str]"]
needs_weights = pytest.mark.skipif(
    not (ROOT / "models" / "weights" / "manifest.json").exists(), reason="models/weights has no manifest.json"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "h ö me"
    folder.mkdir()
    return folder


@pytest.fixture
def run_installer(home: Path) -> RunInstaller:
    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "INSERT_OBJECT_", "GIMP3_"))}
        kept.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
        return subprocess.run(
            [sys.executable, str(ROOT / "install.py"), *arguments],
            env={
                **kept,
                "HOME": str(home),
                "PYTHONDONTWRITEBYTECODE": "1",
                "OMP_NUM_THREADS": "2",
                **environ,
            },
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture
def places(home: Path) -> Places:
    data = home / ".local" / "share" / "insert-object"
    data.mkdir(parents=True)
    return Places(home, data, {"PATH": os.environ["PATH"]}, "linux")


@pytest.fixture
def record(places: Places) -> Record:
    return Record.read(places.record)


def everything_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_dry_run_tells_every_step_and_changes_nothing(run_installer: RunInstaller, home: Path) -> None:
    done = run_installer("--dry-run", PATH="/nonexistent")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^\[\d/8\] ([^:]+):", done.stdout, re.MULTILINE) == [
        "Free disk space",
        "Networks",
        "Private Python environment",
        "PyTorch",
        "Insert Object",
        "Command insert-object",
        "Service",
        "First insertion",
    ]
    assert everything_below(home) == []


def test_editors_that_are_not_there_are_named(run_installer: RunInstaller) -> None:
    told = run_installer("--dry-run", PATH="/nonexistent").stdout
    assert "No GIMP 3 was found. Once you have it, run install.py again." in told
    assert "No Krita was found. Once you have it, run install.py again." in told


def test_editors_that_are_there_get_the_plug_in(run_installer: RunInstaller, home: Path) -> None:
    (home / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    (home / ".local" / "share" / "krita").mkdir(parents=True)
    told = run_installer("--dry-run", PATH="/nonexistent").stdout
    assert "Plug-in for GIMP 3.0: put it into" in told
    assert "Plug-in for Krita: put it into" in told


@pytest.mark.parametrize(("wanted", "present"), [("gimp", {"GIMP"}), ("krita", {"Krita"}), ("none", set())])
def test_only_the_wanted_editors_get_it(
    wanted: str, present: set[str], run_installer: RunInstaller, home: Path
) -> None:
    (home / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    (home / ".local" / "share" / "krita").mkdir(parents=True)
    told = run_installer("--dry-run", "--editors", wanted, PATH="/nonexistent").stdout
    assert set(re.findall(r"Plug-in for (\w+)", told)) == present
    assert "was found" not in told


def test_an_unknown_editor_is_bad_input(run_installer: RunInstaller) -> None:
    done = run_installer("--editors", "photoshop")
    assert done.returncode == 2
    assert "'photoshop' is none of gimp,krita; or say none" in done.stderr


def test_without_a_demo_there_is_no_first_insertion(run_installer: RunInstaller) -> None:
    assert "First insertion" not in run_installer("--dry-run", "--no-demo").stdout


def test_the_start_at_login_is_only_set_up_when_asked_for(run_installer: RunInstaller, home: Path) -> None:
    told = {
        option: run_installer("--dry-run", "--no-demo", *filter(None, [option]), PATH="/nonexistent").stdout
        for option in ("", "--autostart", "--no-autostart")
    }
    assert "Start at login" not in told[""]
    assert re.search(r"Start at login: set up the .*insert-object", told["--autostart"])
    assert "Start at login: already off" in told["--no-autostart"]
    assert everything_below(home) == []


def test_at_the_end_it_says_how_to_get_there_in_each_editor_that_has_it(
    places: Places, record: Record, home: Path
) -> None:
    assert next_steps(places, record).splitlines() == [f"  in a terminal: {places.link} --help"]
    record.add_plugin(Editor(EditorKind.GIMP, "3.0", home / "GIMP" / "3.0", Flavour.NATIVE))
    record.add_plugin(Editor(EditorKind.KRITA, "5.2", home / "krita", Flavour.NATIVE, home / "kritarc"))
    assert next_steps(places, record).splitlines()[:2] == [
        "  in GIMP 3: restart it, then select a rectangle and choose Filters ▸ Insert object…",
        "  in Krita: restart it, then open Settings ▸ Dockers ▸ Insert Object",
    ]


def test_a_service_that_does_not_end_stops_the_upgrade_with_what_to_do(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.program.parent.mkdir(parents=True)
    places.program.write_text("#!/bin/sh\nexec sleep 60\n")
    places.program.chmod(0o755)
    monkeypatch.setattr("installer.program.STOP_SECONDS", 0.2)
    with pytest.raises(InstallFailure, match=r"does not end\. End it with .*daemon stop"):
        stop_daemon(places)


REFUSING = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "The service (process 4711) does not end." >&2
exit 2
"""


def put_program(places: Places, script: str) -> None:
    places.program.parent.mkdir(parents=True)
    places.program.write_text(script)
    places.program.chmod(0o755)


def test_what_a_service_says_that_refuses_to_end_stops_upgrade_and_removal(
    places: Places, record: Record
) -> None:
    put_program(places, REFUSING)
    record.program = "an earlier version"
    for replace in (
        PackagesStep(places, record).do,
        TorchStep(places, record).do,
        OwnCodeStep(places, record).do,
        partial(uninstall, places, record, dry_run=False),
    ):
        with pytest.raises(InstallFailure, match="does not end") as stopped:
            replace()
        assert stopped.value.details == "The service (process 4711) does not end."
    assert places.program.read_text() == REFUSING


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/nonexistent\n", None])
def test_a_damaged_environment_is_removed_unless_its_service_still_runs(
    places: Places, record: Record, script: str | None
) -> None:
    if script is None:
        places.environment.folder.mkdir()
    else:
        put_program(places, script)
    (places.data / "daemon.lock").write_text(f"{os.getpid()}\n", "ascii")
    running = file_lock(places.data / "daemon.lock", on_wait=lambda: None)
    with running, pytest.raises(InstallFailure, match=rf"The service runs.* End process {os.getpid()} by"):
        uninstall(places, record, dry_run=False)
    assert places.environment.folder.exists()
    uninstall(places, record, dry_run=False)
    assert everything_below(places.data) == []


def test_a_home_that_cannot_be_written_is_refused(run_installer: RunInstaller, home: Path) -> None:
    (home / "file").write_text("")  # a file where a folder should be stops root, too
    done = run_installer(INSERT_OBJECT_HOME=str(home / "file" / "below"))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Stopped. The folder {home / 'file' / 'below' / 'data'} cannot be written")
    assert "Traceback" not in done.stderr
    assert everything_below(home) == ["file"]


def test_uninstalling_what_is_not_installed_says_so(run_installer: RunInstaller, home: Path) -> None:
    done = run_installer("--uninstall")
    assert (done.returncode, done.stdout) == (0, "Insert Object is not installed for this user.\n")
    assert everything_below(home) == []


def test_a_disk_that_is_too_full_is_found_before_anything_is_fetched(
    places: Places, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000 * 1024**2}))
    with pytest.raises(InstallFailure, match=r"has 1\.0 GB free, and [\d.]+ GB are needed\. Free some"):
        SpaceStep(places, record).do()
    assert NVIDIA_SPACE > 1000 * 1024**2


def test_weights_that_are_not_right_stop_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.program.WEIGHTS", tmp_path)
    with pytest.raises(InstallFailure, match=r"did not pass the check: .*manifest\.json is missing"):
        WeightsStep().do()


def test_the_command_is_linked_and_told_when_it_is_not_in_path(places: Places, record: Record) -> None:
    step = LinkStep(places, record)
    assert "is not in your PATH yet" in step.do()
    assert places.link.readlink() == places.program
    assert step.is_done()


def test_a_foreign_command_of_that_name_stays(places: Places, record: Record) -> None:
    places.link.parent.mkdir(parents=True)
    places.link.write_text("mine")
    with pytest.raises(InstallFailure, match="belongs to something else"):
        LinkStep(places, record).do()
    assert places.link.read_text() == "mine"


def test_on_windows_the_command_is_a_file_that_calls_it(home: Path) -> None:
    places = Places(home, home / "data", {"PATH": ""}, "win32")
    places.data.mkdir()
    LinkStep(places, Record(places.record)).do()
    lines = places.link.read_bytes().decode("ascii").split("\r\n")
    assert lines == [
        "@setlocal DisableDelayedExpansion",
        lines[1],
        "",
    ]
    assert lines[1].startswith('@"%~dp0..\\environment\\Scripts\\python.exe" -I -S -c "')
    assert lines[1].endswith('; program()" %*') and lines[1].count("%") == 2
    named = places.link.parent / ".." / "environment" / "Scripts"
    assert named.resolve() == places.environment.folder.resolve() / "Scripts"
    assert LinkStep(places, Record.read(places.record)).is_done()


def test_a_plug_in_that_cannot_be_made_leaves_no_trace_and_no_record(
    places: Places, record: Record, home: Path
) -> None:
    editor = Editor(EditorKind.GIMP, "3.0", home / ".config/GIMP/3.0", Flavour.NATIVE)
    step = PluginStep(places, record, editor)
    with pytest.raises(InstallFailure):  # there is no environment yet to take msgpack from
        try:
            step.do()
        except OSError as error:
            raise InstallFailure(str(error)) from error
    step.undo()
    assert record.editors() == []
    assert not (home / ".config").exists()


def test_what_was_installed_is_known_to_the_next_run(places: Places, record: Record, home: Path) -> None:
    krita = Editor(EditorKind.KRITA, "5.2", home / "krita", Flavour.FLATPAK, home / "kritarc")
    gimp = Editor(EditorKind.GIMP, "3.0", home / "GIMP" / "3.0", Flavour.NATIVE)
    for editor in (krita, gimp, krita):
        record.add_plugin(editor)
    record.write()
    assert Record.read(places.record).editors() == [gimp, krita]


def test_a_damaged_record_is_named(places: Places) -> None:
    places.record.write_text("{")
    with pytest.raises(InstallFailure, match=r"installed\.json is damaged"):
        Record.read(places.record)


def test_uninstalling_keeps_what_is_the_users(places: Places, record: Record) -> None:
    LinkStep(places, record).do()
    places.demo.mkdir()
    (places.demo / "my own.png").write_text("")
    uninstall(places, record, dry_run=False)
    assert everything_below(places.data) == ["demo", "demo/my own.png"]
    assert not places.link.exists()


def test_on_windows_uninstalling_leaves_no_empty_folder_of_the_command(home: Path) -> None:
    places = Places(home, home / "data", {"PATH": ""}, "win32")
    places.data.mkdir()
    record = Record(places.record)
    LinkStep(places, record).do()
    uninstall(places, record, dry_run=False)
    assert everything_below(home) == []


def test_the_demo_photo_is_small_and_holds_the_box() -> None:
    from PIL import Image

    x, y, width, height = map(int, DEMO_BOX.split(","))
    with Image.open(DEMO_PHOTO) as photo:
        assert x + width <= photo.width
        assert y + height <= photo.height
    assert DEMO_PHOTO.stat().st_size < 300_000
    assert DEMO_BOX in (DEMO_PHOTO.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.usefixtures("package_index")
@needs_weights
def test_from_nothing_to_a_first_insertion_and_back(run_installer: RunInstaller, home: Path) -> None:
    (home / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    before = everything_below(home)
    first = run_installer()
    assert first.returncode == 0, first.stderr
    results = home / ".local" / "share" / "insert-object" / "demo"
    assert everything_below(results) == ["first-insertion.ora", "first-insertion.png"]
    assert str(results / "first-insertion.png") in first.stdout
    command = home / ".local" / "bin" / "insert-object"
    plain = {**os.environ, "HOME": str(home)}
    told = subprocess.run([command, "classes"], env=plain, capture_output=True, text=True, check=True)
    assert "dog" in told.stdout

    second = run_installer()
    assert second.returncode == 0, second.stderr
    assert second.stdout.count("already there") >= 5

    last = run_installer("--uninstall")
    assert last.returncode == 0, last.stderr
    left = set(everything_below(home)) - set(before)
    folders = {".local", ".local/bin", ".local/share", ".local/state", ".cache"}
    assert {path for path in left if not path.startswith((".rustup", ".cache"))} <= folders
