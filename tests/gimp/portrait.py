"""Takes the picture of the plug-in at work: ``python -m tests.gimp.portrait PHOTO --box X,Y,W,H …``.

A real GIMP window with the photo, the dialog and a preview, by the real daemon with the shipped weights;
kept as tests/artifacts/gimp/portrait.png. Look at it before it goes to docs/images/gimp.png. With
``--cut-out PNG`` instead of a class, the dialog that gives that cut-out the scene's light.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from daemon.client import Client
from daemon.home.folders import HOME_VARIABLE, Folders
from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import RunningDaemon
from tests.gimp.conftest import PREVIEW
from tests.gimp.harness import Gimp, encoded, last_settings, make_profile
from tests.gimp.provision import find_gimp
from tests.gimp.screen import SIZE, Screen

TITLE_BAR = 24  # screen pixels that the window manager adds


@dataclass(frozen=True)
class Studio:
    """A GIMP with a window and a daemon with the shipped weights; ``home`` is for files."""

    gimp: Gimp
    screen: Screen
    daemon: RunningDaemon
    home: Path

    def client(self) -> Client:
        """A client of the daemon."""
        return Client.connect(Folders.default({HOME_VARIABLE: str(self.daemon.home)}))

    def place_of(self, class_name: str) -> int:
        """Where a class stands in the dialog's list, from 0."""
        with self.client() as client:
            return [info.name for info in client.classes].index(class_name)


@contextmanager
def open_studio(session: str | None = None) -> Iterator[Studio]:
    """A GIMP with a profile of its own; ``session`` is the sessionrc that says where its docks are."""
    place = find_gimp()
    with tempfile.TemporaryDirectory(prefix="insert-object-portrait-") as folder:
        home = Path(folder)
        (home / "daemon").mkdir()
        daemon = RunningDaemon(home / "daemon")
        daemon.ensure_running()
        profile = make_profile(home / "profile", place, PluginConfig(daemon.connection_file, ()))
        last_settings(profile).unlink()  # as at a first use
        with (profile / "gimprc").open("a", encoding="utf-8") as settings:
            settings.write("(default-view (show-layer-boundary no))\n")
        if session is not None:
            (profile / "sessionrc").write_text(session, encoding="utf-8")
        screen = Screen(place, home)
        gimp = Gimp(place, profile, display=screen.display)
        try:
            yield Studio(gimp, screen, daemon, home)
        finally:
            gimp.close()
            screen.close()
            daemon.end()


def arrange(studio: Studio, photo: Path, options: argparse.Namespace) -> None:
    """Brings GIMP to where the picture is worth taking."""
    gimp, screen = studio.gimp, studio.screen
    image = int(gimp.open_picture(str(photo))["image"])
    gimp.show(image)
    window = screen.wait_for_window("– GIMP")
    screen.resize(window, SIZE[0], SIZE[1] - TITLE_BAR)
    if options.cut_out is not None:
        light(gimp, screen, image, options)
        return
    gimp.select_rectangle(image, *options.box)
    screen.focus(window)
    screen.keys("r", "ctrl+shift+j")  # Rectangle Select; the whole picture in the window
    time.sleep(1.0)
    screen.keys("ctrl+alt+i")
    dialog = screen.wait_for_window("Insert Object")
    screen.wait_until(lambda: gimp.id_of_layer_named(image, PREVIEW) != 0, "the preview")
    screen.focus(dialog)
    screen.keys("alt+l", *["Down"] * studio.place_of(options.class_name))
    screen.keys("alt+s", "ctrl+a")
    screen.type(str(options.seed))
    screen.keys("Tab", "alt+u", "ctrl+a")
    screen.type(str(options.number))
    screen.keys("Tab")
    time.sleep(10.0 * options.number)  # the other thumbnails


def light(gimp: Gimp, screen: Screen, image: int, options: argparse.Namespace) -> None:
    """Pastes the cut-out at the box's corner and opens the dialog for it."""
    pixels = np.asarray(Image.open(options.cut_out).convert("RGBA"))
    height, width = pixels.shape[:2]
    gimp.add_cut_out(image, encoded(pixels), width, height, *options.box[:2])
    screen.focus(screen.wait_for_window("– GIMP"))
    screen.keys("ctrl+shift+j")
    time.sleep(1.0)
    screen.keys("ctrl+alt+l")
    screen.wait_for_window("Light Layer")
    screen.wait_until(lambda: gimp.id_of_layer_named(image, PREVIEW) != 0, "the preview", 60)
    time.sleep(2.0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--box", type=lambda text: tuple(map(int, text.split(","))), required=True)
    parser.add_argument("--class", dest="class_name", default="sheep")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=1, help="of objects: more than one is a herd")
    parser.add_argument("--cut-out", type=Path, help="a PNG with transparency to be lit")
    options = parser.parse_args(arguments)
    with open_studio() as studio:
        photo = studio.home / options.photo.name
        shutil.copyfile(options.photo, photo)
        arrange(studio, photo, options)
        print(studio.screen.screenshot("portrait"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
