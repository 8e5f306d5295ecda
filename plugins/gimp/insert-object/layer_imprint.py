"""What a layer of the image looks like, in short: whether somebody has worked on it is told by that."""

from __future__ import annotations

import layer_marks
import own_pixels
import picture
from gi.repository import Gimp
from layer_marks import layer_rectangle

from wire.imprint import Imprint, Standing, small_size
from wire.layer_record import LayerRecord
from wire.light_record import digest
from wire.protocol import Rect


def imprint_of(layer: Gimp.Layer) -> Imprint | None:
    """The imprint of a layer's own pixels; None where it shows nothing."""
    picture.start_gegl()
    place = layer_rectangle(layer)
    part = own_pixels.bounds(
        own_pixels.alpha(layer, Rect(0, 0, place.width, place.height)), place.width, place.height
    )
    if part is None:
        return None
    size = small_size(part.width, part.height)
    return Imprint.of(
        digest(own_pixels.native(layer, part)),
        own_pixels.format_name(layer),
        (part.width, part.height),
        size,
        picture.layer_pixels(layer, part, size),
    )


def standing_of(layer: Gimp.Layer, record: LayerRecord, now: Imprint | None) -> Standing:
    """What has become of an object's layer, which has that imprint now, since it was inserted. Light that it
    was given is no change."""
    light = layer_marks.light_of(layer)
    if now is not None and light is not None and light.lit == now.digest and record.imprint is not None:
        own = layer_marks.original_of(layer, layer.get_bpp() * now.layer_width * now.layer_height)
        if own is not None and digest(own) == record.imprint.digest:
            return Standing()
    return record.standing(now, layer_rectangle(layer))
