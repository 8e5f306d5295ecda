"""Krita with the demo photo: two objects applied and a third one being chosen."""

import subprocess
from pathlib import Path

import bench
from bench import controller, desk, docker, insert, krita, panel, select, set_form, settle
from insert_object.qt import Qt
from promises import until

PHOTO = Path(__file__).resolve().parents[3] / "docs" / "demo" / "photo.jpg"
FRAME = (1280, 860)
HIDDEN = ("PresetDocker", "ColorSelectorNg", "sharedtooldocker")
OBJECTS = (("sheep", (190, 545, 150, 115), 6), ("horse", (440, 520, 230, 190), 5))


def arranged():
    """Opens the photo with the docker beside it; gives the document."""
    frame = krita().activeWindow().qwindow()
    document = krita().openDocument(str(PHOTO))
    krita().activeWindow().addView(document)
    for dock in krita().dockers():
        if dock.objectName() in HIDDEN:
            dock.hide()
    docker().show()
    docker().raise_()
    yield 1000
    frame.showNormal()
    frame.setGeometry(0, 0, *FRAME)
    yield 500
    frame.resizeDocks([docker()], [400], Qt.Orientation.Vertical)
    frame.resizeDocks([docker()], [320], Qt.Orientation.Horizontal)
    yield from until(lambda: controller().link.welcome is not None, "the daemon's welcome", 120)
    krita().action("KisToolSelectRectangular").trigger()
    return document


def photograph(name):
    """Keeps what is on the screen."""
    corner = f"{FRAME[0]}x{FRAME[1]}+0+0"
    subprocess.run(["import", "-window", "root", "-crop", corner, str(bench.artifact(name))], check=True)


def promise_a_picture_of_krita_at_work(_figures):
    document = yield from arranged()
    for name, box, seed in OBJECTS:
        if desk().preview.is_shown:
            panel().apply_button.click()
            yield from settle()
            yield 500
        yield from select(document, *box)
        set_form(class_name=name, seed=seed, variations=4, shadow=True)
        yield from insert()
    yield 1500
    photograph("readme")
