"""An opened picture's pixels: RGB or RGBA with straight alpha, in sRGB or in the space of an RGB profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from daemon.painting.pixels import Samples
from daemon.pictures.atomic_file import quoted
from daemon.pictures.colour_profile import RgbProfile, UnusableProfile, converted_to_srgb, grey_curve
from daemon.pictures.deep_pictures import deep_colours
from daemon.pictures.time_limit import TimedFile, loaded
from daemon.pictures.unreadable import UnreadablePhoto

_SRGB_GAMMA = 0.45455  # what encoders write beside sRGB pixels
_BITS, _PHOTOMETRIC, _MIN_IS_WHITE = 258, 262, 0  # TIFF 6.0, section 3
_TWELVE_BITS = 12


class Decoded(NamedTuple):
    """uint8 or uint16 (H, W, 3|4), as stored: not yet turned upright. Grey has three equal colours."""

    pixels: Samples
    is_grey: bool
    profile: RgbProfile | None


def decoded(
    image: ImageFile.ImageFile, path: Path, file: TimedFile, icc: bytes | None, what: str, notes: list[str]
) -> Decoded:
    """Decodes a picture that was opened from ``file``; adds sentences to ``notes`` on what was converted.

    Raises:
        UnreadablePhoto: for shades that are no shades, and for what takes too long.
        Exception: Pillow's decoders raise whatever it may be on broken data.
    """
    profile = None
    _name_transparent_shade(image)
    deep = deep_colours(image, path, lambda: loaded(image, path, file))
    if deep is not None and deep.is_grey:
        pixels, is_grey = _curved(deep.pixels, _grey_curve(icc, notes)), True
    elif deep is not None:
        is_grey = False
        pixels, profile = _with_profile(deep.pixels, icc, notes)
    else:
        opened = loaded(image, path, file)
        if opened.mode.startswith("I") or opened.mode == "F":
            pixels, is_grey = _deep_grey(image, opened, path, what, icc, notes), True
        elif opened.mode in ("1", "L", "LA", "La"):
            pixels, is_grey = _grey(opened, icc, notes), True
        elif opened.mode in ("CMYK", "LAB"):
            pixels, is_grey = np.asarray(_from_ink(opened, icc, notes)), False
        else:
            has_alpha = opened.mode in ("RGBA", "RGBa", "PA") or "transparency" in opened.info
            mode = "RGBA" if has_alpha else "RGB"
            is_grey, colours = False, np.asarray(opened if opened.mode == mode else opened.convert(mode))
            pixels, profile = _with_profile(colours, icc, notes)
    if icc is None:
        pixels = _from_gamma(pixels, image.info, notes)
    return Decoded(pixels, is_grey, profile)


def _name_transparent_shade(image: ImageFile.ImageFile) -> None:
    """Pillow widens shades of two and four bits to eight, but not the one that a PNG calls transparent."""
    widened = {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args)) if len(image.tile) == 1 else None
    if image.format == "PNG" and widened and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] *= widened


def _from_gamma(pixels: Samples, info: Mapping[Any, Any], notes: list[str]) -> Samples:
    """sRGB values of pixels whose PNG file says another exponent in its gAMA chunk: a sample is light to the
    power of it (https://www.w3.org/TR/png-3/, 11.3.2.2). sRGB, and what is near it, stays as it is."""
    gamma = info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in info or abs(gamma - _SRGB_GAMMA) < 0.02 or gamma <= 0:
        return pixels
    most = np.iinfo(pixels.dtype).max
    light = (np.arange(most + 1) / most) ** (1 / gamma)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    table = np.rint(most * encoded).astype(pixels.dtype)
    notes.append("The photo's shades were converted from the gamma that its file names to sRGB.")
    return np.dstack((table[pixels[..., :3]], pixels[..., 3:]))


def _as_rgb(grey: Samples) -> Samples:
    colours: Samples = np.repeat(grey[..., np.newaxis], 3, axis=2)
    return colours


def _with_profile(pixels: Samples, icc: bytes | None, notes: list[str]) -> tuple[Samples, RgbProfile | None]:
    """RGB pixels and the profile that they keep; in sRGB, without one, where it leads only there."""
    if icc is None:
        return pixels, None
    try:
        profile = RgbProfile(icc)
    except UnusableProfile:
        notes.append("The photo's colour profile is damaged; its colours are taken as sRGB.")
        return pixels, None
    if profile.is_srgb or not profile.is_one_way:
        return pixels, profile
    notes.append("The photo's colours were converted to sRGB: its own profile leads there and not back.")
    return profile.to_srgb(pixels), None


def _grey(image: Image.Image, icc: bytes | None, notes: list[str]) -> Samples:
    has_alpha = image.mode in ("LA", "La") or "transparency" in image.info
    pixels: Samples = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    curve = _grey_curve(icc, notes)
    if curve is not None:
        colours = np.rint(curve).astype(np.uint8)[pixels[..., :3]]
        pixels = np.dstack((colours, pixels[..., 3:])) if has_alpha else colours
    return pixels


def _deep_grey(
    image: ImageFile.ImageFile,
    opened: Image.Image,
    path: Path,
    what: str,
    icc: bytes | None,
    notes: list[str],
) -> Samples:
    """uint16 (H, W, 3|4) of a 12-bit, 16-bit, 32-bit or floating-point grey picture."""
    values: NDArray[Any] = np.asarray(opened)
    tags = getattr(image, "tag_v2", None) or {}
    transparent = image.info.get("transparency") if image.format == "PNG" else None
    alpha = np.where(values == transparent, 0, 65535) if isinstance(transparent, int) else None
    if tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE:  # Pillow turns eight bits around, and leaves more as they are
        if values.dtype != np.uint16:
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} stores white as 0 in {8 * values.itemsize} bits.",
                "Export it with 8 or 16 bits.",
            )
        values = np.uint16(65535) - values
    if values.dtype == np.float32:
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} holds values outside 0 to 1.",
                "Export it with 8 or 16 bits.",
            )
        values = np.rint(values * 65535)
    elif values.min() < 0 or values.max() > 65535:
        raise UnreadablePhoto(
            f"The {what} {quoted(path)} has 32 bits per pixel.", "Export it with 8 or 16 bits."
        )
    elif tags.get(_BITS) == (_TWELVE_BITS,):
        values = (values << 4) | (values >> 8)  # 4095 becomes 65535
    grey = _as_rgb(values.astype(np.uint16))
    if alpha is not None:
        grey = np.dstack((grey, alpha.astype(np.uint16)))
    return _curved(grey, _grey_curve(icc, notes))


