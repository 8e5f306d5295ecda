"""What the promises share: pictures, selections, layers, the plug-in's objects, screenshots, a stopwatch."""

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from insert_object.controller import Controller
from insert_object.documents import owned
from insert_object.qt import Qt, QtCore, QtGui, QtWidgets
from krita import Krita, Selection
from promises import until

PICTURE = (2000, 1500)
BOX = (700, 500, 512, 512)
COLOUR_SPACES = (  # model and depth, besides the usual RGBA U8
    ("RGBA", "U16"),
    ("RGBA", "F16"),
    ("RGBA", "F32"),
    ("GRAYA", "U8"),
    ("CMYKA", "U8"),
    ("LABA", "U16"),
)


def krita():
    return Krita.instance()


def controller():
    """The plug-in's centre."""
    return krita().findChild(Controller)  # asking for extensions() crashes Krita 5.3


def docker():
    return controller().dockers[0]


def panel():
    return docker().panel


def open_picture(width=PICTURE[0], height=PICTURE[1], model="RGBA", depth="U8", profile=""):
    """A picture with a view in the window, a gradient on its only layer: yields until it is in front."""
    document = krita().createDocument(width, height, "picture", model, depth, profile, 300.0)
    layer = owned(document.rootNode().childNodes())[0]
    if (model, depth) == ("RGBA", "U8"):
        layer.setPixelData(QtCore.QByteArray(_meadow(width, height)), 0, 0, width, height)
    document.refreshProjection()
    krita().activeWindow().addView(document)
    make_room()
    yield from until(lambda: docker()._desk is not None and docker()._desk.document == document, "its desk")
    yield from until(lambda: controller().link.welcome is not None, "the daemon's welcome", 60)
    yield 200
    return document


def make_room():
    """The window fills the screen and the docker has the height that it wants."""
    frame = krita().activeWindow().qwindow()
    if not frame.isMaximized():
        frame.showMaximized()
    next(dock for dock in krita().dockers() if dock.objectName() == "PresetDocker").hide()
    docker().show()
    docker().raise_()
    frame.resizeDocks([docker()], [420], Qt.Orientation.Vertical)


def _meadow(width, height):
    image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_ARGB32)
    painter = QtGui.QPainter(image)
    light = QtGui.QLinearGradient(0, 0, 0, height)
    for place, colour in ((0, "#7fb2e8"), (0.5, "#d8e6f2"), (0.51, "#6f9a4a"), (1, "#3c5a26")):
        light.setColorAt(place, QtGui.QColor(colour))
    painter.fillRect(image.rect(), light)
    painter.end()
    pointer = image.constBits()
    pointer.setsize(image.sizeInBytes())
    return bytes(pointer)


def select(document, x, y, width, height):
    """A rectangular selection; yields until the docker has seen it."""
    selection = Selection()
    selection.select(x, y, width, height, 255)
    document.setSelection(selection)
    yield from until(lambda: seen_box() == (x, y, width, height), "the docker sees the selection")


def select_ellipse(document, x, y, width, height):
    """An elliptical selection with a soft edge."""
    image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.GlobalColor.white)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(0, 0, width, height)
    painter.end()
    from insert_object.pixels import packed

    selection = Selection()
    selection.setPixelData(QtCore.QByteArray(packed(image)), x, y, width, height)
    document.setSelection(selection)
    wanted = (x, y, width, height)
    yield from until(
        lambda: (
            panel()._shape_possible and max(abs(a - b) for a, b in zip(seen_box(), wanted, strict=True)) <= 2
        ),
        "the docker sees the ellipse",
    )


def seen_box():
    info = docker()._selection
    return None if info is None else (info.box.x, info.box.y, info.box.width, info.box.height)


def desk():
    return docker()._desk


def set_form(**values):
    """Changes settings in the docker as a user would."""
    form = panel().form()
    if "seed" in values:
        values = {"keep_seed": True, **values}
    of_wish = {name: value for name, value in values.items() if hasattr(form.wish, name)}
    own = {name: value for name, value in values.items() if name not in of_wish}
    panel().set_form(replace(form, wish=replace(form.wish, **of_wish), **own))


def insert(seconds=30.0):
    """Presses Insert and waits until every variation has come and the first is shown."""
    before = len(desk().history)
    panel().insert_button.click()
    yield from until(
        lambda: desk().is_idle and len(desk().history) > before, failure_or("the variations"), seconds
    )
    yield from until(lambda: desk().preview.is_shown, failure_or("the preview"))


def failure_or(what):
    """What was waited for, with the message that the docker shows instead."""

    class Reason:
        def __str__(self):
            message = desk().message if desk() else None
            return f"{what}; the docker says {message}"

    return Reason()


def settle():
    """Lets everything that is under way come to its end."""
    yield from until(lambda: desk() is None or desk().is_idle, failure_or("rest"))
    yield 60


def layers(document):
    """Names of the top layers, lowest first, without masks."""
    return [n.name() for n in owned(document.rootNode().childNodes()) if not n.type().endswith("mask")]


