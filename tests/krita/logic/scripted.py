"""What the logic tests share: one application, a link that answers as told, pictures."""

import sys

from insert_object.client.protocol import (
    ClassInfo,
    Done,
    Layer,
    Limits,
    PixelFormat,
    PixelFrame,
    Welcome,
)
from insert_object.client.session import SessionState
from insert_object.qt import QtCore, QtWidgets, Signal
from krita import Document, Krita, Selection

application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])

CLASSES = (ClassInfo("dog", "Dog", ("brown", "black")), ClassInfo("cat", "Cat"))
WELCOME = Welcome("w", 1, "0.1.0", "stand-in", CLASSES, Limits())


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

    def expect_replies(self, owner, expecting):
        pass


def layer_reply(request, index=0, side=8, colour=(200, 100, 50, 255)):
    """A square of one colour at the corner of the request's box."""
    pixels = PixelFrame(side, side, PixelFormat.RGBA8, bytes(colour) * (side * side))
    return Layer(
        request.id, index, request.class_name, request.seed + index, request.box.x, request.box.y, pixels
    )


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


def let_live(milliseconds=30):
    """Lets timers and signals run for a while."""
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(milliseconds, loop.quit)
    (loop.exec if hasattr(loop, "exec") else loop.exec_)()
