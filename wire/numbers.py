"""A wish's numbers as a line of text, such as the command line takes."""

from __future__ import annotations

import shlex
from dataclasses import fields

from .protocol import OF_A_CAST_SHADOW, Wish


def numbers_of(wish: Wish) -> str:
    """``--class dog --seed 42 …``: everything but the box that makes the object again."""
    parts = ["--class", wish.class_name, "--seed", str(wish.seed)]
    for name, value in (("shape-seed", wish.shape_seed), ("look-seed", wish.look_seed)):
        if value is not None:
            parts += [f"--{name}", str(value)]
    for name, text in (("style", wish.style), ("pack", wish.pack)):
        if text:
            parts += [f"--{name}", text]
    if not wish.shadow:
        parts.append("--no-shadow")
    if wish.cast_shadow:
        parts.append("--cast-shadow")
        for item in fields(Wish):
            value = getattr(wish, item.name)
            if item.name in OF_A_CAST_SHADOW and value != item.default:
                parts += [f"--{item.name.replace('_', '-')}", str(value)]
    parts += [f"--{name.replace('_', '-')}" for name in ("behind_grass", "mirrored") if getattr(wish, name)]
    return shlex.join(parts)
