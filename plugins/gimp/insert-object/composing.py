"""Puts a request together: reads the picture under the box once, asks with it as often as need be."""

from __future__ import annotations

from dataclasses import dataclass

import object_layer
import picture
from client.protocol import Insert, Layer, PixelFrame, Rect, Welcome
from client.request import SentArea, insert_request, sent_area
from request_record import RequestRecord
from settings import Settings
from subject import Subject
from wording import class_label


@dataclass(frozen=True)
class Scene:
    """The picture under a box, as it is sent. ``shape`` is the object's shape if it was asked for."""

    box: Rect
    area: SentArea
    pixels: PixelFrame
    shape: PixelFrame | None
    image_width: int
    image_height: int
    depth: int
    limit: int


def read_scene(subject: Subject, box: Rect, welcome: Welcome, *, use_shape: bool) -> Scene:
    """Reads what the user sees around the box (without a preview: hide it first).

    Raises:
        InsertObjectError: the box is too small or outside the image.
    """
    image = subject.image
    width, height, limit = image.get_width(), image.get_height(), welcome.limits.window_pixels
    area = sent_area(box, width, height, limit)
    size = (area.width, area.height)
    return Scene(
        box=box,
        area=area,
        pixels=picture.visible_pixels(image, area.window, size),
        shape=subject.shape(area.window, size) if use_shape else None,
        image_width=width,
        image_height=height,
        depth=object_layer.depth_for(image),
        limit=limit,
    )


def request_for(
    scene: Scene, settings: Settings, *, seed: int, variations: int = 1, preview: bool = False
) -> Insert:
    """A request for that many variations of the object in the scene."""
    return insert_request(
        settings.class_name,
        scene.box,
        scene.image_width,
        scene.image_height,
        scene.pixels,
        seed=seed,
        variations=variations,
        depth=scene.depth,
        style=settings.style,
        preview=preview,
        mask=scene.shape,
        limit=scene.limit,
    )


def record_for(subject: Subject, scene: Scene, settings: Settings, reply: Layer, label: str) -> RequestRecord:
    """What the layer is to remember, its name included: the user's own name for an edited layer stays."""
    name = object_layer.layer_name(class_label(label), reply.seed)
    old, layer = subject.record, subject.replaced
    if old is not None and layer is not None and layer.get_name().split(" #")[0] != old.name:
        name = layer.get_name()
    return RequestRecord(
        class_name=reply.class_name or settings.class_name,
        seed=reply.seed,
        style=settings.style,
        box=scene.box,
        place=object_layer.rectangle_of(reply),
        from_selection=scene.shape is not None,
        name=name,
    )
