"""A layer whose own pixels are given the scene's light: what is sent of it, and what it remembers."""

from __future__ import annotations

from array import array
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from .annotations import kept_pixels, light_record_of, remember_light
from .canvas import Steps
from .colour_spaces import Space, converted, srgb_space
from .documents import bounds_of, layer_id
from .history import Kept, LightChoice, Variation
from .object_layers import ObjectLayers, lit_layers_of, object_of
from .pixels import CONVERTED_STRIP, read_scene, swapped_16
from .qt import QtCore
from .redrawing import redraw
from .translations import tr
from .wire.layer_record import LayerRecord, Recipe
from .wire.light_record import LightRecord, digest, unpacked
from .wire.protocol import (
    MAX_FRAME_SIDE,
    WITHOUT_SHADOWS,
    ErrorCode,
    InsertObjectError,
    Light,
    Lit,
    PixelFormat,
    PixelFrame,
    Rect,
    Wish,
)
from .wire.request import light_request, lit_area

_WORDS = {"U8": "B", "U16": "H", "F16": "H", "F32": "I"}  # arrays of samples that are only moved about


@dataclass(frozen=True)
class CutOut:
    """A layer as it was before any light. ``own`` are its pixels in ``rect``, in its own colour space."""

    rect: Rect
    own: bytes
    sent: PixelFrame
    space: Space


