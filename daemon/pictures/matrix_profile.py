"""Profiles of three primaries with a curve each: read for colours of 16 bits, made for a PNG's primaries.

Pillow converts eight bits at most; a linear or wide space needs more. Source: ICC.1:2022, 7.2, 8.3.3, 10.6
(curv), 10.18 (para), F.3 (the model); Lindbloom, "Chromatic Adaptation" (Bradford).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_D50 = np.array([0.9642, 1.0, 0.8249])
_SRGB = np.array(  # its primaries' XYZ under D50, in columns
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_STEPS = 1 << 16  # of a curve; as many as 16 bits tell apart
_PARA_LENGTHS = (1, 3, 4, 5, 7)


def srgb_light(codes: Floats) -> Floats:
    """The light, 0..1, of sRGB codes 0..1 (IEC 61966-2-1)."""
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class MatrixProfile:
    """A space of three primaries: their XYZ under D50 in columns (3, 3), and each one's light (3, steps) of
    evenly spread codes."""

    primaries: Floats = field(repr=False)
    light: Floats = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> MatrixProfile | None:
        """What an ICC profile says, or None if it is of another kind (tables of colours) or garbled."""
        try:
            tags = _tags(data)
            if b"A2B0" in tags or b"B2A0" in tags or data[16:24] != b"RGB XYZ ":
                return None
            columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        except (KeyError, IndexError, ValueError, struct.error):
            return None
        primaries = np.stack(columns, axis=1)
        rises = np.isfinite(curves).all() and bool((np.diff(curves) >= 0).all())
        if not rises or abs(float(np.linalg.det(primaries))) < 1e-6:
            return None
        return cls(primaries, curves)

    def from_srgb(self, colours: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """uint16 sRGB (h, w, 3) in this space; what lies outside of it is clipped."""
        light = srgb_light(np.arange(_STEPS) / (_STEPS - 1))[colours]
        own = light @ (np.linalg.inv(self.primaries) @ _SRGB).T
        codes = np.linspace(0.0, 1.0, self.light.shape[1])
        told = [np.interp(own[..., c], self.light[c], codes) for c in range(3)]
        coded: NDArray[np.uint16] = np.rint(np.stack(told, axis=-1) * 65535).astype(np.uint16)
        return coded


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    found = {}
    for place in range(min(count, 100)):
        name, start, size = struct.unpack_from(">4sII", data, 132 + 12 * place)
        found[name] = data[start : start + size]
    return found


def _xyz(tag: bytes) -> Floats:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Floats:
    codes = np.linspace(0.0, 1.0, _STEPS)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return codes
        values = np.array(struct.unpack_from(f">{count}H", tag, 12), np.float64)
        if count == 1:
            return np.asarray(codes ** (values[0] / 256))
        return np.interp(codes, np.linspace(0.0, 1.0, count), values / 65535)
    if tag[:4] != b"para":
        raise ValueError(tag[:4])
    (kind,) = struct.unpack_from(">H", tag, 8)
    given = np.array(struct.unpack_from(f">{_PARA_LENGTHS[kind]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = (float(value) for value in np.pad(given, (0, 7 - len(given))))
    if kind == 0:
        return np.asarray(codes**g)
    power: Floats = np.maximum(a * codes + b, 0.0) ** g
    if kind == 1:
        return np.where(codes >= -b / a, power, 0.0)
    if kind == 2:
        return np.where(codes >= -b / a, power + c, c)
    return np.where(codes >= d, power + e, c * codes + f)


def profile_of_primaries(white: tuple[float, float], primaries: Floats, gamma: float | None) -> bytes:
    """An ICC profile (version 2) of a space.

    Args:
        white: x, y of its white.
        primaries: (3, 2) x, y of red, green and blue.
        gamma: light is a code to the power of it; None: sRGB's curve.
    """
    columns = np.stack([(x / y, 1.0, (1 - x - y) / y) for x, y in primaries], axis=1)
    x, y = white
    shown = np.array([x / y, 1.0, (1 - x - y) / y])
    scaled = columns * np.linalg.solve(columns, shown)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ shown))
    adapted = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ scaled
    if gamma is None:
        table = np.rint(srgb_light(np.linspace(0, 1, 4096)) * 65535).astype(">u2")
        curve = b"curv\0\0\0\0" + struct.pack(">I", len(table)) + table.tobytes()
    else:
        curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    name = b"The photo's own\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _as_xyz(_D50),
        **{tag: _as_xyz(adapted[:, n]) for n, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    listed, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        listed += tag + struct.pack(">II", start + len(body), len(content))
        body += padded
    header = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _as_xyz(_D50)[8:]
    return header.ljust(128, b"\0") + listed + body


def _as_xyz(values: Floats) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(value) * 65536) for value in values))
