"""Colour profiles made in code: an RGB space wider than sRGB, a scanner's, a grey one with another curve."""

from __future__ import annotations

import struct


def _fixed(*values: float) -> bytes:
    """ICC's s15Fixed16Number."""
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(x, y, z)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _text(text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(data)) + data + bytes(4 + 4 + 2 + 1 + 67)
    return described + bytes(-len(described) % 4)


def _table(*corners: tuple[int, int, int]) -> bytes:
    """A table (ICC.1:2001-04, 6.5.10) from RGB to Lab: L*, a* and b* of black, blue, green, … and white."""
    straight = bytes(range(256)) * 3
    codes = bytes(
        code for lightness, *ab in corners for code in (lightness * 255 // 100, *(x + 128 for x in ab))
    )
    return b"mft1\0\0\0\0\3\3\2\0" + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + straight + codes + straight


def _profile(
    space: bytes, tags: dict[bytes, bytes], device: bytes = b"mntr", target: bytes = b"XYZ "
) -> bytes:
    """An ICC version 2 profile, of a display. Source: ICC.1:2001-04, 6.1 and 6.2."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, device, space, target)
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + table + body


# The primaries of Adobe RGB (1998) adapted to D50, gamma 2.2.
WIDE_RGB = _profile(
    b"RGB ",
    {
        b"desc": _text("Wide"),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
        b"rTRC": _gamma(2.2),
        b"gTRC": _gamma(2.2),
        b"bTRC": _gamma(2.2),
    },
)

# The corners of sRGB, blunter ones between them; it leads to Lab and not back.
SCANNER_RGB = _profile(
    b"RGB ",
    {
        b"desc": _text("Scanner"),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"A2B0": _table(
            (0, 0, 0), (30, 68, -112), (88, -79, 81), (91, -51, -15),
            (54, 81, 70), (60, 93, -60), (98, -16, 93), (100, 0, 0),
        ),
    },
    b"scnr",
    b"Lab ",
)  # fmt: skip

LINEAR_GREY = _profile(
    b"GRAY",
    {
        b"desc": _text("Linear grey"),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"kTRC": _gamma(1.0),
    },
)
