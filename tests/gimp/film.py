"""Films the flows of docs/gimp.md in a real GIMP, with the shipped weights: see tests/films.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from tests.gimp.conftest import PREVIEW
from tests.gimp.harness import encoded
from tests.gimp.portrait import Studio, open_studio
from tests.program import ROOT

PHOTO = ROOT / "docs" / "demo" / "photo.jpg"
PART = (340, 219, 820, 799)  # of the photo, which fills the window
WINDOW = (700, 740)
TITLE_BAR = 24
SHEEP = 6  # a seed
BOX = (110, 330, 240, 190)  # in that part
MEADOW = (20, 290, 440, 260)
# Layers on the right, and nothing else around the picture.
SESSION = f"""
(session-info "toplevel"
    (factory-entry "gimp-single-image-window")
    (position 0 0)
    (size {WINDOW[0]} {WINDOW[1] - TITLE_BAR})
    (open-on-exit)
    (aux-info (left-docks-width "1") (right-docks-width "240") (maximized "no"))
    (gimp-dock
        (side right)
        (book (current-page 0) (dockable "gimp-layer-list" (tab-style icon)))))
(hide-docks no)
(single-window-mode yes)
(show-tabs no)
"""


@dataclass
class Scene:
    """One picture in GIMP's window, and the frames that were taken of it."""

    studio: Studio
    image: int
    frames: list[Image.Image] = field(default_factory=list)

    def take(self, right: int = WINDOW[0]) -> None:
        """A frame: the screen's left part."""
        time.sleep(1.5)  # GIMP draws what it has to
        with Image.open(self.studio.screen.screenshot("film")) as shot:
            self.frames.append(shot.convert("RGB").crop((0, 0, right, WINDOW[1])))

    def take_with(self, dialog: str) -> None:
        """A frame with a dialog beside the window."""
        place = self.studio.screen.geometry(dialog)
        self.take(max(WINDOW[0], place["X"] + place["WIDTH"] + 2))

    def dialog(self, title: str) -> str:
        """Waits for a dialog and puts a large one beside the window, a small one over its upper part."""
        screen = self.studio.screen
        dialog = screen.wait_for_window(title, 60)
        place = screen.geometry(dialog)
        if place["HEIGHT"] > WINDOW[1] // 2:
            screen.move(dialog, WINDOW[0] + 2, 0)
        else:
            screen.move(dialog, WINDOW[0] - place["WIDTH"] - 12, 60)
        screen.focus(dialog)
        return dialog

    def main_window(self) -> None:
        screen = self.studio.screen
        screen.focus(screen.wait_for_window("– GIMP"))

    def insert_with_shadow(self, box: tuple[int, int, int, int], class_name: str, seed: int) -> int:
        """An object that is in the picture when the film begins; gives its layer."""
        gimp = self.studio.gimp
        gimp.select_rectangle(self.image, *box)
        answer = gimp.insert(self.image, object_class=class_name, seed=seed, shadow=True)
        assert answer["status"] == "success", answer["error"]
        gimp.select_none(self.image)
        return int(answer["layer"])

    def choose(self, class_name: str, seed: int) -> None:
        """Class and seed in the dialog that has the keys, with a contact shadow; waits for the variations."""
        screen = self.studio.screen
        screen.wait_until(self.has_preview, "the preview", 60)
        screen.keys("alt+l", "Home", *["Down"] * self.studio.place_of(class_name))
        screen.keys("alt+s", "ctrl+a")
        screen.type(str(seed))
        screen.keys("Tab")

    def has_preview(self) -> bool:
        return bool(self.studio.gimp.id_of_layer_named(self.image, PREVIEW))

    def all_drawn(self) -> None:
        """Waits until the daemon has been at rest for a while."""
        quiet = 0.0

        def rests() -> bool:
            nonlocal quiet
            with self.studio.client() as client:
                report = client.status()
            if report["requests_running"] or report["requests_waiting"]:
                quiet = 0.0
            elif quiet == 0.0:
                quiet = time.monotonic()
            return quiet > 0.0 and time.monotonic() - quiet > 2.0

        self.studio.screen.wait_until(rests, "the variations", 120)


def insert(scene: Scene) -> None:
    """A box, the dialog with its six variations, the layer."""
    studio = scene.studio
    time.sleep(2.0)  # else GIMP, still fitting the picture in, may leave the selection undrawn
    studio.gimp.select_rectangle(scene.image, *BOX)
    scene.take()
    studio.screen.keys("ctrl+alt+i")
    dialog = scene.dialog("Insert Object")
    scene.choose("horse", 1)
    scene.all_drawn()
    studio.screen.keys("ctrl+Page_Down")
    scene.take_with(dialog)
    studio.screen.keys("ctrl+Return")
    studio.screen.wait_until_gone("Insert Object")
    studio.gimp.select_none(scene.image)
    scene.take()


