"""Photos that a user names as scenes for the pictures of a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

LONGEST = 1024  # pixels; a larger photo is scaled down, its pictures on the page are smaller anyway


class SceneUnreadable(OSError):
    """The photo is not there or is not a picture that can be read."""


def read_scene(path: Path, longest: int = LONGEST) -> Tensor:
    """The photo as uint8 (3, H, W), upright, its longer side at most ``longest`` pixels.

    Raises:
        SceneUnreadable: naming the file.
    """
    try:
        with Image.open(path) as opened:
            photo = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError) as error:
        raise SceneUnreadable(
            f"The scene {path} cannot be read: {error}. Name a photo with --scene."
        ) from error
    photo.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(photo)).permute(2, 0, 1).contiguous()
