"""A wish's numbers as a line of text, such as the command line takes."""

from __future__ import annotations

import shlex

from .protocol import Wish


def numbers_of(wish: Wish) -> str:
    """``--class dog --seed 42 …``: everything but the box that makes the object again."""
    parts = ["--class", wish.class_name, "--seed", str(wish.seed)]
    for name, value in (("shape-seed", wish.shape_seed), ("look-seed", wish.look_seed)):
        if value is not None:
            parts += [f"--{name}", str(value)]
    for name, text in (("style", wish.style), ("pack", wish.pack)):
        if text:
            parts += [f"--{name}", text]
    if wish.mirrored:
        parts.append("--mirrored")
    return shlex.join(parts)
