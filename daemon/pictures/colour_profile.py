"""Colour profiles (ICC): the networks see sRGB, the photo keeps the colours that it came with.

A photo in another space (Adobe RGB, Display P3, …) is not converted as a whole: what the networks see
of it is, and the object layer is converted back, so that all other pixels stay as they were. Only where a
profile leads to sRGB and not back, as many of scanners do, the whole photo is converted.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from daemon.painting.pixels import Samples, to_depth
from daemon.pictures.matrix_profile import MatrixProfile

SAME_WITHIN = 2  # code values; what differs less is the same space, described by another program
_DATE = slice(24, 36)  # when a profile was made, in its header (ICC.1:2022, 7.2.8)
_FIXED_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)


class UnusableProfile(Exception):
    """An ICC profile that is damaged or does not describe colours of the photo's kind."""


@dataclass(frozen=True)
class RgbProfile:
    """The profile of an RGB photo. ``is_one_way``: it leads to sRGB, and ``from_srgb`` would raise.

    Raises:
        UnusableProfile: when it is made, if ``data`` is not a usable RGB profile.
    """

    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        ramp = np.linspace(0, 255, 9).astype(np.uint8)
        probe = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(27, 27, 3)
        seen = self._through(self._to_srgb, probe)
        difference = np.abs(seen.astype(np.int16) - probe).max()
        object.__setattr__(self, "is_srgb", bool(difference <= SAME_WITHIN))
        try:
            _ = self._from_srgb
        except UnusableProfile:
            object.__setattr__(self, "is_one_way", True)

    is_srgb: bool = field(init=False, default=False)
    is_one_way: bool = field(init=False, default=False)

    @cached_property
    def _to_srgb(self) -> ImageCms.ImageCmsTransform:
        return _transform(self.data, None, "RGB")

    @cached_property
    def _from_srgb(self) -> ImageCms.ImageCmsTransform:
        return _transform(None, self.data, "RGB")

    def to_srgb(self, pixels: Samples) -> Samples:
        """Pixels (h, w, 3|4) of the photo as uint8 sRGB of the same shape."""
        return self._colours_through(self._to_srgb, to_depth(pixels, 8))

    def from_srgb(self, pixels: Samples) -> Samples:
        """A layer (h, w, 3|4) in sRGB as the photo's own colours, same dtype.

        Colours of 16 bits go through eight where the profile is made of tables, because Pillow converts no
        deeper ones.
        """
        if pixels.dtype == np.uint16 and (own := MatrixProfile.read(self.data)) is not None:
            return np.dstack((own.from_srgb(pixels[..., :3]), pixels[..., 3:]))
        depth = 8 * pixels.itemsize
        converted: Samples = to_depth(
            self._colours_through(self._from_srgb, to_depth(pixels, 8)), depth
        ).copy()
        converted[..., 3:] = pixels[..., 3:]
        return converted

    def _colours_through(self, transform: ImageCms.ImageCmsTransform, pixels: Samples) -> Samples:
        colours = self._through(transform, np.ascontiguousarray(pixels[..., :3]))
        joined: Samples = np.dstack((colours, pixels[..., 3:]))
        return joined

    @staticmethod
    def _through(transform: ImageCms.ImageCmsTransform, colours: Samples) -> Samples:
        seen: Samples = np.asarray(transform.apply(Image.fromarray(colours)))
        return seen


def srgb_profile() -> bytes:
    """An sRGB profile, the same bytes every time."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[: _DATE.start] + _FIXED_DATE + profile[_DATE.stop :]


def converted_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A CMYK or LAB image as sRGB by its own profile.

    Raises:
        UnusableProfile: if the profile does not fit.
    """
    return _transform(profile, None, image.mode).apply(image)


def grey_curve(profile: bytes) -> NDArray[np.float64] | None:
    """The sRGB code values (256,) of a grey profile's codes 0..255, or None if they are the same.

    Raises:
        UnusableProfile: if it is not a usable grey profile.
    """
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    seen = np.asarray(_transform(profile, None, "L").apply(ramp))[0, :, 0]
    if np.abs(seen.astype(np.int16) - np.arange(256)).max() <= SAME_WITHIN:
        return None
    return seen.astype(np.float64)


def _transform(source: bytes | None, target: bytes | None, mode: str) -> ImageCms.ImageCmsTransform:
    """From one profile to another (None: sRGB), relative colorimetric with black point compensation."""
    srgb = ImageCms.createProfile("sRGB")
    try:
        ends = [
            srgb if data is None else ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (source, target)
        ]
        return ImageCms.buildTransform(
            ends[0],
            ends[1],
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise UnusableProfile(str(error)) from error
