"""Requests and pictures that the scene tests are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.painting.scene import SceneView, view_of, window_pixels
from wire.protocol import Insert, PixelFrame, Rect, Wish

BORDER_BOXES = (
    Rect(0, 0, 40, 40),
    Rect(60, 30, 33, 41),
    Rect(-10, -7, 40, 40),
    Rect(163, 101, 60, 60),
    Rect(20, 10, 150, 100),
    Rect(-30, -30, 400, 300),
    Rect(71, 45, 9, 11),
)


def noise(
    height: int, width: int, channels: int = 3, *, dtype: Any = np.uint8, seed: int = 0
) -> NDArray[Any]:
    """A picture in which every pixel differs from its neighbours."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)


def slope(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose red tells the column and whose green tells the row."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)[np.newaxis, :]
    picture[..., 1] = np.linspace(0, 255, height)[:, np.newaxis]
    return picture


def insert_of(picture: NDArray[Any], box: Rect, limit: int = 512, **more: Any) -> Insert:
    """The request that a client makes for a box."""
    window, scene = window_pixels(picture, box, limit)
    height, width = picture.shape[:2]
    return Insert("request", Wish("dog", box), width, height, window, scene, **more)


def view(picture: NDArray[Any], box: Rect, limit: int = 512) -> SceneView:
    """The view that the daemon takes of that request."""
    return view_of(insert_of(picture, box, limit))


def array(frame: PixelFrame) -> NDArray[Any]:
    """The frame's samples, read without the code under test."""
    dtype = "<u2" if frame.format.value == "rgba16" else "u1"
    return np.frombuffer(frame.data, dtype).reshape(frame.height, frame.width, -1)
