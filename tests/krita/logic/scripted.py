"""What the logic tests share: one application, a link that answers as told, pictures."""

import sys
import time

from insert_object.form import Form
from insert_object.qt import QtCore, QtWidgets, Signal
from insert_object.wire.layer_record import Recipe
from insert_object.wire.protocol import (
    ClassInfo,
    Done,
    Layer,
    Limits,
    PackInfo,
    PixelFormat,
    PixelFrame,
    Welcome,
    Wish,
)
from insert_object.wire.session import SessionState
from krita import Document, Krita, Selection

application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])

CLASSES = (ClassInfo("dog", "Dog", ("brown", "black")), ClassInfo("cat", "Cat"))
PACKS = (PackInfo("lamps", "Lamps", (ClassInfo("lamp", "Lamp", ("brass",)), ClassInfo("dog", "Dog lamp"))),)
WELCOME = Welcome("w", 1, "0.1.0", "stand-in", CLASSES, Limits())
WELCOME_WITH_PACKS = Welcome("w", 1, "0.1.0", "stand-in", CLASSES, Limits(), PACKS)


class ScriptedLink(QtCore.QObject):
    """A link that keeps what is sent and answers when a test says so."""

    changed = Signal()
    replied = Signal(object)

    def __init__(self):
        super().__init__()
        self.sent = []
        self.state, self.fraction, self.error, self.welcome = SessionState.READY, 0.0, None, WELCOME

    def open(self):
        pass

    def send(self, request):
        self.sent.append(request)

    def expect_replies(self, owner, *, expecting):
        pass


def form_of(class_name="", style="", seed=1, variations=4, *, use_shape=False, live=False, **choices):
    """The docker's settings, the wish's fields among them; a shadow where a test asks for one."""
    wish = Wish(class_name, style=style, seed=seed, **{"shadow": False, **choices})
    return Form(wish, variations, use_shape, live)


def recipe_of(class_name, seed, box, shape=None, **choices):
    """A recipe, the wish's fields among its arguments; a shadow where a test asks for one."""
    return Recipe(Wish(class_name, box, seed, **{"shadow": False, **choices}), shape)


class Asked:
    """What a reply needs to know of a request."""

    id = "1"

    def __init__(self, recipe):
        self.wish = recipe.wish


def layer_reply(request, index=0, side=8, colour=(200, 100, 50, 255)):
    """A square of one colour at the corner of the request's box; shadows below it, if asked for."""
    pixels = PixelFrame(side, side, PixelFormat.RGBA8, bytes(colour) * (side * side))
    shadow = PixelFrame(side, 2, PixelFormat.RGBA8, bytes((0, 0, 0, 90)) * (side * 2))
    wish = request.wish
    place = wish.box.x, wish.box.y
    below = (shadow, place[0], place[1] + side) if wish.shadow else (None, 0, 0)
    cast = PixelFrame(side, 3, PixelFormat.RGBA8, bytes((9, 9, 9, 60)) * (side * 3))
    beside = (cast, place[0] + side, place[1] + side) if wish.cast_shadow else (None, 0, 0)
    return Layer(request.id, index, wish.class_name, wish.seed + index, *place, pixels, *below, *beside)


def done_reply(request, *notes):
    return Done(request.id, notes)


def picture(width=64, height=64, box=None):
    """An open picture with a rectangular selection."""
    document = Document(width, height)
    Krita.instance().open_documents.append(document)
    if box is not None:
        selection = Selection(width, height)
        selection.select(*box, 255)
        document.setSelection(selection)
    return document


def until(holds, seconds=20):
    """Lets timers and signals run until ``holds()``; fails where that does not come about."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"it has not come about within {seconds} seconds")
        _run_for(5)


def settle(desk):
    """Lets all that a desk has begun come to its end, however busy the machine is."""
    until(lambda: desk._work.idle)
    _run_for(0)  # what was put off to the next turn of the event loop


def _run_for(milliseconds):
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(milliseconds, loop.quit)
    (loop.exec if hasattr(loop, "exec") else loop.exec_)()
