"""A GIMP to test in: its profile with the plug-in installed, its process, and calls into it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plugins.profiles import EditorKind
from plugins.profiles.plugin_files import PluginConfig, assemble_plugin
from tests.gimp.provision import CHECKOUT, GimpPlace

INSIDE = Path(__file__).parent / "inside.py"
START_SECONDS = 90.0
CALL_SECONDS = 120.0
# GIMP asks each of its own plug-ins what it can do at a first start; these are all that tests need.
NEEDED_PLUG_INS = ("python-eval", "file-png", "file-tiff", "file-jpeg", "file-openraster")
_SETTINGS = """
(config-version "{version}")
(show-welcome-dialog no)
(check-updates no)
(color-profile-policy keep)
(confirm-on-close no)
(save-session-info no)
(initial-zoom-to-fit yes)
(plug-in-path "{plug_ins}")
"""
_SHORTCUTS = """
(file-version 1)
(action "plug-in-insert-object" "<Primary><Alt>i")
(action "plug-in-insert-object-light" "<Primary><Alt>l")
"""


_LAST_SETTINGS = """
# settings
(shadow no)
# end of settings
"""


class GimpFailed(Exception):
    """GIMP did not start, or ended, or a call in it raised."""


def make_profile(folder: Path, place: GimpPlace, config: PluginConfig) -> Path:
    """A GIMP profile with the plug-in, installed as ``install.py`` does it, whose user has switched contact
    shadows off: tests that are about them switch them on."""
    plug_ins = folder / "plug-ins"
    plug_ins.mkdir(parents=True)
    assemble_plugin(EditorKind.GIMP, CHECKOUT, plug_ins / "insert-object", config)
    few = folder / "few-plug-ins"
    few.mkdir()
    root = place.root or Path("/")
    for name in NEEDED_PLUG_INS:
        for found in root.glob(f"usr/lib/*/gimp/3.0/plug-ins/{name}"):
            (few / name).symlink_to(Path("/") / found.relative_to(root))
    path = "${gimp_dir}/plug-ins:${gimp_dir}/few-plug-ins"
    (folder / "gimprc").write_text(_SETTINGS.format(plug_ins=path, version=place.version()), encoding="utf-8")
    last = last_settings(folder)
    last.parent.mkdir()
    last.write_text(_LAST_SETTINGS, encoding="utf-8")
    (folder / "shortcutsrc").write_text(_SHORTCUTS, encoding="utf-8")
    return folder


def last_settings(profile: Path) -> Path:
    """Where GIMP keeps what the filter was last used with."""
    return profile / "plug-in-settings" / "GimpProcedureConfigRun-plug-in-insert-object.last"


class Gimp:
    """A running GIMP. Its functions (see inside.py) are called like methods: ``gimp.make_image(64, 64)``."""

    def __init__(
        self,
        place: GimpPlace,
        profile: Path,
        *,
        display: str | None = None,
        language: str = "C.UTF-8",
        extra: dict[str, str] | None = None,
    ) -> None:
        self.profile = profile
        self._socket_path = profile / "tests.socket"
        self._socket_path.unlink(missing_ok=True)
        self.output = profile / "output.txt"
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(profile),
            "GIMP3_DIRECTORY": str(profile),
            "LANG": language,
            "INSERT_OBJECT_TEST_SOCKET": str(self._socket_path),
            "INSERT_OBJECT_TESTS": str(INSIDE.parent),
            "NO_AT_BRIDGE": "1",
            "XDG_RUNTIME_DIR": str(profile),
            **(extra or {}),
        }
        script = f"exec(compile(open({str(INSIDE)!r}).read(), {str(INSIDE)!r}, 'exec'))"
        batch = ["--batch-interpreter=python-fu-eval", "-b", script, "--quit"]
        if display is None:
            command = [place.program("gimp-console"), "--no-interface", "--no-data", "--no-fonts", *batch]
        else:
            environment["DISPLAY"] = display
            command = [place.program("gimp"), "--new-instance", "--no-splash", *batch]
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                place.command(command, environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._connect()
        except BaseException:
            self._end_process()
            raise

    def _connect(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(CALL_SECONDS)
        while True:
            try:
                self._connection.connect(str(self._socket_path))
                break
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise GimpFailed(f"GIMP did not start:\n{self.log_tail()}") from error
                time.sleep(0.05)
        self._lines = self._connection.makefile("rw", encoding="utf-8")

    def log_tail(self) -> str:
        """The last of what GIMP printed."""
        return self.output.read_text(encoding="utf-8", errors="replace")[-4000:]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*positional: Any, **named: Any) -> Any:
            self.begin(name, *positional, **named)
            return self.finish()

        return call

    def begin(self, name: str, /, *positional: Any, **named: Any) -> None:
        """Starts a call without waiting for it; ``finish`` gives its result."""
        self._lines.write(json.dumps({"name": name, "positional": positional, "named": named}) + "\n")
        self._lines.flush()

    def finish(self) -> Any:
        """Waits for the call that ``begin`` has started."""
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            raise GimpFailed(f"GIMP did not answer in {CALL_SECONDS:g} s:\n{self.log_tail()}") from error
        if not line:
            raise GimpFailed(f"GIMP has ended:\n{self.log_tail()}")
        answer = json.loads(line)
        if "error" in answer:
            raise GimpFailed(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """Ends GIMP."""
        with contextlib.suppress(OSError, ValueError):
            self._lines.write(json.dumps({"name": "quit"}) + "\n")
            self._lines.flush()
            self._lines.close()
        self._connection.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._end_process()

    def _end_process(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def rgba(encoded: str, width: int, height: int, kind: str = "u1") -> np.ndarray:
    """The pixels that a call gave, as an array (height, width, 4)."""
    data = np.frombuffer(base64.b64decode(encoded), dtype=np.dtype(kind))
    return data.reshape(height, width, 4)


def encoded(pixels: np.ndarray) -> str:
    """An rgb or rgba picture (height, width, 3 | 4) uint8 for ``make_image``."""
    if pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