class LayerLight:
    """The light of one layer while the user chooses how much of it there shall be."""

    def __init__(self, document: Any, node: Any, saved: Kept | None = None) -> None:
        """``saved``: how the preview was lit that a document was saved with; its layer is hidden, and was
        found good before.

        Raises:
            InsertObjectError: there is no such layer, or its pixels cannot be given light.
        """
        if saved is None:
            _check(document, node)
        found = object_of(document, node)
        self.document = document
        self._layers = found[0] if found is not None else lit_layers_of(document, node) or ObjectLayers(node)
        self.node = self._layers.layer
        self._record: LayerRecord | None = found[1] if found is not None else None
        self.shadows = self._layers.shadows
        self.cut_out: CutOut | None = None
        self._scene: PixelFrame | None = None
        # Once they are judged:
        self.adjustments: dict[str, float] | None = dict(saved.adjustments) if saved is not None else None
        self.wanted = saved.choice if saved is not None else LightChoice()
        self.asked = self.shown = saved.choice if saved is not None else None  # asked for last; seen
        self._before = light_record_of(document, layer_id(self.node))
        if saved is None:
            _check(document, self.node)

    def read_scene(self, source: Any) -> Steps:
        """Reads the scene from ``source``, in which the layer is not to be seen."""
        if self.cut_out is None:
            raise ValueError("the layer is read before the scene")
        width, height = self.document.width(), self.document.height()
        area = lit_area(self.cut_out.rect, width, height)
        self._scene = yield from read_scene(source, area.window, (area.width, area.height))

    def read_layer(self) -> Steps:
        """Reads the layer: what cannot be lit is told before anything is hidden."""
        self.cut_out = yield from self._read_layer()

    @property
    def had(self) -> Wish:
        """A wish of the shadows that the layer has, with the numbers that they were made of."""
        wish = self._record.wish if self._record is not None else Wish()
        contact, cast = self._layers.shadow is not None, self._layers.cast is not None
        return replace(wish, shadow=contact, cast_shadow=cast)

    def replaced_by(self, choice: LightChoice | None) -> ObjectLayers:
        """What makes way for the lit layer: the layer alone, unless there are new shadows."""
        stays = choice is None or choice.shadows is None
        return ObjectLayers(self.node) if stays else self._layers

    @property
    def is_read(self) -> bool:
        return self._scene is not None

    def request(self) -> Light:
        """A request for what is wanted now."""
        if self.cut_out is None or self._scene is None:
            raise ValueError("the layer was not read yet")
        self.asked = self.wanted
        return light_request(
            self.cut_out.rect,
            self.document.width(),
            self.document.height(),
            self._scene,
            self.cut_out.sent,
            strength=self.wanted.strength,
            adjustments=self.adjustments,
            wish=self.wanted.shadows or WITHOUT_SHADOWS,
        )

    def variation(self, lit: Lit) -> Variation:
        """What is to be seen on the canvas for an answer."""
        if self.cut_out is None or self.asked is None:
            raise ValueError("the layer was not read yet")
        self.adjustments = dict(lit.adjustments)
        rect = self.cut_out.rect
        recipe = self.asked.wished(self._record.recipe if self._record is not None else Recipe(Wish()))
        keeps = Kept(self.node.name(), self._record, self.asked, self.adjustments)
        variation = Variation(recipe, rect.x, rect.y, lit.pixels, keeps=keeps)
        variation.take_shadows(lit)
        return variation

    @property
    def is_under_way(self) -> bool:
        """Whether something was asked for that is not on the canvas yet."""
        return self.asked != self.shown

    def give_up(self) -> None:
        """The last answer will not come: what is on the canvas is what the user has."""
        self.wanted = self.shown or LightChoice()
        self.asked = self.shown

    @property
    def is_current(self) -> bool:
        """Whether the canvas shows what the user wants."""
        return self.shown == self.wanted

    def _settle(self, node: Any, rect: Rect, own: bytes) -> LightRecord | None:
        """Gives the layer that stays its exact pixels: alpha bit for bit, and all of it at strength 0.

        ``own``: its pixels before any light, in its colour space.

        Returns:
            What it is to remember; None where it has its own pixels again.
        """
        place = rect.x, rect.y, rect.width, rect.height
        strength = 0.0 if self.shown is None else self.shown.strength
        if not (strength > 0 and self.adjustments and any(self.adjustments.values())):
            node.setPixelData(QtCore.QByteArray(own), *place)
            return None
        now = bytes(node.pixelData(*place))
        if len(now) == len(own):
            word = _WORDS[node.colorDepth()]
            lit, was = array(word, now), array(word, own)
            channels = len(lit) // (rect.width * rect.height)
            lit[channels - 1 :: channels] = was[channels - 1 :: channels]
            now = lit.tobytes()
            node.setPixelData(QtCore.QByteArray(now), *place)
        return LightRecord(digest(now), strength, self.adjustments)

    def keep(self, layers: ObjectLayers) -> Steps:
        """Gives the layer that stays its exact pixels, and keeps its own from before in the document."""
        if self.cut_out is None:
            raise ValueError("the layer was not read yet")
        node, rect = layers.layer, self.cut_out.rect
        own = yield from _in_space(self.cut_out.own, rect, self.cut_out.space, Space.of(node))
        record = self._settle(node, rect, own)
        kept = own if record is not None else None
        if self._record is None:  # which would tell what belongs to the layer
            record = self._with_shadows(record, layers)
        if record is not None:
            remember_light(self.document, layer_id(node), record, kept)
        redraw(self.document, (node,))
        yield

    def _with_shadows(self, record: LightRecord | None, layers: ObjectLayers) -> LightRecord | None:
        """What a layer that was not made here is to remember of its shadows, too."""
        is_in_place = self.shown is None or self.shown.shadows is None
        around = replace(self._layers, layer=layers.layer) if is_in_place else layers
        if not around.shadows:
            return record
        shadow, cast, group = (
            layer_id(node) if node is not None else "" for node in (around.shadow, around.cast, around.group)
        )
        return replace(record or LightRecord("", 0.0), shadow=shadow, cast=cast, group=group)

    def _read_layer(self) -> Generator[None, None, CutOut]:
        rect, space = bounds_of(self.node), Space.of(self.node)
        if rect.width < 1 or rect.height < 1:
            raise _refusal(tr("The layer is transparent everywhere."), tr("Choose the layer of the object."))
        if max(rect.width, rect.height) > MAX_FRAME_SIDE:
            raise InsertObjectError(
                ErrorCode.TOO_LARGE,
                tr("The layer is {width} × {height} pixels.", width=rect.width, height=rect.height),
                tr("Scale it down to at most {side} pixels on the longer side.", side=MAX_FRAME_SIDE),
            )
        own = _raw(self.node, rect)
        if self._before is not None and self._before.lit == digest(own):
            own = unpacked(kept_pixels(self.document, layer_id(self.node)), len(own)) or own
        yield
        sent = yield from _for_the_wire(own, rect, space)
        if _is_opaque(sent):
            raise _refusal(
                tr("The layer has no transparency, so nobody knows where the object ends."),
                tr("Cut it out first: select what surrounds the object and press Delete."),
            )
        return CutOut(rect, own, sent, space)


