"""GIMP for the tests of the plug-in: one without a window for most, one with a screen for the dialog."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from daemon.client import Client
from daemon.home.folders import HOME_VARIABLE, Folders
from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import RunningDaemon, connection_file, outdoor_picture
from tests.gimp.harness import Gimp, make_profile
from tests.gimp.provision import GimpPlace, NoGimp, find_gimp
from tests.gimp.screen import Screen
from tests.program import ROOT, program_environment

PREVIEW = "Insert object: preview"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that asks for a GIMP is one that ``--fast`` leaves out."""
    for item in items:
        if "gimp_place" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.editors)


@pytest.fixture(scope="session")
def gimp_place() -> GimpPlace:
    """Where GIMP 3 runs; tests are skipped, with the reason, where there is none."""
    try:
        return find_gimp()
    except NoGimp as reason:
        pytest.skip(str(reason))


@dataclass
class StandIn:
    """The real daemon with an engine whose pixels can be told in advance (see stand_in_engine.py)."""

    home: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def connection_file(self) -> Path:
        return connection_file(self.home)

    @property
    def config(self) -> PluginConfig:
        """A plug-in's configuration; the daemon cannot be started by the plug-in itself."""
        return PluginConfig(self.connection_file, ())

    def start(self, *options: str) -> None:
        self.connection_file.unlink(missing_ok=True)
        with (self.home / "daemon.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), *options],
                env=program_environment(self.home) | {"OMP_NUM_THREADS": "1"},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not self.connection_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("The stand-in daemon did not start:\n" + (self.home / "daemon.txt").read_text())
            time.sleep(0.05)

    def report(self) -> dict[str, Any]:
        """The daemon's own account of itself."""
        folders = Folders.default({HOME_VARIABLE: str(self.home)})
        with Client.connect(folders, autostart=False) as client:
            return dict(client.status())

    @property
    def requests_done(self) -> int:
        """How many requests have come to their result since it started."""
        return int(self.report()["requests_finished"].get("done", 0))

    def kill(self) -> None:
        """Ends it without a word, as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in daemon for all tests that need to know pixels in advance."""
    daemon = StandIn(tmp_path_factory.mktemp("stand-in"))
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def gimp(
    gimp_place: GimpPlace, stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gimp]:
    """A GIMP without a window whose plug-in talks to ``stand_in``."""
    folder = tmp_path_factory.mktemp("gimp")
    running = Gimp(gimp_place, make_profile(folder / "profile", gimp_place, stand_in.config))
    yield running
    running.close()


@pytest.fixture(scope="session")
def gimp_with_weights(
    gimp_place: GimpPlace, shared_daemon: RunningDaemon, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gimp]:
    """A GIMP without a window whose plug-in talks to the real daemon with the shipped weights."""
    shared_daemon.ensure_running()
    folder = tmp_path_factory.mktemp("gimp-weights")
    config = PluginConfig(shared_daemon.connection_file, ())
    running = Gimp(gimp_place, make_profile(folder / "profile", gimp_place, config))
    yield running
    running.close()


@pytest.fixture(scope="session")
def screen(gimp_place: GimpPlace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A screen without a monitor, for all tests with a window."""
    missing = gimp_place.missing_for_windows()
    if missing:
        pytest.skip(f"Tests with a window need {', '.join(missing)}.")
    shown = Screen(gimp_place, tmp_path_factory.mktemp("screen"))
    yield shown
    shown.close()


@dataclass
class Desk:
    """A GIMP with a window on a screen, and the daemon that its plug-in talks to."""

    gimp: Gimp
    screen: Screen
    daemon: StandIn
    photo: Path

    @property
    def window(self) -> str:
        """GIMP's image window."""
        return self.screen.wait_for_window("– GIMP")

    def open_photo(self, box: tuple[int, int, int, int] | None) -> int:
        """Shows the photo (1000 × 750) with that selection, as a saved image; gives its id."""
        image = int(self.gimp.open_picture(str(self.photo))["image"])
        self.gimp.show(image)
        if box is not None:
            self.gimp.select_rectangle(image, *box)
        self.gimp.mark_saved(image)
        self.screen.focus(self.window)
        return image

    def open_dialog(self, title: str = "Insert Object", keys: str = "ctrl+alt+i") -> str:
        """Presses the filter's shortcut; gives the dialog's window."""
        self.screen.focus(self.window)
        self.screen.keys(keys)
        return self.screen.wait_for_window(title)

    def type_seed(self, dialog: str, seed: int) -> None:
        """Types a seed into the dialog."""
        self.screen.focus(dialog)
        self.screen.keys("alt+s", "ctrl+a")
        self.screen.type(str(seed))
        self.screen.keys("Tab")

    def layers(self, image: int) -> list[str]:
        return list(self.gimp.describe_image(image)["names"])

    def wait_for_layers(self, image: int, *names: str, seconds: float = 20.0) -> None:
        """Waits until the image has exactly these layers, from the top."""

        def there() -> bool:
            # the list is asked for only when the preview is not about to come or go
            return self.has_preview(image) == (PREVIEW in names) and self.layers(image) == list(names)

        self.screen.wait_until(there, f"layers {', '.join(names)}", seconds)

    def wait_for_requests(self, count: int) -> int:
        """Waits until the daemon has done that many, and nothing is left to do; gives how many it did.

        The dialog asks for a wish twice: for the first variation, then for all.
        """

        def done() -> bool:
            report = self.daemon.report()
            busy = report["requests_running"] or report["requests_waiting"]
            return not busy and self.daemon.requests_done >= count

        self.screen.wait_until(done, f"{count} requests done")
        return self.daemon.requests_done

    def has_preview(self, image: int) -> bool:
        """Whether the object is on the canvas (an English GIMP)."""
        return bool(self.gimp.id_of_layer_named(image, PREVIEW))


def make_desk(
    place: GimpPlace, screen: Screen, daemon: StandIn, folder: Path, *, language: str = "C.UTF-8"
) -> Desk:
    photo = folder / "photo.png"
    Image.fromarray(outdoor_picture(1000, 750)).save(photo)
    profile = make_profile(folder / "profile", place, daemon.config)
    gimp = Gimp(place, profile, display=screen.display, language=language)
    return Desk(gimp, screen, daemon, photo)


@pytest.fixture(scope="module")
def shared_desk(
    gimp_place: GimpPlace, screen: Screen, stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A window for the tests of one file: the dialog remembers its settings from one test to the next."""
    made = make_desk(gimp_place, screen, stand_in, tmp_path_factory.mktemp("desk"))
    yield made
    made.gimp.close()


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """The file's window, with no picture and no dialog open before and after the test."""
    yield shared_desk
    screen = shared_desk.screen

    def are_closed(title: str) -> bool:
        left = screen.windows(title)
        for window in left:
            screen.focus(window)
            screen.keys("Escape", "Escape")  # the first may close a list only
        if left:
            time.sleep(0.5)  # one that is about to close cannot be focused again
        return not left

    for title in ("Insert Object", "Edit Object", "Light Layer"):
        screen.wait_until(partial(are_closed, title), f"the end of the windows “{title}”")
    shared_desk.gimp.close_all()


@pytest.fixture
def slow_desk(gimp_place: GimpPlace, screen: Screen, tmp_path: Path) -> Iterator[Desk]:
    """A window whose daemon takes its time."""
    daemon = StandIn(tmp_path / "home")
    daemon.home.mkdir()
    daemon.start("--stage-seconds", "1")
    made = make_desk(gimp_place, screen, daemon, tmp_path)
    yield made
    made.gimp.close()
    daemon.stop()