def layer_named(document, name):
    from insert_object.documents import walk

    return next(node for node in walk(document.rootNode()) if node.name() == name)


def undo():
    yield from _trigger("edit_undo")


def redo():
    yield from _trigger("edit_redo")


def _trigger(action):
    krita().activeDocument().waitForDone()
    yield from until(krita().action(action).isEnabled, f"{action} is enabled")
    krita().action(action).trigger()
    yield 200
    krita().activeDocument().waitForDone()
    yield 200


def colour_at(document, x, y):
    """R, G, B of the projection in sRGB."""
    colour = QtGui.QColor(document.projection(x, y, 1, 1).pixel(0, 0))
    return colour.red(), colour.green(), colour.blue()


def export_options():
    """For Document.exportImage, which asks nothing then."""
    from krita import InfoObject

    return InfoObject()


def close_all():
    """Closes every picture without asking."""
    for document in owned(krita().documents()):
        document.setBatchmode(True)
        document.setModified(False)
        for view in owned(krita().activeWindow().views()):
            if view.document() == document:
                view.close() if hasattr(view, "close") else None
        document.close()


def screenshot(name):
    """The whole screen into the folder of artifacts."""
    subprocess.run(["import", "-window", "root", str(artifact(name))], check=True)


def artifact(name):
    """Where a picture of that name is kept for somebody to look at."""
    return Path(os.environ["INSERT_OBJECT_ARTIFACTS"]) / f"{name}.png"


def xdotool(*arguments):
    subprocess.run(["xdotool", *map(str, arguments)], check=True)


def modal_box():
    """The title of a modal box, or None: an exception in a slot would bring one up."""
    box = QtWidgets.QApplication.activeModalWidget()
    return None if box is None else box.windowTitle()


class SlotWatch:
    """How long the plug-in's own slots hold up the event loop, at worst, in milliseconds.

    Krita lets events through while some of its calls wait, so a slot counts by the longest time in which
    no timer fired within it. Of each also the time that this thread computed: on a busy machine it is less
    than what passed. And of the steps of the canvas' work the longest, with the place in the code where it
    began.
    """

    def __init__(self):
        from insert_object.canvas import CanvasWork
        from insert_object.docker import InsertObjectDocker
        from insert_object.link import Link

        self.worst = {}
        self._undo = []
        self._last = 0.0  # when a timer fired last
        self._running = []  # of each slot that runs, the outermost first: when it began, its longest hold
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)
        slots = ("_look", "_render", "insert", "_choose", "_apply", "_discard", "_keep_form")
        for owner, name in (
            (CanvasWork, "_work_a_while"),
            (Link, "_pass_on"),
            *((InsertObjectDocker, n) for n in slots),
        ):
            self._wrap(owner, name, lambda _this, key=f"{owner.__name__}.{name}": key)
        self._wrap(CanvasWork, "_step", lambda work: "step " + _place(work._running))

    def _wrap(self, owner, name, key_of):
        original = getattr(owner, name)

        def timed(this, *arguments):
            key, computed = key_of(this), time.thread_time()
            self._running.append([time.perf_counter(), 0.0])
            try:
                return original(this, *arguments)
            finally:
                began, held = self._running.pop()
                held = max(held, time.perf_counter() - max(began, self._last))
                took = held * 1000, (time.thread_time() - computed) * 1000
                self.worst[key] = max(self.worst.get(key, (0.0, 0.0)), took)

        setattr(owner, name, timed)
        self._undo.append((owner, name, original))

    def _tick(self):
        now = time.perf_counter()
        for slot in self._running:
            slot[1] = max(slot[1], now - max(slot[0], self._last))
        self._last = now

    def stop(self):
        self._timer.stop()
        for owner, name, original in self._undo:
            setattr(owner, name, original)
        slots = {key: took for key, took in self.worst.items() if not key.startswith("step")}
        steps = sorted((took, key) for key, took in self.worst.items() if key.startswith("step"))
        shown = {**slots, **{key: took for took, key in steps[-3:]}}
        return {key: f"{took:.0f} ({computed:.0f} computed)" for key, (took, computed) in shown.items()}


def _place(steps):
    """Where a generator stands, with the generators inside it."""
    places = []
    while steps is not None and getattr(steps, "gi_frame", None) is not None:
        places.append(f"{steps.gi_code.co_name}:{steps.gi_frame.f_lineno}")
        steps = steps.gi_yieldfrom
    return " > ".join(places[-3:]) or "start"


def tidy():
    """Between two promises: no picture, no Live, no modal box."""
    set_form(live=False, variations=4, seed=1, pack="", style="", shadow=False)
    close_all()
    assert modal_box() is None, modal_box()


def started(document, **form):
    """A picture with the usual box selected; a shadow where a promise asks for one."""
    yield from select(document, *BOX)
    set_form(**{"variations": 2, "seed": 42, "shadow": False, **form})
