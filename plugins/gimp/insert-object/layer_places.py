"""Where layers stand in the stack, whether what is put there can be seen, and whose pixels are their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gi.repository import Gimp
from wording import Refusal, _


def topmost(image: Gimp.Image, layers: Sequence[Gimp.Layer]) -> Gimp.Layer:
    """The uppermost of some layers; a group lies above what is in it."""
    return min(layers, key=lambda layer: _path(image, layer))


def seen_anchor(layer: Gimp.Item | None) -> Gimp.Item | None:
    """The layer, or the outermost hidden group around it: what is put above that can be seen."""
    anchor = layer
    for group in _groups_around(layer):
        if not _shows(group):
            anchor = group
    return anchor


def check_seen(layer: Gimp.Layer) -> None:
    """Makes sure that a layer that is to be changed can be seen.

    Raises:
        Refusal: it cannot, and what to do.
    """
    if not (layer.get_visible() and all(map(_shows, _groups_around(layer)))):
        raise Refusal(
            _("“{name}” is hidden.").format(name=layer.get_name()),
            _("Show it, and the groups that it is in, with the eye in the list of layers."),
        )


def can_rasterize(layer: Gimp.Layer) -> bool:
    """Whether this GIMP, 3.2 or later, makes texts, links and paths common layers without forgetting them."""
    return hasattr(layer, "is_rasterized")


def is_redrawn(layer: Gimp.Layer) -> bool:
    """Whether GIMP makes the layer's pixels from something else: a text, and from 3.2 on a file or a path."""
    if can_rasterize(layer) and layer.is_rasterized():
        return False
    kinds = (getattr(layer, f"is_{kind}_layer", None) for kind in ("text", "link", "vector"))
    return any(is_kind() for is_kind in kinds if is_kind is not None)


def check_unlocked(layer: Gimp.Layer) -> None:
    """Makes sure that no group around the layer keeps its pixels or its size from changing.

    Raises:
        Refusal: one does, and what to do.
    """
    if any(group.get_lock_content() or group.get_lock_position() for group in _groups_around(layer)):
        raise Refusal(
            _("The layer “{name}” is locked.").format(name=layer.get_name()),
            _("Unlock it and the group it is in, then try again."),
        )


def _shows(group: Gimp.Item) -> bool:
    return bool(group.get_visible() and group.get_opacity() > 0)


def _groups_around(item: Gimp.Item | None) -> Iterator[Gimp.Item]:
    """From the innermost group to the outermost."""
    group = item.get_parent() if item is not None else None
    while group is not None:
        yield group
        group = group.get_parent()


def _path(image: Gimp.Image, item: Gimp.Item) -> list[int]:
    """Positions from the top level down to the item."""
    around = [item, *_groups_around(item)]
    return [image.get_item_position(each) for each in reversed(around)]
