"""OpenRaster files: a picture in layers that GIMP and Krita open.

Source: https://www.openraster.org/baseline/file-layout-spec.html and layer-stack-spec.html there.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from daemon.painting.pixels import Samples, to_depth
from daemon.pictures.atomic_file import replacing
from daemon.pictures.photo_output import encoded_png

THUMBNAIL_SIDE = 256
DEFAULT_DOTS_PER_INCH = (72.0, 72.0)
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: the same picture gives the same file
_OWNER_ONLY = 0o600 << 16  # rights of what is unpacked
# Control characters, and what XML cannot hold: https://www.w3.org/TR/xml/#charsets
_NO_TEXT = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class RasterLayer:
    """A layer: uint8 or uint16 (h, w, 3|4) sRGB pixels with straight alpha, its corner at (x, y)."""

    name: str
    pixels: Samples = field(repr=False)
    x: int = 0
    y: int = 0
    is_visible: bool = True


def write_openraster(
    path: Path,
    layers: Sequence[RasterLayer],
    merged: Samples,
    *,
    dots_per_inch: tuple[float, float] | None = None,
) -> None:
    """Writes an OpenRaster file, whole or not at all.

    Args:
        path: the file, ending in .ora.
        layers: from the lowest to the topmost.
        merged: the finished picture (H, W, 3|4), shown by programs that know no layers.
        dots_per_inch: the picture's resolution.

    Raises:
        UnwritableFile: for whatever goes wrong with the file.
    """
    height, width = merged.shape[:2]
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("mimetype"), "image/openraster")
        for number, layer in enumerate(layers):
            archive.writestr(_entry(_source(number)), encoded_png(layer.pixels))
        stack = _stack(layers, width, height, dots_per_inch or DEFAULT_DOTS_PER_INCH)
        archive.writestr(_entry("stack.xml"), stack)
        archive.writestr(_entry("mergedimage.png"), encoded_png(merged))
        archive.writestr(_entry("Thumbnails/thumbnail.png"), _thumbnail(merged))


def _entry(name: str) -> zipfile.ZipInfo:
    """A file in the archive, stored as it is, under no clock's time."""
    entry = zipfile.ZipInfo(name, _FIXED_DATE)
    entry.external_attr = _OWNER_ONLY
    return entry


def _source(number: int) -> str:
    return f"data/layer{number}.png"


def _stack(
    layers: Sequence[RasterLayer], width: int, height: int, dots_per_inch: tuple[float, float]
) -> bytes:
    """stack.xml: the topmost layer comes first."""
    across, down = (str(max(1, round(value))) for value in dots_per_inch)
    image = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height), xres=across, yres=down)
    stack = ElementTree.SubElement(image, "stack")
    for number, layer in reversed(list(enumerate(layers))):
        ElementTree.SubElement(
            stack,
            "layer",
            {
                "name": _NO_TEXT.sub("�", layer.name),
                "src": _source(number),
                "x": str(layer.x),
                "y": str(layer.y),
                "opacity": "1.0",
                "visibility": "visible" if layer.is_visible else "hidden",
                "composite-op": "svg:src-over",
            },
        )
    ElementTree.indent(image)
    text: bytes = ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True)
    return text


def _thumbnail(merged: Samples) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(to_depth(merged, 8)))
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
