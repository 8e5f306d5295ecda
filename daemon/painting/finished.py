"""Finished pictures from a set of weights, made as the daemon makes them, but without one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from daemon.painting.insertion import layers_of
from daemon.painting.pixels import frame_pixels
from daemon.painting.scene import paste, window_pixels
from models.bundle import Bundle
from wire.protocol import MAX_WINDOW_PIXELS, Rect, Wish
from wire.request import insert_request

Picture = NDArray[np.uint8]


def whole_path(bundle: Bundle) -> Callable[[Picture, tuple[int, int, int, int], str, int], Picture]:
    """What a user gets from a set of weights: window, networks, grain, contact shadow, paste."""

    def insert(picture: Picture, box: tuple[int, int, int, int], class_name: str, seed: int) -> Picture:
        height, width = picture.shape[:2]
        place = Rect(*box)
        limit = min(MAX_WINDOW_PIXELS, 2 * bundle.resolution)
        _, scene = window_pixels(picture, place, limit)
        request = insert_request(Wish(class_name, place, seed), width, height, scene, limit=limit)
        finished = picture
        for layer in layers_of(bundle, request, lambda *_: None):
            if layer.shadow is not None:
                shadow = frame_pixels(layer.shadow)
                finished = paste(finished, shadow, layer.shadow_x, layer.shadow_y)
            finished = paste(finished, frame_pixels(layer.pixels), layer.x, layer.y)
        return finished.astype(np.uint8)

    return insert
