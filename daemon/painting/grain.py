"""Grain: the scene's noise, measured, and given to an object that is smoother than the photo around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.painting.pixels import Samples
from daemon.painting.scene import SceneView

LARGEST_GRAIN = 10.0  # code values of 255; beyond it a scene is texture, not noise
_BLOCK = 16  # pixels; the noise is read from the flattest blocks
_FLAT_SHARE = 0.25  # of the blocks that count as flat
_WIDEST_GAP = 2.0  # pixels over which noise counts as independent: JPEG's and a sensor's is not, beyond
_TILE = 192  # pixels after which the grain repeats
_LUMA: NDArray[np.float32] = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_COLOURED = 0.3  # share of the grain that differs between the channels


def scene_grain(view: SceneView) -> float:
    """The scene's noise at the size of the image, a standard deviation in code values of 255."""
    sent = view.pixels.shape[1]
    gap = min(max(view.window.width / sent, 1.0), _WIDEST_GAP)  # averaging pixels has averaged their noise
    luma: NDArray[np.float32] = view.pixels.astype(np.float32) @ _LUMA
    return float(min(noise_of(luma) * gap, LARGEST_GRAIN))


def noise_of(luma: NDArray[np.float32], inside: NDArray[np.bool_] | None = None) -> float:
    """Standard deviation of the noise of a picture (H, W), in its own units, read from its flat parts.

    J. Immerkær, "Fast Noise Variance Estimation", 1996: the mean absolute response to a mask that neither
    a constant nor a slope excites; here over the flattest blocks, so that texture is not taken for noise.
    ``inside`` (H, W): only blocks wholly within it count. 0 when there is nothing to read from.
    """
    if min(luma.shape) < _BLOCK + 2:
        return 0.0
    rows = luma[:-2] - 2 * luma[1:-1] + luma[2:]
    response = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])  # (H - 2, W - 2)
    height, width = (side // _BLOCK * _BLOCK for side in response.shape)
    blocks = _blocks(response[:height, :width]).mean((1, 3)).ravel()
    if inside is not None:
        whole = _blocks(inside[1 : height + 1, 1 : width + 1]).all((1, 3)).ravel()
        blocks = blocks[whole]
    if blocks.size == 0:
        return 0.0
    flat = np.sort(blocks)[: max(1, round(_FLAT_SHARE * blocks.size))]
    return float(np.sqrt(np.pi / 2) / 6 * flat.mean())


def _blocks(picture: NDArray[Any]) -> NDArray[Any]:
    height, width = picture.shape
    return picture.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)


def with_grain(pixels: Samples, grain: float, seed: int) -> Samples:
    """The layer (h, w, 4), straight alpha, brought up to the grain of its scene.

    Only what its own noise lacks is added, from ``seed`` alone; alpha stays as it is. ``grain`` is in code
    values of 255, whatever the layer's depth.
    """
    unit = 257.0 if pixels.dtype == np.uint16 else 1.0
    luma = pixels[..., :3].astype(np.float32) @ (_LUMA / unit)
    own = noise_of(luma, pixels[..., 3] == np.iinfo(pixels.dtype).max)
    missing = np.sqrt(max(grain**2 - own**2, 0.0))
    if missing * unit < 0.5:  # would not show
        return pixels
    tile = _tile(seed) * np.float32(missing * unit)
    result: Samples = pixels.copy()
    height, width = pixels.shape[:2]
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            part = result[top : top + _TILE, left : left + _TILE, :3]
            noisy = tile[: part.shape[0], : part.shape[1]] + part
            np.rint(noisy, out=noisy)
            part[...] = np.clip(noisy, 0, np.iinfo(pixels.dtype).max, out=noisy)
    return result


def _tile(seed: int) -> NDArray[np.float32]:
    """(_TILE, _TILE, 3) of unit standard deviation, mostly the same for the three channels."""
    random = np.random.default_rng(seed)
    common = random.standard_normal((_TILE, _TILE, 1), np.float32)
    own = random.standard_normal((_TILE, _TILE, 3), np.float32)
    tile: NDArray[np.float32] = np.sqrt(1 - _COLOURED) * common + np.sqrt(_COLOURED) * own
    return tile
