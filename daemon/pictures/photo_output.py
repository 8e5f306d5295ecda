"""Writing finished pictures: PNG, JPEG, WebP and TIFF, with all that each can keep of the photo."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from daemon.painting.pixels import Samples, to_depth
from daemon.pictures.atomic_file import replacing
from daemon.pictures.colour_profile import srgb_profile
from daemon.pictures.deep_pictures import with_offset, write_deep_png
from daemon.pictures.file_formats import (
    JPEG,
    PICTURE_ENDINGS,
    PNG,
    TIFF,
    WEBP,
    UnsuitableFormat,
    format_of,
)
from daemon.pictures.iptc import jpeg_segment
from daemon.pictures.metadata import with_what_fits
from daemon.pictures.photo import Photo
from daemon.pictures.tiff_output import write_tiff
from daemon.pictures.words import png_texts

JPEG_QUALITY = 95
PNG_EFFORT = 1  # of 9: a photo is written in a quarter of the time that Pillow's usual 6 takes, 3 % larger
WEBP_EFFORT = {"quality": 20, "method": 1}  # likewise, 1 % larger; lossless all the same


def write_photo(path: Path, photo: Photo) -> tuple[str, ...]:
    """Writes a picture; returns notes on what the format could not keep.

    The file appears whole or not at all. JPEG is written at quality 95 without colour subsampling, WebP
    and TIFF without loss. Colour profile, EXIF data and resolution go along.

    Raises:
        UnsuitableFormat: for an unknown ending, or a picture larger than the format allows.
        UnwritableFile: for whatever goes wrong with the file.
    """
    chosen = format_of(path)
    if chosen.name not in _WRITERS:
        raise UnsuitableFormat(f"A {chosen.name} file holds layers.", f"Let it end in {PICTURE_ENDINGS}.")
    height, width = photo.pixels.shape[:2]
    if max(width, height) > chosen.longest_side:
        raise UnsuitableFormat(
            f"A {chosen.name} file holds at most {chosen.longest_side} pixels a side, "
            f"the picture has {width} × {height}.",
            f"Write a {PNG.endings[0]} or {TIFF.endings[0]} file.",
        )
    notes: list[str] = []
    pixels = photo.pixels
    if photo.depth == 16 and not chosen.holds_16_bits:
        pixels = to_depth(pixels, 8)
        notes.append(f"{chosen.name} holds 8 bits per colour; the picture was written with 8.")
    if pixels.shape[2] == 4 and not chosen.holds_alpha:
        pixels = over_white(pixels)
        notes.append(f"{chosen.name} holds no transparency; the picture was written over white.")
    fitting, left_out = with_what_fits(replace(photo, pixels=pixels), chosen)
    with replacing(path) as file:
        _WRITERS[chosen.name](file, fitting)
    return (*notes, *left_out)


def over_white(pixels: Samples) -> Samples:
    """Straight-alpha pixels (h, w, 4) over white, (h, w, 3) of the same dtype."""
    full = float(np.iinfo(pixels.dtype).max)
    alpha = pixels[..., 3:] / full
    flat: Samples = np.rint(pixels[..., :3] * alpha + full * (1 - alpha)).astype(pixels.dtype)
    return flat


def write_object_layer(path: Path, pixels: Samples, offset: tuple[int, int]) -> None:
    """Writes a layer (h, w, 4) as PNG with its place in the picture, which GIMP and others honour.

    Raises:
        UnwritableFile: for whatever goes wrong with the file.
    """
    with replacing(path) as file:
        file.write(with_offset(encoded_png(pixels), offset))


def encoded_png(pixels: Samples) -> bytes:
    """A PNG file of uint8 or uint16 (h, w, 3|4) pixels."""
    buffer = io.BytesIO()
    write_png(buffer, Photo(pixels))
    return buffer.getvalue()


def write_png(file: BinaryIO, photo: Photo) -> None:
    """Writes 8 or 16 bits; grey pictures as grey."""
    if photo.depth == 16:
        pixels, profile = _channels(photo), _profile(photo)
        write_deep_png(
            file,
            pixels,
            profile=profile,
            exif=photo.exif,
            dots_per_inch=photo.dots_per_inch,
            texts=(*png_texts(photo.xmp, photo.comment), *photo.texts),
        )
    else:
        info = PngImagePlugin.PngInfo()
        for kind, text in (*png_texts(photo.xmp, photo.comment), *photo.texts):
            info.add(kind, text)
        _save(file, photo, "PNG", pnginfo=info, compress_level=PNG_EFFORT)


def _write_tiff(file: BinaryIO, photo: Photo) -> None:
    pixels, profile = _channels(photo), _profile(photo)
    write_tiff(
        file,
        pixels,
        profile=profile,
        exif=photo.exif,
        dots_per_inch=photo.dots_per_inch,
        xmp=photo.xmp,
        iptc=photo.iptc,
    )


def _write_jpeg(file: BinaryIO, photo: Photo) -> None:
    words: dict[str, object] = {"xmp": photo.xmp} if photo.xmp else {}
    if photo.comment:
        words["comment"] = photo.comment.encode()
    if photo.iptc:
        words["extra"] = jpeg_segment(photo.iptc)
    _save(file, photo, "JPEG", quality=JPEG_QUALITY, subsampling=0, **words)


def _write_webp(file: BinaryIO, photo: Photo) -> None:
    # Exact: else the colours under full transparency are thrown away, and every pixel is to stay the same.
    _save(file, photo, "WEBP", lossless=True, exact=True, xmp=photo.xmp, **WEBP_EFFORT)


def _channels(photo: Photo) -> Samples:
    """Pixels with one channel if the photo is grey and opaque."""
    is_plain_grey = photo.is_grey and photo.pixels.shape[2] == 3
    return photo.pixels[..., :1] if is_plain_grey else photo.pixels


def _profile(photo: Photo) -> bytes | None:
    """The colour profile to write along.

    16-bit colours without one are taken as linear by Krita (it asks, linear being its proposal), so sRGB is
    said there.
    """
    if photo.is_grey:
        return None
    if photo.profile:
        return photo.profile.data
    return srgb_profile() if photo.depth == 16 else None


def _save(file: BinaryIO, photo: Photo, name: str, **options: object) -> None:
    """Writes 8 bits through memory: Pillow's encoders do not tell a full disk from other failures."""
    pixels = _channels(photo)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
    profile = _profile(photo)
    if profile:
        options["icc_profile"] = profile
    if photo.exif:
        options["exif"] = photo.exif
    if photo.dots_per_inch:
        options["dpi"] = photo.dots_per_inch
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    file.write(buffer.getbuffer())


_WRITERS: dict[str, Callable[[BinaryIO, Photo], None]] = {
    PNG.name: write_png,
    JPEG.name: _write_jpeg,
    WEBP.name: _write_webp,
    TIFF.name: _write_tiff,
}
