"""The history that a document keeps in its file: written now and then, read once, and never trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .canvas import CanvasWork, Steps
from .history import History, Variation
from .messages import log
from .qt import QtCore
from .thumbnails import to_jpeg
from .wire.kept_history import KeptVariation, history_from_text, history_to_text, shortened

ANNOTATION = "insert_object_history"


class HistoryFile:
    """Keeps a document's history in an annotation, which a .kra file saves; ``tell`` hears of changes."""

    def __init__(self, document: Any, history: History, work: CanvasWork, tell: Callable[[], None]) -> None:
        self._document, self._history, self._work, self._tell = document, history, work, tell
        history.items = _read(document)

    def write(self) -> None:
        """Puts the history into the document, when its canvas is free."""
        self._work.submit("history", self._write)

    def mark(self, variation: Variation) -> None:
        """Keeps a variation longest, or as long as others again."""
        variation.marked = not variation.marked
        self._changed()

    def delete(self, variation: Variation) -> None:
        """Forgets a variation; what is on the canvas stays there."""
        self._history.remove(variation)
        self._changed()

    def _changed(self) -> None:
        self.write()
        self._tell()

    def _write(self) -> Steps:
        kept = []
        for item in shortened(
            [item for item in self._history.items if not item.live and item.keeps is None and not item.herd]
        ):
            if item.pixels is not None and not item.jpeg:
                item.jpeg = to_jpeg(item)
                yield
            kept.append(KeptVariation.of(item.recipe, item.jpeg, marked=item.marked))
        text = QtCore.QByteArray(history_to_text(kept))
        self._document.setAnnotation(ANNOTATION, "The variations that Insert Object made", text)
        yield


def _read(document: Any) -> list[Variation]:
    if ANNOTATION not in document.annotationTypes():
        return []
    kept = history_from_text(bytes(document.annotation(ANNOTATION)), log.warning)
    return [Variation(item.recipe, 0, 0, None, jpeg=item.jpeg, marked=item.marked) for item in kept]
