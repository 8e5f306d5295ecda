"""Objects and finished pictures from a set of weights, made as the daemon makes them, but without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daemon.painting.insertion import BoxTooThin, layers_of
from daemon.painting.pixels import frame_pixels
from daemon.painting.scene import EmptyObject, paste, window_mask, window_pixels
from models.bundle import Bundle
from wire.protocol import MAX_WINDOW_PIXELS, MIN_BOX_SIDE, Layer, Rect, Wish
from wire.request import insert_request

Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def whole_path(bundle: Bundle, candidates: int = 1) -> Callable[[Picture, Box, str, int], Picture]:
    """What a user gets from a set of weights: window, networks, grain, contact shadow, paste.

    With ``candidates`` the best of so many seeds, of which each given seed has its own.
    """

    def insert(picture: Picture, box: Box, class_name: str, seed: int) -> Picture:
        wish = Wish(class_name, Rect(*box), seed * candidates)
        layer = _layer(bundle, picture, wish, None, candidates)
        finished = picture
        if layer.shadow is not None:
            finished = paste(finished, frame_pixels(layer.shadow), layer.shadow_x, layer.shadow_y)
        return paste(finished, frame_pixels(layer.pixels), layer.x, layer.y).astype(np.uint8)

    return insert


@dataclass(frozen=True)
class LayerPainter:
    """The object layers that a user gets from a set of weights, without shadows."""

    bundle: Bundle

    def __call__(
        self, picture: Picture, box: Box, class_name: str, seeds: tuple[int, int], mask: Picture | None
    ) -> Picture:
        """The layer (H, W, 4), straight alpha, for a picture (H, W, 3); alpha 0 everywhere for no object.

        A box that is thinner than a user's may be is taken as wide as that, about its middle where the
        picture has room.
        ``seeds``: of look and shape; ``mask`` (H, W): the user's own shape, in place of the latter.
        """
        look, shape = seeds
        wish = Wish(class_name, _usable(box, picture), look, shape_seed=shape, shadow=False)
        whole = np.zeros((*picture.shape[:2], 4), np.uint8)
        try:
            layer = _layer(self.bundle, picture, wish, mask)
        except (EmptyObject, BoxTooThin):
            return whole
        pixels = frame_pixels(layer.pixels)
        whole[layer.y : layer.y + pixels.shape[0], layer.x : layer.x + pixels.shape[1]] = pixels
        return whole


def _usable(box: Box, picture: Picture) -> Rect:
    inside = Rect(*box).clipped(picture.shape[1], picture.shape[0])
    x, width = _widened(inside.x, inside.width, picture.shape[1])
    y, height = _widened(inside.y, inside.height, picture.shape[0])
    return Rect(x, y, width, height)


def _widened(begin: int, length: int, room: int) -> tuple[int, int]:
    """A side of a box, at least as long as a user's may be, within a picture's side."""
    longer = max(MIN_BOX_SIDE, length)
    return min(max(begin - (longer - length) // 2, 0), room - longer), longer


def _layer(bundle: Bundle, picture: Picture, wish: Wish, mask: Picture | None, candidates: int = 1) -> Layer:
    height, width = picture.shape[:2]
    limit = min(MAX_WINDOW_PIXELS, 2 * bundle.resolution)
    _, scene = window_pixels(picture, wish.box, limit)
    shape = None if mask is None else window_mask(mask, wish.box, limit)
    request = insert_request(wish, width, height, scene, candidates=candidates, mask=shape, limit=limit)
    return next(layers_of(bundle, request, lambda *_: None))
