"""A herd through a client: each object a request of its own, for a box of its own, in the same scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wire.herd import Region, herd_in
from wire.likeness import Likeness, another_seed
from wire.protocol import Wish, usable_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.client.received_layers import ObjectLayer


def herd_of(
    fulfil: Callable[..., list[ObjectLayer]],
    picture: NDArray[Any],
    wish: Wish,
    count: int,
    **choices: Any,
) -> Iterator[ObjectLayer]:
    """The objects of a herd in the wish's box, far ones first, each when it is made.

    Where two would stand exactly alike, the later one is made of another seed. None sees another one: all
    have the light and the grass of the picture as it was. ``fulfil`` is a client's, ``choices`` are its own
    but ``variations``: each object has its own candidates. Errors are as there, and ``box-too-small`` where
    so many find no room.
    """
    height, width = picture.shape[:2]
    region = Region(usable_box(wish.box, width, height))
    likeness = Likeness()
    for member in herd_in(region, wish.class_name, count, wish.seed, height):
        seed = member.seed
        while True:
            layer = fulfil(picture, replace(wish, box=member.box, seed=seed), **choices)[0]
            pixels = layer.pixels
            size = pixels.shape[1], pixels.shape[0], 4 * pixels.itemsize
            if wish.shape_seed is not None or likeness.is_new(pixels.tobytes(), *size):
                break
            seed = another_seed(seed)
        yield layer
