"""The pictures that look and shape of an object are taken from: read, and found good before the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.commands.mixing_options import Models
from daemon.painting.object_shape import ObjectShape
from daemon.painting.pixels import Samples, to_depth
from daemon.painting.reference import fitted_shape, looked_at
from daemon.pictures.photo import read_photo
from wire.protocol import Rect


@dataclass(frozen=True)
class ModelPictures:
    """Models with their pictures, each (h, w, 3|4) in sRGB."""

    models: Models
    look: Samples | None = field(repr=False)
    shape: Samples | None = field(repr=False)

    @classmethod
    def read(cls, models: Models, box: Rect, size: tuple[int, int]) -> ModelPictures:
        """Reads what an object in that box of a picture of that width and height is modelled on.

        Raises:
            InsertObjectError: a picture cannot be read, or does not show what is wanted of it.
        """
        look = None if models.look is None else srgb_pixels(models.look, "reference picture")
        shape = srgb_pixels(models.shape, "picture of the shape") if isinstance(models.shape, Path) else None
        if look is not None:
            looked_at(look, models.look_box)
        if shape is not None:
            fitted_shape(shape, models.shape_box, box, size)
        elif models.shape is ObjectShape.REFERENCE and look is not None:
            fitted_shape(look, models.look_box, box, size)
        return cls(models, look, shape)

    def look_arguments(self) -> dict[str, Any]:
        """What ``Client.fulfil`` is told of the look."""
        return {"reference": self.look, "reference_box": self.models.look_box}

    def shape_arguments(self) -> dict[str, Any]:
        """What it is told of the shape."""
        return {
            "shape": self.models.shape if self.shape is None else self.shape,
            "shape_box": self.models.shape_box,
            "own_parts": self.models.own_parts,
        }


def srgb_pixels(path: Path, what: str) -> Samples:
    """A picture's pixels (h, w, 3|4) in sRGB; ``what`` it is, for errors.

    Raises:
        InsertObjectError: it cannot be read.
    """
    picture = read_photo(path, what)
    if picture.profile and not picture.profile.is_srgb:
        return picture.profile.to_srgb(picture.pixels)
    return to_depth(picture.pixels, 8)
