"""What Krita's own menu entries can do in one undo step, or without one, and a script's calls cannot.

Krita records every call of a script that adds or removes a layer as a step of its own. But its *Convert to
Paint Layer* replaces a layer in one step, and its *Undo* takes a step back without leaving another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from krita import Krita

from .documents import is_attached, is_large, layer_id, owned
from .qt import QtCore

PATIENCE_SECONDS = 2.0  # for Krita to do what its menu entry was told
UNDO_SECONDS = 0.4  # for an undo: it takes a tenth, and another step would be out of sight that long


def is_in_front(document: Any) -> bool:
    """Whether Krita's menu entries work on this document now."""
    active = Krita.instance().activeDocument()
    return active is not None and active == document


def can_be_replaced(document: Any, node: Any) -> bool:
    """Whether Krita would put a new layer in the place of this one; where not, it may say so itself."""
    return (
        node.parentNode() is not None
        and is_in_front(document)
        and not any(above.locked() for above in _above(node))
    )


def replaced(document: Any, node: Any) -> Generator[None, None, Any | None]:
    """Puts a new paint layer in the place of a layer or a group, in one undo step; ``node`` stays untouched.

    Krita does it a moment later: the generator yields until then. It returns the layer, or None where Krita
    does not do it: the document is not in front, or a group around the layer is locked.
    """
    action, parent = Krita.instance().action("flatten_layer"), node.parentNode()
    if action is None or not can_be_replaced(document, node):
        return None
    before = {layer_id(child) for child in owned(parent.childNodes())}
    document.setActiveNode(node)
    active, locked = document.activeNode(), node.locked()
    if active is None or layer_id(active) != layer_id(node):
        return None
    node.setLocked(False)  # Krita replaces no locked layer
    action.trigger()
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        new = [child for child in owned(parent.childNodes()) if layer_id(child) not in before]
        if (new and not is_attached(node)) or time.monotonic() > end:
            break
        yield  # Document.waitForDone would hold the window up
    node.setLocked(locked)
    return new[0] if len(new) == 1 and not is_attached(node) else None


def _above(node: Any) -> Iterator[Any]:
    parent = node.parentNode()
    while parent is not None:
        yield parent
        parent = parent.parentNode()


class LastStep:
    """The undo step that the plug-in has just made, to be taken back as long as it is the latest."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._name = ""
        QtCore.QTimer.singleShot(0, self._read_name)  # Krita's menu tells it a moment later

    def _read_name(self) -> None:
        self._name = self._latest()

    def _latest(self) -> str:
        action = Krita.instance().action("edit_undo") if is_in_front(self._document) else None
        return str(action.text()) if action is not None else ""

    def take_back(self, is_undone: Callable[[], bool]) -> Generator[None, None, bool]:
        """Undoes the step; returns False, with nothing changed, where it is not the latest any more."""
        if not self._name or self._latest() != self._name:
            return False
        Krita.instance().action("edit_undo").trigger()
        end = time.monotonic() + (PATIENCE_SECONDS if is_large(self._document) else UNDO_SECONDS)
        while not is_undone():
            if time.monotonic() > end:  # that was another step of the same name
                Krita.instance().action("edit_redo").trigger()
                self._document.waitForDone()
                return False
            yield  # Document.waitForDone would hold the window up
        return True
