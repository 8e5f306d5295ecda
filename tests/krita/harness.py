"""A Krita profile of its own with the plug-in installed, and ways to run scripts inside that Krita."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plugins.profiles import Editor, EditorKind, Flavour
from plugins.profiles.kritarc import enable_plugin
from plugins.profiles.plugin_files import PluginConfig, install_plugin
from tests.krita.inside.promises import ENDED_BEFORE, ENDED_DURING
from tests.krita.provision import KritaPrograms

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ARTIFACTS = ROOT / "tests" / "artifacts" / "krita"
STILL_SECONDS = 900.0  # without a promise that begins or ends: Krita hangs, on however busy a machine
LOOK_SECONDS = 0.5  # between two looks whether it does
SCREEN = "1600x1000x24"
LAST_LINES = 60  # of what Krita wrote before it ended by itself

Results = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class KritaProfile:
    """An isolated user: nothing of the real one's Krita is read or written."""

    home: Path
    programs: KritaPrograms

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "krita"

    @property
    def settings(self) -> Path:
        return self.home / ".config" / "kritarc"

    def install(self, config: PluginConfig) -> None:
        """Installs the plug-in the way ``install.py`` does, and the driver for the tests beside it.

        Its user has switched contact shadows off: promises that are about them switch them on.
        """
        editor = Editor(EditorKind.KRITA, "", self.data, Flavour.NATIVE, self.settings)
        install_plugin(editor, ROOT, config)
        pykrita = self.data / "pykrita"
        for source in (HERE / "driver").iterdir():
            if source.is_dir():
                shutil.copytree(source, pykrita / source.name, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, pykrita / source.name)
        enable_plugin(self.settings, "insert_object_driver")
        with self.settings.open("a", encoding="utf-8") as settings:
            settings.write("\n[insert_object]\nshadow=0\n")
        # A screen without a card has OpenGL drawn by the processor, which takes most of its time.
        self.settings.with_name("kritadisplayrc").write_text("[General]\nOpenGLRenderer=none\n", "utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """The variables for a process of this user."""
        run = self.home / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        kept = {name: os.environ[name] for name in ("TMPDIR", "INSERT_OBJECT_ONLY") if name in os.environ}
        # Krita's own Python looks for its library beside the first python3 in PATH: it must be the system's.
        folders = (str(self.programs.krita.parent), "/usr/local/bin", "/usr/bin", "/bin")
        return {
            **kept,
            "PATH": os.pathsep.join(dict.fromkeys(folders)),
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(run),
            "LANG": "C.UTF-8",
            "QT_LOGGING_RULES": "krita.*=false",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",  # tells where Python was when Krita crashed
            **more,
        }

    def run_headless(self, scripts: Sequence[Path], results: Path, **more: str) -> Results:
        """Runs the promises of scripts in ``kritarunner``: pixels and layers, but no window."""
        environment = self.environment(
            PYTHONPATH=os.pathsep.join((str(HERE / "inside"), str(self.data / "pykrita"))),
            QT_QPA_PLATFORM="offscreen",
            INSERT_OBJECT_PROMISES=os.pathsep.join(map(str, scripts)),
            INSERT_OBJECT_RESULTS=str(results),
            **more,
        )
        command = [str(self.programs.runner), "-s", "headless", "-f", "run"]
        return self._run(command, environment, results)

    def run_windowed(self, scripts: Sequence[Path], results: Path, **more: str) -> Results:
        """Runs the promises of scripts in Krita with its window, on a display of its own."""
        with display(self.environment(PATH=os.environ["PATH"])) as name:
            environment = self.environment(
                DISPLAY=name,
                INSERT_OBJECT_PROMISES=os.pathsep.join(map(str, scripts)),
                INSERT_OBJECT_RESULTS=str(results),
                INSERT_OBJECT_ARTIFACTS=str(ARTIFACTS),
                **more,
            )
            command = [str(self.programs.krita), "--nosplash"]
            return self._run(command, environment, results)

    def _run(self, command: Sequence[str], environment: Mapping[str, str], results: Path) -> Results:
        """Runs Krita until it ends, and reads what came of the promises.

        Where it crashes in the middle, the promise at which it was fails, and those that it did not come to
        are run by another Krita; where that one crashes too, they fail.
        """
        ran = self._run_once(command, environment, results)
        if ran.crashed_at is None or not ran.are_left:
            return ran.results
        more = {**environment, "INSERT_OBJECT_AFTER": ran.crashed_at}
        return {**ran.results, **self._run_once(command, more, results).results}

    def _run_once(self, command: Sequence[str], environment: Mapping[str, str], results: Path) -> Ran:
        """One process of Krita.

        What an earlier one saved by itself before it was ended is gone, or this one would begin with a
        question about it.
        """
        for saved in self.home.glob("*-autosave.kra"):
            saved.unlink()
        return _ran(self.programs.command(command, environment), results)


@dataclass(frozen=True)
class Ran:
    """What a process of Krita did. ``crashed_at``: the promise at which it ended by itself, if it did."""

    results: Results
    crashed_at: str | None = None

    @property
    def are_left(self) -> bool:
        """Whether there are promises that it did not come to."""
        return any(result["failure"] == ENDED_BEFORE for result in self.results.values())


def _ran(command: Sequence[str], results: Path) -> Ran:
    """Runs Krita; a promise at which it ended by itself, or was ended as hanging, fails and says how."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    log = results.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=results.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        hangs = not _ends(process, results)
        if hangs:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    end = f"killed after {STILL_SECONDS:.0f} s at a standstill" if hangs else _end_of(process.returncode)
    told = log.read_text(encoding="utf-8", errors="replace")
    if not results.exists():
        raise AssertionError(f"Krita ran no promise ({end}):\n{told[-4000:]}")
    found: dict[str, dict[str, object]] = json.loads(results.read_text(encoding="utf-8"))
    reached = [name for name, result in found.items() if result["failure"] != ENDED_BEFORE]
    if not reached:
        return Ran(found)
    last = found[reached[-1]]
    if last["failure"] != ENDED_DURING and len(reached) == len(found):
        return Ran(found)
    words = "\n".join(told[told.rfind("\npromise ") + 1 :].splitlines()[-LAST_LINES:])
    failure = last["failure"] or "Krita ended after this promise"
    last["failure"] = f"{failure}\nKrita's end: {end}; its last words:\n{words}"
    return Ran(found, None if hangs else reached[-1])


def _ends(process: subprocess.Popen[bytes], results: Path) -> bool:
    """Waits until a process ends; False where it writes no results any more before that."""
    seen, since = 0, time.monotonic()
    while process.poll() is None:
        time.sleep(LOOK_SECONDS)
        written = results.stat().st_mtime_ns if results.exists() else 0
        if written != seen:
            seen, since = written, time.monotonic()
        elif time.monotonic() - since > STILL_SECONDS:
            return False
    return True


def _end_of(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


@contextmanager
def display(environment: Mapping[str, str]) -> Iterator[str]:
    """An X server with a window manager; yields its name."""
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=(write_end,),
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    manager: subprocess.Popen[bytes] | None = None
    try:
        with os.fdopen(read_end) as answer:
            name = f":{answer.readline().strip()}"
        manager = subprocess.Popen(
            ["openbox"],
            env={**environment, "DISPLAY": name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.5)  # openbox tells nobody when it is ready
        yield name
    finally:
        for process in filter(None, (manager, server)):
            process.terminate()
            process.wait(10)


def daemon_config(home: Path, *command: str) -> PluginConfig:
    """The plug-in's configuration for a daemon of that home, started by ``command`` (of this Python)."""
    settings = [f"INSERT_OBJECT_HOME={home}", f"PYTHONPATH={ROOT}", "OMP_NUM_THREADS=2"]
    start = ("env", *settings, sys.executable, *command)
    return PluginConfig(home / "data" / "connection.json", start)
