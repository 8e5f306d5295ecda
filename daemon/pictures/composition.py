"""A photo with object layers: what the networks see of it, and the finished picture in its own colours."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from daemon.painting.pixels import Samples, to_depth
from daemon.painting.scene import paste
from daemon.pictures.file_formats import OPENRASTER
from daemon.pictures.metadata import with_what_fits
from daemon.pictures.openraster import RasterLayer, write_openraster
from daemon.pictures.photo import Photo
from daemon.pictures.photo_output import write_photo

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow and JPEG make grey


class LayerRole(enum.Enum):
    """What a layer shows."""

    OBJECT = "object"
    SHADOW = "shadow"  # the contact shadow of the object next above it
    CAST = "cast shadow"  # of the object above it, below its contact shadow


@dataclass(frozen=True)
class PlacedLayer:
    """An object or its shadow in a picture: uint8 or uint16 (h, w, 4) sRGB pixels, its corner at (x, y)."""

    pixels: Samples = field(repr=False)
    class_name: str
    seed: int | None  # None: it was not generated
    x: int
    y: int
    role: LayerRole = LayerRole.OBJECT

    @property
    def name(self) -> str:
        name = self.class_name if self.seed is None else f"{self.class_name} · seed {self.seed}"
        return name if self.role is LayerRole.OBJECT else f"{name} · {self.role.value}"


class Composition:
    """A photo and the layers on it, from the lowest to the topmost.

    ``scene`` is what the next object sees: sRGB (H, W, 3|4). ``picture`` is the photo's own pixels with
    the layers pasted, at the depth that was asked for.
    """

    def __init__(self, photo: Photo, depth: int) -> None:
        self.photo = photo
        self.layers: list[PlacedLayer] = []
        self.picture: Samples = to_depth(photo.pixels, depth)
        self._foreign = photo.profile if photo.profile and not photo.profile.is_srgb else None
        self.scene: Samples = self._foreign.to_srgb(photo.pixels) if self._foreign else self.picture
        self._bottom = self.scene

    @property
    def objects(self) -> list[PlacedLayer]:
        """The layers without the shadows."""
        return [layer for layer in self.layers if layer.role is LayerRole.OBJECT]

    def copy(self) -> Composition:
        """Another composition with the same layers, to go on with; pixels are shared until then."""
        other = object.__new__(Composition)
        other.__dict__ = {**self.__dict__, "layers": list(self.layers)}
        return other

    def add(self, layer: PlacedLayer) -> PlacedLayer:
        """Puts a layer on top; on a grey photo it becomes grey. Returns the layer as it was added."""
        if self.photo.is_grey:
            layer = replace(layer, pixels=_grey(layer.pixels))
        self.layers.append(layer)
        own = self._foreign.from_srgb(layer.pixels) if self._foreign else layer.pixels
        self.picture = paste(self.picture, own, layer.x, layer.y)
        self.scene = paste(self.scene, layer.pixels, layer.x, layer.y) if self._foreign else self.picture
        return layer

    def write(self, path: Path) -> tuple[str, ...]:
        """Writes the finished picture (PNG, JPEG, WebP, TIFF); returns notes. Raises as ``write_photo``."""
        return write_photo(path, replace(self.photo, pixels=self.picture))

    def write_layers(self, path: Path, hidden: list[PlacedLayer]) -> tuple[str, ...]:
        """Writes an OpenRaster file with the photo and its layers, and further layers that are not shown.

        Raises:
            UnwritableFile: for whatever goes wrong with the file.
        """
        layers = [RasterLayer("photo", self._bottom)]
        layers += [
            RasterLayer(layer.name, layer.pixels, layer.x, layer.y, is_visible=False) for layer in hidden
        ]
        layers += [RasterLayer(layer.name, layer.pixels, layer.x, layer.y) for layer in self.layers]
        write_openraster(path, layers, self.scene, dots_per_inch=self.photo.dots_per_inch)
        notes = []
        if self._foreign is not None:
            bits = " with 8 bits" if self.photo.depth == 16 else ""
            notes.append(
                f"OpenRaster holds sRGB colours; the photo's were converted from its own profile{bits}."
            )
        return (*notes, *with_what_fits(self.photo, OPENRASTER)[1])


def _grey(pixels: Samples) -> Samples:
    luma = np.rint(pixels[..., :3] @ _LUMA).astype(pixels.dtype)
    grey: Samples = np.stack((luma, luma, luma, pixels[..., 3]), axis=-1)
    return grey
