"""What the plug-in reads of a picture, asked inside GIMP. Imported by inside.py."""

from __future__ import annotations

import base64
import resource
from collections.abc import Sequence
from typing import Any

from gi.repository import Gimp
from inside_images import _image_of, _item_of
from inside_plug_in import _plug_in_modules


def selection_shape(image: int, window: list[int], size: list[int]) -> str:
    """The plug-in's own reading of the selection in a window, a8 in base64."""
    picture, rectangle = _plug_in_modules()
    frame = picture.selection_shape(_image_of(image), rectangle(*window), tuple(size))
    return base64.b64encode(frame.data).decode()


def read_window(
    image: int, window: list[int], size: list[int], without: Sequence[int] = ()
) -> dict[str, Any]:
    """The plug-in's own reading of what the user sees but for some layers: its pixels, how many MiB more this
    process took for it, whether GIMP had to put all layers together, and the digest of what is seen."""
    _picture, rectangle = _plug_in_modules()
    import seen

    target, layers, asked = _image_of(image), [_item_of(layer) for layer in without], []
    real = Gimp.Layer.new_from_visible

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return real(*arguments)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Gimp.Layer.new_from_visible = counted
    try:
        frame = seen.visible_pixels(target, rectangle(*window), tuple(size), layers)
    finally:
        Gimp.Layer.new_from_visible = real
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "pixels": base64.b64encode(frame.data).decode(),
        "mebibytes": grown / 1024,
        "put_together": bool(asked),
        "digest": seen.scene_digest(target, rectangle(*window)).hex(),
    }


def scene_of_edited_object(image: int) -> dict[str, Any]:
    """What the plug-in sends when the active object layer is edited: the window and its pixels, rgba8."""
    _plug_in_modules()
    import composing
    import subject

    from wire.protocol import Limits, Welcome

    edited = subject.choose_subject(_image_of(image), box=None, prefer_new=False)
    welcome = Welcome("", 1, "", "", (), Limits())
    box = edited.box(edited.ground(), use_shape=False)
    scene = composing.read_scene(edited, box, welcome, use_shape=False)
    window = scene.area.window
    place = [window.x, window.y, scene.pixels.width, scene.pixels.height]
    return {"place": place, "pixels": base64.b64encode(scene.pixels.data).decode()}
