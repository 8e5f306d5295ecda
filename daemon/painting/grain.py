"""Grain: the scene's noise, measured, and given to an object that is smoother than the photo around it."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from daemon.painting.pixels import LUMA, Samples
from daemon.painting.scene import SceneView

LARGEST_GRAIN = 10.0  # code values of 255; beyond it a scene is texture, not noise
_BLOCK = 16  # pixels; the noise is read from the flattest blocks
_FOR_A_BLOCK = _BLOCK + 2  # pixels each way that its responses are made of
_FLAT_SHARE = 0.25  # of the blocks that count as flat
_WIDEST_GAP = 2.0  # pixels over which noise counts as independent: JPEG's and a sensor's is not, beyond
_TILE = 192  # pixels after which the grain repeats
_READ = 1 << 17  # pixels of a layer that its own noise is read from
_COLOURED = 0.3  # share of the grain that differs between the channels


def scene_grain(view: SceneView) -> float:
    """The scene's noise at the size of the image, a standard deviation in code values of 255."""
    sent = view.pixels.shape[1]
    gap = min(max(view.window.width / sent, 1.0), _WIDEST_GAP)  # averaging pixels has averaged their noise
    luma: NDArray[np.float32] = view.pixels.astype(np.float32) @ LUMA
    return float(min(noise_of(luma) * gap, LARGEST_GRAIN))


def noise_of(luma: NDArray[np.float32]) -> float:
    """Standard deviation of the noise of a picture (H, W), in its own units, read from its flat parts.

    J. Immerkær, "Fast Noise Variance Estimation", 1996: the mean absolute response to a mask that neither
    a constant nor a slope excites; here over the flattest blocks, so that texture is not taken for noise.
    0 when there is nothing to read from.
    """
    if min(luma.shape) < _FOR_A_BLOCK:
        return 0.0
    response = _response(luma)
    height, width = (side // _BLOCK * _BLOCK for side in response.shape)
    blocks = response[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return _noise_in(blocks.mean((1, 3)).ravel())


def _response(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of pictures (…, H, W), (…, H - 2, W - 2)."""
    rows = luma[..., :-2, :] - 2 * luma[..., 1:-1, :] + luma[..., 2:, :]
    response: NDArray[np.float32] = np.abs(rows[..., :-2] - 2 * rows[..., 1:-1] + rows[..., 2:])
    return response


def _noise_in(blocks: NDArray[np.float32]) -> float:
    """The noise by the mean response of each block, (N,)."""
    if blocks.size == 0:
        return 0.0
    flat = np.sort(blocks)[: max(1, round(_FLAT_SHARE * blocks.size))]
    return float(np.sqrt(np.pi / 2) / 6 * flat.mean())


def _own_noise(pixels: Samples) -> float:
    """The noise of a layer (h, w, 4) where it is opaque, in its codes; of a large one in some blocks."""
    side, opaque = _FOR_A_BLOCK, np.iinfo(pixels.dtype).max
    if min(pixels.shape[:2]) < side:
        return 0.0
    blocks = sliding_window_view(pixels, (side, side), (0, 1))[::_BLOCK, ::_BLOCK]  # (rows, columns, 4, …)
    rows, columns = np.nonzero(blocks[:, :, 3, side // 2, side // 2] == opaque)
    some = np.linspace(0, rows.size - 1, min(rows.size, _READ // side**2)).astype(int)  # all over the object
    read = blocks[rows[some], columns[some]]  # (N, 4, side, side)
    read = read[(read[:, 3, 1:-1, 1:-1] == opaque).all((1, 2))]
    luma = np.moveaxis(read[:, :3], 1, -1).astype(np.float32) @ LUMA
    return _noise_in(_response(luma).mean((1, 2)))


def with_grain(pixels: Samples, grain: float, seed: int) -> Samples:
    """The layer (h, w, 4), straight alpha, brought up to the grain of its scene.

    Only what its own noise lacks is added, from ``seed`` alone; alpha stays as it is. ``grain`` is in code
    values of 255, whatever the layer's depth.
    """
    unit = 257.0 if pixels.dtype == np.uint16 else 1.0
    own = _own_noise(pixels) / unit
    missing = np.sqrt(max(grain**2 - own**2, 0.0))
    if missing * unit < 0.5:  # would not show
        return pixels
    height, width = pixels.shape[:2]
    codes = np.iinfo(pixels.dtype)
    tile = np.zeros((_TILE, _TILE, 4), np.float32)
    tile[..., :3] = np.rint(_tile(seed) * np.float32(missing * unit))
    across = -(-width // _TILE)
    more, less = (  # what is added and what is taken away, as wide as the layer
        np.tile(np.clip(side, 0, codes.max).astype(pixels.dtype), (1, across, 1))[:, :width]
        for side in (tile, -tile)
    )
    most = codes.max - more  # the codes up to which there is room
    result: Samples = np.empty_like(pixels)
    for top in range(0, height, _TILE):
        part = result[top : top + _TILE]
        rows = slice(0, len(part))
        np.minimum(pixels[top : top + _TILE], most[rows], out=part)
        part += more[rows]
        np.maximum(part, less[rows], out=part)
        part -= less[rows]
    return result


def _tile(seed: int) -> NDArray[np.float32]:
    """(_TILE, _TILE, 3) of unit standard deviation, mostly the same for the three channels."""
    random = np.random.default_rng(seed)
    common = random.standard_normal((_TILE, _TILE, 1), np.float32)
    own = random.standard_normal((_TILE, _TILE, 3), np.float32)
    tile: NDArray[np.float32] = np.sqrt(1 - _COLOURED) * common + np.sqrt(_COLOURED) * own
    return tile
