"""Puts a request together: reads the picture under the box once, asks with it as often as need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import layer_pixels
import object_layer
import reference_picture
from seen import visible_parts
from subject import Subject
from wording import Refusal, _

from wire.layer_record import GivenLook, GivenShape, LayerRecord, Recipe
from wire.protocol import Insert, Layer, PixelFrame, Rect, Welcome, Wish
from wire.reference import Model
from wire.request import SentArea, insert_request, new_id, sent_area
from wire.seed_row import Asked
from wire.sentences import PACK_IS_GONE, PACK_IS_GONE_HINT


@dataclass(frozen=True)
class Scene:
    """The picture under a box, as it is sent. ``shape`` and ``look`` (the picture that it is taken from) are
    the object's, if they were asked for."""

    box: Rect
    area: SentArea
    pixels: PixelFrame
    shape: PixelFrame | None
    look: PixelFrame | None
    image_width: int
    image_height: int
    depth: int
    limit: int


def read_scene(
    subject: Subject, box: Rect, welcome: Welcome, *, use_shape: bool, model: Model | None = None
) -> Scene:
    """Reads what the user sees around the box but the edited object (and no preview: hide it first).

    The shape of a model goes before the subject's own.

    Raises:
        InsertObjectError: the box is too small or outside the image.
    """
    (scene,) = _read(subject, [box], welcome, use_shape=use_shape, model=model)
    return scene


def read_scenes(
    subject: Subject, boxes: Sequence[Rect], welcome: Welcome, *, model: Model | None = None
) -> list[Scene]:
    """The same for several boxes, of which none has the selection's shape.

    Raises:
        InsertObjectError: a box is too small or outside the image.
    """
    return _read(subject, boxes, welcome, use_shape=False, model=model)


def _read(
    subject: Subject, boxes: Sequence[Rect], welcome: Welcome, *, use_shape: bool, model: Model | None
) -> list[Scene]:
    image = subject.image
    width, height, limit = image.get_width(), image.get_height(), welcome.limits.window_pixels
    areas = [sent_area(box, width, height, limit) for box in boxes]
    parts = [(area.window, (area.width, area.height)) for area in areas]
    scenes = []
    for box, area, pixels in zip(boxes, areas, visible_parts(image, parts, subject.unseen), strict=True):
        shape, size = None, (area.width, area.height)
        if model is not None and model.shape:
            shape = reference_picture.shape_in(model.reference, box, area.window, size)
        elif use_shape:
            shape = subject.shape(area.window, size)
        look = model.reference.pixels if model is not None and model.look else None
        depth = layer_pixels.depth_for(image)
        scenes.append(Scene(box, area, pixels, shape, look, width, height, depth, limit))
    return scenes


def request_for(scene: Scene, wish: Wish, asked: Asked, *, preview: bool = False) -> Insert:
    """A request for variations of the object in the scene, whatever the wish's own box and seed are."""
    return insert_request(
        replace(wish, box=scene.box, seed=asked.seed),
        scene.image_width,
        scene.image_height,
        scene.pixels,
        variations=asked.variations,
        candidates=asked.candidates,
        depth=scene.depth,
        preview=preview,
        mask=scene.shape,
        reference=scene.look,
        limit=scene.limit,
    )


def missing_pack(name: str) -> Refusal:
    """What the user is told when a model pack is gone."""
    return Refusal(
        _(PACK_IS_GONE).format(pack=name),
        _(PACK_IS_GONE_HINT),
    )


def recipe_for(scene: Scene, wish: Wish, reply: Layer, label: str) -> Recipe:
    """What makes the object again."""
    shape = None
    if scene.shape is not None:
        shape = GivenShape.of(scene.shape.width, scene.shape.height, bytes(scene.shape.data))
    look = None if scene.look is None else GivenLook.of(scene.look)
    name = reply.class_name or wish.class_name
    return Recipe(replace(wish, class_name=name, box=scene.box, seed=reply.seed), shape, label, look)


def record_for(subject: Subject, scene: Scene, wish: Wish, reply: Layer, label: str) -> LayerRecord:
    """What the object's layer is to remember."""
    return LayerRecord(
        recipe_for(scene, wish, reply, label),
        place=object_layer.rectangle_of(reply),
        name=object_layer.layer_name(label, reply.seed),
        shadow=subject.pair or new_id(),
    )