def light(scene: Scene) -> None:
    """A cut-out from a picture of the evening, pasted into the day."""
    studio = scene.studio
    with Image.open(PHOTO) as photo:
        evening = np.asarray(photo.convert("RGB").crop(PART)) * np.array([0.4, 0.45, 0.75])
    with studio.client() as client:
        layer = client.insert(evening.astype(np.uint8), box=BOX, class_name="sheep", seed=SHEEP)
    pixels = layer.pixels
    studio.gimp.add_cut_out(scene.image, encoded(pixels), pixels.shape[1], pixels.shape[0], *layer.offset)
    scene.take()
    studio.screen.keys("ctrl+alt+l")
    dialog = scene.dialog("Light Layer")
    studio.screen.wait_until(scene.has_preview, "the preview", 60)
    studio.screen.keys("alt+w")
    studio.screen.wait_until(
        lambda: bool(studio.gimp.id_of_layer_named(scene.image, f"{PREVIEW} of the shadow")), "its shadow", 60
    )
    scene.all_drawn()
    scene.take_with(dialog)
    studio.screen.keys("alt+a")
    studio.screen.wait_until_gone("Light Layer")
    scene.take()


def paint(scene: Scene) -> None:
    """An object that was painted on, and the question before anything covers that."""
    studio = scene.studio
    layer = scene.insert_with_shadow(BOX, "horse", 1)
    x, y, width, height = BOX
    blanket = [x + width // 4, y + height // 4, width * 2 // 5, height // 4]
    studio.gimp.colour_patch(layer, blanket, [190, 40, 50])
    background = studio.gimp.describe_image(scene.image)["layers"][-1]
    studio.gimp.darken(background, 0.5, 0.9)
    studio.gimp.select_layer(scene.image, layer)
    scene.take()
    studio.screen.keys("ctrl+alt+i")
    question = scene.dialog("Edit Object")
    scene.take_with(question)
    studio.screen.keys("alt+l")
    scene.dialog("Light Layer")
    studio.screen.wait_until(scene.has_preview, "the preview", 60)
    scene.all_drawn()
    studio.screen.keys("alt+a")
    studio.screen.wait_until_gone("Light Layer")
    scene.take()


def look(scene: Scene) -> None:
    """A second object like the first."""
    studio = scene.studio
    layer = scene.insert_with_shadow((20, 350, 190, 160), "horse", 6)
    studio.gimp.select_rectangle(scene.image, 230, 330, 220, 180)
    studio.gimp.select_layer(scene.image, layer)
    scene.take()
    studio.screen.keys("ctrl+alt+i")
    dialog = scene.dialog("Insert Object")
    scene.choose("horse", 10)
    scene.all_drawn()
    # new seed, number, three keeps, contact and cast shadow, grass, flip, reference
    studio.screen.keys("alt+s", *["Tab"] * 10, "space")
    studio.screen.keys(*["Down"] * 4)
    scene.take_with(dialog)
    studio.screen.keys("Return")
    time.sleep(1.0)
    scene.all_drawn()
    studio.screen.keys("ctrl+Return")
    studio.screen.wait_until_gone("Insert Object")
    studio.gimp.select_none(scene.image)
    scene.take()


def herd(scene: Scene) -> None:
    """A wide box, a number, five sheep of which the far ones are smaller."""
    studio = scene.studio
    time.sleep(2.0)  # as in ``insert``
    studio.gimp.select_rectangle(scene.image, *MEADOW)
    scene.take()
    studio.screen.keys("ctrl+alt+i")
    dialog = scene.dialog("Insert Object")
    scene.choose("sheep", 3)
    studio.screen.keys("alt+u", "ctrl+a")
    studio.screen.type("5")
    studio.screen.keys("Tab")
    time.sleep(1.0)
    scene.all_drawn()
    scene.take_with(dialog)
    studio.screen.keys("ctrl+Return")
    studio.screen.wait_until_gone("Insert Object")
    studio.gimp.select_none(scene.image)
    scene.take()


FLOWS: dict[str, Callable[[Scene], None]] = {
    "insert": insert,
    "light": light,
    "paint": paint,
    "look": look,
    "herd": herd,
}


def film(flows: list[str]) -> Iterator[tuple[str, list[Image.Image]]]:
    """The frames of each flow."""
    with open_studio(SESSION) as studio:
        photo = studio.home / "photo.png"
        with Image.open(PHOTO) as whole:
            whole.convert("RGB").crop(PART).save(photo)
        for name in flows:
            image = int(studio.gimp.open_picture(str(photo))["image"])
            studio.gimp.show(image)
            window = studio.screen.wait_for_window("– GIMP")
            studio.screen.resize(window, WINDOW[0], WINDOW[1] - TITLE_BAR)
            scene = Scene(studio, image)
            scene.main_window()
            studio.screen.keys("r", "ctrl+shift+j")  # Rectangle Select; the whole picture in the window
            FLOWS[name](scene)
            studio.gimp.close_all()
            yield name, scene.frames
