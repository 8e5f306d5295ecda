"""The flows of docs/krita.md, a frame after each step, in Krita's own window: see tests/films.py."""

import subprocess
from pathlib import Path

import bench
from bench import controller, desk, docker, failure_or, insert, krita, panel, select, set_form, settle
from insert_object.editing import Way
from insert_object.qt import Qt, QtCore, QtGui
from promises import until
from work_promises import asked

PHOTO = Path(__file__).resolve().parents[3] / "docs" / "demo" / "photo.jpg"
PART = (340, 219, 480, 580)  # of the photo: x, y, width, height
FRAME = (900, 740)
BOX = (110, 330, 240, 190)
MEADOW = (20, 290, 440, 260)
HIDDEN = ("PresetDocker", "ColorSelectorNg", "sharedtooldocker", "ToolBox", "OverviewDocker")
EVENING = (0.4, 0.45, 0.75)  # red, green, blue


def scene(*, evening=False):
    """The part of the photo in a small window with the layers and the docker beside it."""
    picture = QtGui.QImage(str(PHOTO)).convertToFormat(QtGui.QImage.Format.Format_ARGB32).copy(*PART)
    if evening:
        painter = QtGui.QPainter(picture)
        painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_Multiply)
        painter.fillRect(picture.rect(), QtGui.QColor.fromRgbF(*EVENING))
        painter.end()
    document = krita().createDocument(picture.width(), picture.height(), "photo", "RGBA", "U8", "", 300.0)
    ground = bench.owned(document.rootNode().childNodes())[0]
    ground.setPixelData(_bytes(picture), 0, 0, picture.width(), picture.height())
    document.refreshProjection()
    krita().activeWindow().addView(document)
    frame = krita().activeWindow().qwindow()
    for dock in krita().dockers():
        if dock.objectName() in HIDDEN:
            dock.hide()
    docker().show()
    docker().raise_()
    frame.showNormal()
    frame.setGeometry(0, 0, *FRAME)
    yield 500
    frame.resizeDocks([docker()], [430], Qt.Orientation.Vertical)
    frame.resizeDocks([docker()], [330], Qt.Orientation.Horizontal)
    yield from until(lambda: controller().link.welcome is not None, "the daemon's welcome", 120)
    krita().action("KisToolSelectRectangular").trigger()
    krita().action("zoom_to_fit").trigger() if krita().action("zoom_to_fit") else None
    yield 500
    return document


def take(flow, number):
    """A frame: the window."""
    krita().activeDocument().waitForDone()
    yield 1500
    path = bench.artifact(f"film-{flow}-{number}")
    corner = f"{FRAME[0]}x{FRAME[1]}+0+0"
    subprocess.run(["import", "-window", "root", "-crop", corner, "+repage", str(path)], check=True)


def applied():
    panel().apply_button.click()
    yield from settle()
    yield 500


def made(document, box, class_name, seed):
    """An object that is in the picture, with its shadow; gives its layer."""
    yield from select(document, *box)
    set_form(class_name=class_name, seed=seed, variations=1, shadow=True)
    yield from insert(120)
    yield from applied()
    document.setSelection(None)
    yield 500
    return bench.layer_named(document, f"{class_name} {seed}")


def promise_film_insert(_figures):
    document = yield from scene()
    yield from select(document, *BOX)
    set_form(class_name="horse", seed=1, variations=6, shadow=True)
    yield from take("insert", 1)
    yield from insert(120)
    panel().strip.setCurrentRow(1)
    yield from settle()
    yield from take("insert", 2)
    yield from applied()
    document.setSelection(None)
    yield from take("insert", 3)


def promise_film_light(_figures):
    evening = yield from scene(evening=True)
    layer = yield from made(evening, BOX, "sheep", 6)
    bounds = layer.bounds()
    place = (bounds.x(), bounds.y(), bounds.width(), bounds.height())
    pixels = QtCore.QByteArray(layer.pixelData(*place))
    bench.close_all()
    yield 1500
    document = yield from scene()
    cut_out = document.createNode("cut-out", "paintlayer")
    cut_out.setPixelData(pixels, *place)
    document.rootNode().addChildNode(cut_out, None)
    document.setActiveNode(cut_out)
    document.refreshProjection()
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    yield from take("light", 1)
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"), 120)
    yield from settle()
    yield from take("light", 2)
    yield from applied()
    yield from take("light", 3)


def promise_film_paint(_figures):
    document = yield from scene()
    layer = yield from made(document, BOX, "horse", 1)
    _dab(layer)
    _dusk(document)
    document.setActiveNode(layer)
    document.refreshProjection()
    yield 500
    yield from take("paint", 1)
    yield from asked()
    yield from take("paint", 2)
    panel().question.buttons[Way.LIGHT].click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"), 120)
    yield from settle()
    yield from applied()
    yield from take("paint", 3)


def promise_film_look(_figures):
    document = yield from scene()
    layer = yield from made(document, (20, 350, 190, 160), "horse", 6)
    document.setActiveNode(layer)
    yield from select(document, 230, 330, 220, 180)
    yield from take("look", 1)
    panel().reference_button.layer_wanted.emit()
    yield from until(lambda: "look" in panel().reference_button.text(), "the reference is taken")
    set_form(class_name="horse", seed=10, variations=6, shadow=True)
    yield from insert(120)
    yield from settle()
    yield from take("look", 2)
    yield from applied()
    document.setSelection(None)
    yield from take("look", 3)
    panel().reference_button.set_model(None)


def promise_film_herd(_figures):
    document = yield from scene()
    yield from select(document, *MEADOW)
    set_form(class_name="sheep", seed=3, variations=6, shadow=True)
    yield from take("herd", 1)
    panel().number.box.setValue(5)
    yield from insert(120)
    yield from settle()
    yield from take("herd", 2)
    yield from applied()
    document.setSelection(None)
    yield from take("herd", 3)
    panel().number.box.setValue(1)


def tidy():
    bench.tidy()


def _bytes(picture):
    pointer = picture.constBits()
    pointer.setsize(picture.sizeInBytes())
    return QtCore.QByteArray(bytes(pointer))


def _pixels(layer):
    bounds = layer.bounds()
    width, height = bounds.width(), bounds.height()
    data = bytes(layer.pixelData(bounds.x(), bounds.y(), width, height))
    return QtGui.QImage(data, width, height, 4 * width, QtGui.QImage.Format.Format_ARGB32).copy(), bounds


def _dab(layer):
    """A red blanket, as far as the object goes."""
    picture, bounds = _pixels(layer)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_SourceAtop)
    painter.setBrush(QtGui.QColor(190, 40, 50))
    painter.setPen(Qt.PenStyle.NoPen)
    width, height = picture.width(), picture.height()
    painter.drawEllipse(width // 4, height // 4, width * 2 // 5, height // 4)
    painter.end()
    layer.setPixelData(_bytes(picture), bounds.x(), bounds.y(), width, height)


def _dusk(document):
    """Evening falls on the picture below."""
    ground = bench.owned(document.rootNode().childNodes())[0]
    picture, bounds = _pixels(ground)
    painter = QtGui.QPainter(picture)
    painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_Multiply)
    painter.fillRect(picture.rect(), QtGui.QColor(140, 145, 175))
    painter.end()
    ground.setPixelData(_bytes(picture), bounds.x(), bounds.y(), bounds.width(), bounds.height())