def saved_light(
    document: Any, variation: Variation | None, replaced: ObjectLayers | None
) -> LayerLight | None:
    """The light whose preview a document was saved with; None where it was another preview."""
    if variation is None or variation.keeps is None or replaced is None:
        return None
    return LayerLight(document, replaced.layer, variation.keeps)


def can_be_lit(document: Any, node: Any) -> bool:
    """Whether a node is a layer with pixels of its own, or one that belongs to such a layer."""
    if node.type() == "paintlayer" or object_of(document, node) is not None:
        return True
    return lit_layers_of(document, node) is not None


def _check(document: Any, node: Any) -> None:
    if node is None:
        raise _refusal(tr("No layer is active."), tr("Choose the layer to be lit."))
    if not can_be_lit(document, node):
        raise _refusal(
            tr("Only a paint layer has pixels of its own."),
            tr("Choose one, or make one of this: Layer ▸ Convert ▸ to Paint Layer."),
        )
    above = node
    while above is not None and above.parentNode() is not None:
        if not above.visible():
            raise _refusal(tr("The layer is hidden."), tr("Show it, and the groups that it is in."))
        above = above.parentNode()


def _refusal(sentence: str, hint: str) -> InsertObjectError:
    return InsertObjectError(ErrorCode.BAD_REQUEST, sentence, hint)


def _raw(node: Any, rect: Rect) -> bytes:
    """A layer's pixels in its own colour space, under its masks if it has any."""
    read = node.projectionPixelData if node.childNodes() else node.pixelData
    return bytes(read(rect.x, rect.y, rect.width, rect.height))


def _for_the_wire(own: bytes, rect: Rect, space: Space) -> Generator[None, None, PixelFrame]:
    """Pixels as bgra8 or, where they are deeper than that, as rgba16; yields between strips."""
    deep = space.depth != "U8"
    if space.is_srgb and space.depth in ("U8", "U16"):
        raw = own
    else:
        raw = yield from _in_space(own, rect, space, srgb_space("U16" if deep else "U8"))
    kind = PixelFormat.RGBA16 if deep else PixelFormat.BGRA8
    return PixelFrame(rect.width, rect.height, kind, swapped_16(raw) if deep else raw)


def _in_space(own: bytes, rect: Rect, space: Space, target: Space) -> Generator[None, None, bytes]:
    """A layer's pixels in another colour space; yields between strips."""
    if space == target:
        return own
    stride = len(own) // rect.height
    rows = max(1, CONVERTED_STRIP // rect.width)
    parts = []
    for top in range(0, rect.height, rows):
        height = min(rows, rect.height - top)
        strip = own[top * stride : (top + height) * stride]
        parts.append(converted(strip, rect.width, height, space, target))
        yield
    return b"".join(parts)


def _is_opaque(frame: PixelFrame) -> bool:
    data = bytes(frame.data)
    if frame.format is PixelFormat.RGBA16:
        return min(data[6::8]) == min(data[7::8]) == 255
    return min(data[3::4]) == 255
