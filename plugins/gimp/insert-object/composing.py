"""Puts a request together: reads the picture under the box once, asks with it as often as need be."""

from __future__ import annotations

from dataclasses import dataclass

import layer_pixels
import object_layer
import picture
from request_record import RequestRecord
from settings import Settings
from subject import Subject
from wording import Refusal, _

from wire.protocol import ClassInfo, Insert, Layer, PixelFrame, Rect, Welcome
from wire.request import SentArea, insert_request, new_id, sent_area


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
    """Reads what the user sees around the box but the edited object (and no preview: hide it first).

    Raises:
        InsertObjectError: the box is too small or outside the image.
    """
    image = subject.image
    width, height, limit = image.get_width(), image.get_height(), welcome.limits.window_pixels
    area = sent_area(box, width, height, limit)
    size = (area.width, area.height)
    with picture.hidden(image, subject.replaced):
        pixels = picture.visible_pixels(image, area.window, size)
    return Scene(
        box=box,
        area=area,
        pixels=pixels,
        shape=subject.shape(area.window, size) if use_shape else None,
        image_width=width,
        image_height=height,
        depth=layer_pixels.depth_for(image),
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
        pack=settings.pack,
        shadow=settings.shadow,
        mask=scene.shape,
        limit=scene.limit,
    )


def has_pack(welcome: Welcome, name: str) -> bool:
    """Whether the daemon has a model pack; the shipped one, without a name, is always there."""
    return not name or name in {pack.name for pack in welcome.packs}


def classes_of(welcome: Welcome, pack: str) -> tuple[ClassInfo, ...]:
    """The classes of a model pack that the daemon has."""
    return next((info.classes for info in welcome.packs if info.name == pack), welcome.classes)


def missing_pack(name: str) -> Refusal:
    """What the user is told when a model pack is gone."""
    return Refusal(
        _("The model pack “{pack}” is not there any more.").format(pack=name),
        _("Put it back, or choose another pack or class."),
    )


def record_for(subject: Subject, scene: Scene, settings: Settings, reply: Layer, label: str) -> RequestRecord:
    """What the object's layer is to remember."""
    old = subject.record
    return RequestRecord(
        class_name=reply.class_name or settings.class_name,
        seed=reply.seed,
        style=settings.style,
        box=scene.box,
        place=object_layer.rectangle_of(reply),
        from_selection=scene.shape is not None,
        name=object_layer.layer_name(label, reply.seed),
        pack=settings.pack,
        shadow=settings.shadow,
        pair=old.pair if old is not None and old.pair else new_id(),
    )
