"""A screen without a monitor: Xvfb with a window manager, keys and pointer by xdotool, screenshots."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.gimp.provision import CHECKOUT, GimpPlace

ARTIFACTS = CHECKOUT / "tests" / "artifacts" / "gimp"
SIZE = (1280, 800)
SMALL = 20  # pixels of a colour in a row of the screen that are no object's
START_SECONDS = 30.0


class ScreenFailed(Exception):
    """The screen did not start, or what was awaited on it did not appear."""


class Screen:
    """One Xvfb with openbox. ``display`` is for the environment of the programs to show."""

    def __init__(self, place: GimpPlace, folder: Path) -> None:
        self._place = place
        self._folder = folder
        read_end, write_end = os.pipe()
        width, height = SIZE
        # Xvfb chooses a free number itself and tells it; the shell gets the pipe in as descriptor 3
        # (-r: a key that is held down does not repeat, however slow the machine)
        server = f"Xvfb -r -displayfd 3 -screen 0 {width}x{height}x24 -nolisten tcp 3>&1 1>&2"
        self._server = self._start(["sh", "-c", f"exec {server}"], write_end, {})
        os.close(write_end)
        with os.fdopen(read_end, encoding="ascii") as told:
            number = told.readline().strip()
        if not number:
            raise ScreenFailed("Xvfb did not start.")
        self.display = f":{number}"
        self._environment = {"DISPLAY": self.display}
        self._manager = self._start(["openbox"], None, self._environment)
        self.wait_until(lambda: self._run(["xdotool", "get_num_desktops"]).strip().isdigit(), "openbox")

    def _start(
        self, command: Sequence[str], output: int | None, extra: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self._folder / "screen.txt").open("ab") as log:
            return subprocess.Popen(
                self._place.command(command, self._variables(extra)),
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
            )

    def _variables(self, extra: dict[str, str]) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "HOME": str(self._folder), "LANG": "C.UTF-8", **extra}

    def _run(self, command: Sequence[str]) -> str:
        done = subprocess.run(
            self._place.command(command, self._variables(self._environment)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=START_SECONDS,
            check=False,
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Presses keys one after the other, each like ``ctrl+f``."""
        for name in names:
            self._run(["xdotool", "key", "--clearmodifiers", name])

    def keys_at_once(self, *names: str) -> None:
        """Presses keys with no time between them."""
        self._run(["xdotool", "key", "--delay", "0", *names])

    def focused(self) -> str:
        """The id of the window that has the keys."""
        return self._run(["xdotool", "getactivewindow"]).strip()

    def key_until_window(self, name: str, title: str) -> float:
        """Presses a key; gives the seconds until a window with that in its title was visible.

        One shell does both, because starting it takes longer than what is measured; xdotool's own way to
        wait looks twice a second only.
        """
        look = f"xdotool search --onlyvisible --name '{title}'"
        script = f"date +%s.%N; xdotool key {name}; until {look} >/dev/null 2>&1; do :; done; date +%s.%N"
        began, ended = map(float, self._run(["sh", "-c", script]).split())
        return ended - began

    def key_at(self, name: str) -> float:
        """Presses a key; gives the time.time() of it, without what starting xdotool takes."""
        return float(self._run(["sh", "-c", f"date +%s.%N; exec xdotool key {name}"]))

    def type(self, text: str) -> None:
        """Types a text."""
        self._run(["xdotool", "type", "--delay", "20", text])

    def click(self, x: int, y: int) -> None:
        """Clicks a place of the screen."""
        self._run(["xdotool", "mousemove", str(x), str(y), "sleep", "0.1", "click", "1"])

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drags with the left button, in steps as a hand does."""
        steps: list[str] = ["mousemove", *map(str, start), "sleep", "0.1", "mousedown", "1"]
        for part in range(1, 9):
            x = start[0] + (end[0] - start[0]) * part // 8
            y = start[1] + (end[1] - start[1]) * part // 8
            steps += ["mousemove", str(x), str(y), "sleep", "0.03"]
        self._run(["xdotool", *steps, "mouseup", "1"])

    def windows(self, title: str) -> list[str]:
        """The ids of the visible windows with that in their title."""
        return self._run(["xdotool", "search", "--onlyvisible", "--name", title]).split()

    def geometry(self, window: str) -> dict[str, int]:
        """A window's X, Y, WIDTH and HEIGHT on the screen."""
        lines = self._run(["xdotool", "getwindowgeometry", "--shell", window]).splitlines()
        pairs = (line.split("=") for line in lines if "=" in line)
        return {name: int(value) for name, value in pairs if value.lstrip("-").isdigit()}

    def focus(self, window: str) -> None:
        """Brings a window to the front and gives it the keys."""
        self._run(["xdotool", "windowactivate", "--sync", window])

    def move(self, window: str, x: int, y: int) -> None:
        """Puts a window elsewhere."""
        self._run(["xdotool", "windowmove", "--sync", window, str(x), str(y)])

    def resize(self, window: str, width: int, height: int) -> None:
        """Moves a window to the corner and gives it that size."""
        self._run(["xdotool", "windowmove", window, "0", "0", "windowsize", window, str(width), str(height)])

    def wait_for_window(self, title: str, seconds: float = 20.0) -> str:
        """The id of the window with that in its title, once it is there."""
        found: list[str] = []  # of the look that saw it: the next one may miss it, while its title is changed

        def is_there() -> bool:
            found[:] = self.windows(title)
            return bool(found)

        self.wait_until(is_there, f"a window “{title}”", seconds)
        return found[-1]

    def wait_until_gone(self, title: str, seconds: float = 20.0) -> None:
        """Waits until no window has that title any more."""

        def is_gone() -> bool:  # and stays so: a single look may miss a window whose title is changed
            return not (self.windows(title) or self.windows(title))

        self.wait_until(is_gone, f"the end of the window “{title}”", seconds)

    def wait_until(self, condition: object, what: str, seconds: float = 20.0) -> None:
        """Waits for a condition; keeps a screenshot of what there was instead."""
        deadline = time.monotonic() + seconds
        while not condition():  # type: ignore[operator]
            if time.monotonic() > deadline:
                self.screenshot("failure")
                raise ScreenFailed(f"Waited {seconds:g} s in vain for {what}.")
            time.sleep(0.05)

    def screenshot(self, name: str) -> Path:
        """Keeps what is on the screen as tests/artifacts/gimp/NAME.png."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        path.unlink(missing_ok=True)
        self._run(["scrot", "--overwrite", str(path)])
        return path

    def shows(self, colour: tuple[int, int, int]) -> bool:
        """Whether that very colour is anywhere on the screen, on more than a few pixels."""
        with Image.open(self.screenshot("looked-at")) as picture:
            counted = picture.convert("RGB").getcolors(SIZE[0] * SIZE[1]) or []
        return any(count > 50 and seen == colour for count, seen in counted)

    def extent_of(self, colour: tuple[int, int, int], besides: dict[str, int]) -> tuple[int, int]:
        """Width and height of what has that very colour on the screen, outside a window's geometry.

        Not in GIMP's small picture of it, on the tab.
        """
        with Image.open(self.screenshot("looked-at")) as picture:
            seen = np.asarray(picture.convert("RGB"))
        same = (seen == colour).all(axis=2)
        left, top = max(0, besides["X"]), max(0, besides["Y"])
        same[top : top + besides["HEIGHT"], left : left + besides["WIDTH"]] = False
        rows, columns = (np.flatnonzero(same.sum(axis=axis) > SMALL) for axis in (1, 0))
        return (int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1) if rows.size and columns.size else (0, 0)

    def close(self) -> None:
        """Ends the window manager and the server."""
        for process in (self._manager, self._server):
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