def _curved(pixels: Samples, curve: NDArray[np.float64] | None) -> Samples:
    """Grey uint16 pixels (H, W, 3|4) as sRGB, by ``grey_curve``'s 256 values."""
    if curve is None:
        return pixels
    table = np.rint(np.interp(np.arange(65536), np.arange(256) * 257, curve * 257)).astype(np.uint16)
    return np.dstack((table[pixels[..., :3]], pixels[..., 3:]))


def _grey_curve(icc: bytes | None, notes: list[str]) -> NDArray[np.float64] | None:
    if icc is None:
        return None
    try:
        curve = grey_curve(icc)
    except UnusableProfile:
        notes.append("The photo's colour profile is damaged; its shades are taken as sRGB.")
        return None
    if curve is not None:
        notes.append("The photo's shades were converted from its own profile to sRGB.")
    return curve


def _from_ink(image: Image.Image, icc: bytes | None, notes: list[str]) -> Image.Image:
    """A CMYK or LAB picture as sRGB."""
    if icc is not None:
        try:
            converted = converted_to_srgb(image, icc)
            notes.append(f"The photo's {image.mode} colours were converted from their profile to sRGB.")
            return converted
        except UnusableProfile:
            notes.append("The photo's colour profile is damaged and was not used.")
    notes.append(f"The photo's {image.mode} colours were converted to sRGB.")
    if image.mode == "CMYK":
        return image.convert("RGB")
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)
