"""Colours of other spaces: through 16 bits where the picture has them; a PNG's own primaries are kept."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from daemon.pictures.colour_profile import RgbProfile
from daemon.pictures.matrix_profile import MatrixProfile, profile_of_primaries, srgb_light
from daemon.pictures.photo import read_photo
from daemon.pictures.photo_output import write_photo
from tests.pictures.profiles import WIDE_RGB

D65 = (0.3127, 0.329)
SRGB = np.array([[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]])
P3 = np.array([[0.68, 0.32], [0.265, 0.69], [0.15, 0.06]])


def shades(count: int) -> np.ndarray:
    """uint16 (1, count, 4): greys and colours, opaque."""
    ramp = np.linspace(0, 65535, count).round().astype(np.uint16)
    return np.dstack((ramp[None], ramp[None, ::-1], np.full((1, count), 30000, np.uint16), ramp[None] | 1))


def test_a_layer_of_16_bits_keeps_its_tones_in_a_linear_space() -> None:
    layer = shades(20000)
    own = RgbProfile(profile_of_primaries(D65, SRGB, 1.0)).from_srgb(layer)
    assert own.dtype == np.uint16 and len(np.unique(own[..., 0])) > 15000  # through eight bits: 256
    light = srgb_light(layer[..., 0] / 65535) * 65535
    assert np.abs(own[..., 0] - light).max() < 20
    assert (own[..., 3] == layer[..., 3]).all()


@pytest.mark.parametrize("profile", [WIDE_RGB, profile_of_primaries(D65, P3, None)], ids=["wide", "P3"])
def test_colours_of_16_bits_are_those_of_the_colour_engine_with_eight(profile: bytes) -> None:
    layer = shades(256)
    deep = RgbProfile(profile).from_srgb(layer)
    eight = RgbProfile(profile).from_srgb((layer // 257).astype(np.uint8))
    assert np.abs(deep[..., :3] / 257 - eight[..., :3])[0, 8:-8].max() < 2


def test_a_profile_of_tables_is_left_to_the_colour_engine() -> None:
    assert MatrixProfile.read(WIDE_RGB) is not None
    assert MatrixProfile.read(WIDE_RGB.replace(b"rXYZ", b"A2B0")) is None
    for length in range(0, len(WIDE_RGB), 7):
        MatrixProfile.read(WIDE_RGB[:length])  # cut short anywhere: no exception


def png(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    info = PngImagePlugin.PngInfo()
    for kind, data in chunks:
        info.add(kind, data)
    Image.new("RGB", (8, 8), (200, 40, 40)).save(path, pnginfo=info)
    return path


def chrm(points: np.ndarray) -> tuple[bytes, bytes]:
    values = [round(value * 100_000) for value in (*D65, *points.ravel())]
    return b"cHRM", struct.pack(">8I", *values)


@pytest.mark.parametrize("chunk", [chrm(P3), (b"cICP", bytes((12, 13, 0, 1)))], ids=["cHRM", "cICP"])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
def test_primaries_that_a_png_names_are_honoured_and_kept(
    tmp_path: Path, chunk: tuple[bytes, bytes], ending: str
) -> None:
    photo = read_photo(png(tmp_path / "in.png", chunk))
    assert photo.profile is not None and not photo.profile.is_srgb and photo.notes == ()
    assert tuple(photo.pixels[0, 0]) == (200, 40, 40)
    seen = photo.profile.to_srgb(photo.pixels)[0, 0]
    assert seen[0] > 210 and seen[1] < 30  # a red of Display P3 is a stronger one in sRGB
    assert write_photo(tmp_path / f"out.{ending}", photo) == ()
    again = read_photo(tmp_path / f"out.{ending}")
    assert again.profile is not None and again.profile.data == photo.profile.data


@pytest.mark.parametrize(
    "chunks",
    [(chrm(SRGB),), ((b"sRGB", b"\0"), chrm(P3)), ((b"cICP", bytes((1, 13, 0, 1))), chrm(SRGB))],
    ids=["sRGB's primaries", "an sRGB chunk counts more", "cICP of sRGB"],
)
def test_what_means_srgb_stays_srgb(tmp_path: Path, chunks: tuple[tuple[bytes, bytes], ...]) -> None:
    photo = read_photo(png(tmp_path / "in.png", *chunks))
    assert photo.profile is None and photo.notes == ()


def test_a_space_that_is_not_known_is_told(tmp_path: Path) -> None:
    (note,) = read_photo(png(tmp_path / "in.png", (b"cICP", bytes((22, 17, 0, 1))))).notes
    assert "cICP" in note
