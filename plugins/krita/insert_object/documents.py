"""Finding documents and layers again, safely, through Krita's scripting interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from krita import Krita

from .qt import sip
from .wire.protocol import Rect

LARGE_PIXELS = 12_000_000  # of a picture; in smaller ones redrawing all of it is not felt


def owned(items: list[Any]) -> list[Any]:
    """A list from Krita, handed over to Python: otherwise its wrappers are never freed."""
    for item in items:
        if item is not None:
            sip.transferback(item)
    return items


def is_open(document: Any) -> bool:
    """False once the document was closed; its wrapper then answers nothing but 0 and None."""
    return any(document == other for other in owned(Krita.instance().documents()))


def is_large(document: Any) -> bool:
    """Whether redrawing the whole picture would be felt."""
    return bool(document.width() * document.height() >= LARGE_PIXELS)


def layer_id(node: Any) -> str:
    return str(node.uniqueId().toString())


def walk(node: Any) -> Iterator[Any]:
    """Every node below ``node``, children before their younger siblings."""
    for child in owned(node.childNodes()):
        yield child
        yield from walk(child)


def find_layer(document: Any, identity: str) -> Any | None:
    """The layer of that id, or None. (``nodeByUniqueID`` gives no usable object in Krita 5.1.)"""
    root = document.rootNode()
    if root is None or not identity:
        return None
    return next((node for node in walk(root) if layer_id(node) == identity), None)


def is_mask(node: Any) -> bool:
    return bool(node.type().endswith("mask"))


def is_attached(node: Any) -> bool:
    """False when the node was removed or its creation undone."""
    return node.parentNode() is not None


def insertion_point(
    document: Any, anchor: str, closed: frozenset[str] = frozenset()
) -> tuple[Any, Any | None]:
    """Parent and lower neighbour of a new layer above the layer ``anchor`` (an id; the active one if gone).

    A mask cannot carry a layer, so its own layer counts; nothing is put into a locked group, nor into one
    of the groups whose ids are ``closed``, so the place above that group counts.
    """
    root = document.rootNode()
    node = find_layer(document, anchor) or document.activeNode()
    while node is not None and node != root and is_mask(node):
        node = node.parentNode()
    place = node
    while node is not None and node != root:
        parent = node.parentNode()
        if parent is None:
            place = None
            break
        if parent != root and (parent.locked() or layer_id(parent) in closed):
            place = parent
        node = parent
    if place is None or place == root:
        return root, _topmost(root)
    return place.parentNode(), place


def _topmost(root: Any) -> Any | None:
    """The uppermost layer; with None as neighbour a layer would land above the hidden Selection Mask."""
    layers = [node for node in owned(root.childNodes()) if not is_mask(node)]
    return layers[-1] if layers else None


def lone_layer(document: Any, besides: list[Any]) -> Any | None:
    """The one layer that alone makes up the picture ``besides`` those, if that is so beyond doubt."""
    left_out = {layer_id(node) for node in besides}
    visible = [
        node for node in owned(document.rootNode().childNodes()) if node.visible() and not is_mask(node)
    ]
    others = [node for node in visible if layer_id(node) not in left_out]
    if len(others) != 1 or len(visible) - len(others) != len(left_out):
        return None
    layer = others[0]
    plain = layer.type() == "paintlayer" and layer.opacity() == 255 and layer.blendingMode() == "normal"
    styled = bool(layer.layerStyleToAsl()) if hasattr(layer, "layerStyleToAsl") else False
    same_space = (layer.colorModel(), layer.colorDepth(), layer.colorProfile()) == (
        document.colorModel(),
        document.colorDepth(),
        document.colorProfile(),
    )
    return layer if plain and same_space and not styled else None


def layer_below(node: Any) -> Any | None:
    """The layer right below one, in its group."""
    parent = node.parentNode()
    siblings = owned(parent.childNodes()) if parent is not None else []
    places = [place for place, sibling in enumerate(siblings) if layer_id(sibling) == layer_id(node)]
    return siblings[places[0] - 1] if places and places[0] > 0 else None


def bounds_of(node: Any) -> Rect:
    """The rectangle that holds the node's pixels; empty if it has none."""
    bounds = node.bounds()
    return Rect(bounds.x(), bounds.y(), max(0, bounds.width()), max(0, bounds.height()))
