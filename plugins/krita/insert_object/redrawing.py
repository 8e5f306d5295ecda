"""Redrawing only a part of the picture, and adding a layer to a large one without redrawing all of it.

``Document.refreshProjection`` and ``Node.addChildNode`` redraw the whole picture and hold Krita's window up
meanwhile: in one of 6000 × 8000 pixels with three layers for a second and more. Krita's own menu entries do
less: *Toggle Layer Visibility* redraws where the layer is, beside the window's thread, and leaves no undo
step when it is triggered twice; *Add Paint Layer* and *Add Group* redraw nothing, since what they add is
empty. That one of the latter is undone therefore has to be watched for (``Preview.follow_undo``); then all
of the picture is drawn, since the entry that draws a part takes away what the user could still redo.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from krita import Krita

from .documents import is_attached, is_large, is_mask, layer_id, owned, walk
from .undo_steps import is_in_front

ADDING_SECONDS = 10.0  # for Krita to add a layer: it finishes first what it is at, and does it in any case
MOST_LAYERS = 16  # that are redrawn one by one, 51 to 168 ms each; all of the picture takes 1.0 to 3.9 s
_ADD = {"paintlayer": "add_new_paint_layer", "grouplayer": "add_new_group_layer"}


def redraw(document: Any, nodes: Iterable[Any]) -> None:
    """Has Krita show what was done to the pixels or the visibility of these layers; no undo step.

    In a large picture only where they are, and a moment later; groups count with what they hold.
    """
    layers = [layer for node in nodes if node is not None and is_attached(node) for layer in _layers_of(node)]
    is_little = is_large(document) and len(layers) <= MOST_LAYERS
    if not (is_little and is_in_front(document) and _redraw_there(document, layers)):
        redraw_all(document)


def redraw_all(document: Any) -> None:
    """Has Krita compute the whole picture anew, while it waits; no undo step."""
    document.refreshProjection()


def _layers_of(node: Any) -> Iterator[Any]:
    if node.type() != "grouplayer":  # which has no place of its own: Krita would redraw everything
        yield node
        return
    for child in owned(node.childNodes()):
        yield from () if is_mask(child) else _layers_of(child)


def _redraw_there(document: Any, layers: list[Any]) -> bool:
    """Returns whether Krita did it."""
    toggle, active = Krita.instance().action("toggle_layer_visibility"), document.activeNode()
    if toggle is None or active is None or not layers:
        return False
    done = all(_toggled_twice(document, layer, toggle) for layer in layers)
    document.setActiveNode(active)
    return done


def _toggled_twice(document: Any, node: Any, toggle: Any) -> bool:
    """Whether the entry worked on this layer, which is then seen, or not, as before."""
    document.setActiveNode(node)
    was = node.visible()
    toggle.trigger()
    worked = node.visible() is not was
    toggle.trigger()  # also where it was another layer that was toggled
    return bool(worked and node.visible() is was)


def _lies_on(below: Any, node: Any) -> bool:
    """Whether a layer lies right above another one; a selection that is a mask may be between."""
    siblings = [layer_id(one) for one in owned(node.parentNode().childNodes()) if not is_mask(one)]
    place = siblings.index(layer_id(node))
    return place > 0 and siblings[place - 1] == layer_id(below)


def added_empty(document: Any, kind: str, above: Any | None) -> Generator[None, None, Any | None]:
    """Adds an empty layer or group above ``above``, by Krita's own entry, in one undo step.

    Yields until it is there. None, with nothing changed, where it would land elsewhere.
    """
    action = Krita.instance().action(_ADD[kind])
    if action is None or above is None or not is_in_front(document):
        return None
    before = {layer_id(node) for node in walk(document.rootNode())}
    active = document.activeNode()
    closes = above.type() == "grouplayer" and not above.collapsed()
    if closes:
        above.setCollapsed(True)  # else the new one would land in it
    document.setActiveNode(above)
    action.trigger()
    end = time.monotonic() + ADDING_SECONDS
    new: list[Any] = []
    while not new and time.monotonic() < end:
        new = [node for node in walk(document.rootNode()) if layer_id(node) not in before]
        if not new:
            yield
    if closes:
        above.setCollapsed(False)
    if len(new) == 1 and _lies_on(above, new[0]):
        return new[0]
    if new:
        Krita.instance().action("edit_undo").trigger()
    while any(is_attached(node) for node in new) and time.monotonic() < end:
        yield
    if active is not None:
        document.setActiveNode(active)
    return None
