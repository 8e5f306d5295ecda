"""One request on a set of networks: its seeds, their objects, and the layers cut from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from daemon.packs.names import known_class
from daemon.packs.shelf import class_infos
from daemon.painting import scene as view_of_scene
from daemon.painting.choosing import LastRanking, best_seeds, is_choice
from daemon.painting.grain import scene_grain, with_grain
from daemon.painting.on_the_ground import set_down
from daemon.painting.pixels import frame_pixels, pixel_frame
from daemon.painting.scene import EmptyObject
from daemon.painting.shadow_layer import NO_SHADOW
from daemon.painting.timings import Timings
from daemon.painting.variations import Subject, painted, seeds_from
from models.bundle import Bundle
from wire.protocol import (
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    PixelFormat,
    PixelFrame,
    Rect,
    Stage,
    Wish,
    sent_window,
)

THIN = 3.0  # network pixels across a box: in a thinner one many seeds leave nothing to be seen, or all

OnStage = Callable[[Stage, float], None]


class BoxTooThin(InsertObjectError):
    """Nothing shows of an object that is a pixel or two wide, or high, where the networks paint it."""

    def __init__(self, class_name: str) -> None:
        super().__init__(
            ErrorCode.BOX_TOO_SMALL,
            f"The box is too thin for the class “{class_name}”.",
            "Draw it nearer the object's own proportions.",
        )


def layers_of(
    bundle: Bundle,
    request: Insert,
    on_stage: OnStage,
    timings: Timings | None = None,
    last: LastRanking | None = None,
) -> Iterator[Layer]:
    """The layers of a request, in order; ``on_stage`` is called between stages and may raise. ``timings``
    hears how long each took; ``last`` knows the ranking of the request before, and learns this one's.

    A variation of which nothing shows is left out, its index with it.

    Raises:
        InsertObjectError: with the code and the sentence for the user; ``EmptyObject`` or ``BoxTooThin`` if
            nothing shows of any variation.
    """
    watch = timings or Timings()
    index = _class_index(bundle, request.wish.class_name)
    view = view_of_scene.view_of(request)
    side = bundle.side_for(view.square.width)
    on_stage(Stage.MASK, 0.3)
    subject = Subject.of(bundle, request, view, index, watch)
    seeds = seeds_from(request.wish.seed, request.variations)
    batches = [seeds]
    if is_choice(bundle, request):
        with watch.stage("choice"):
            seeds = best_seeds(
                bundle, subject, last or LastRanking(), lambda part: on_stage(Stage.MASK, 0.3 + 0.1 * part)
            )
        batches = [[seed] for seed in seeds]  # in one batch they would be rounded otherwise than alone
    objects = []
    for number, batch in enumerate(batches):
        on_stage(Stage.OBJECT, 0.45 + 0.45 * number / len(batches))
        objects.append(painted(bundle, subject, batch, side, watch))
    colour, alpha = (torch.cat(kind) for kind in zip(*objects, strict=True))
    pictures = ((colour + 1) / 2).permute(0, 2, 3, 1).numpy()  # (N, S, S, 3)
    alphas = alpha[:, 0].numpy()  # (N, S, S)
    if not (np.isfinite(pictures).all() and np.isfinite(alphas).all()):
        raise _no_picture(bundle)
    grain = scene_grain(view)
    is_empty = True
    for place, seed in enumerate(seeds):
        on_stage(Stage.FINISHING, 0.9 + 0.1 * place / len(seeds))
        with watch.stage("layer"):
            try:
                pixels, x, y = view_of_scene.object_layer(
                    pictures[place], alphas[place], view, depth=request.depth
                )
            except EmptyObject:
                continue
        with watch.stage("grain"):
            grained = with_grain(frame_pixels(pixels), grain, seed)
        with watch.stage("shadow"):
            down = set_down(grained, x, y, alphas[place], view, request.wish)
        shadows = *(down.shadow or NO_SHADOW), *(down.cast or NO_SHADOW)
        frame = pixel_frame(down.pixels)
        is_empty = False
        yield Layer(request.id, place, request.wish.class_name, seed, x, y, frame, *shadows)
    if is_empty and min(view.box.width, view.box.height) * side < THIN * view.square.width:
        raise BoxTooThin(request.wish.class_name)
    if is_empty:
        raise EmptyObject


def is_too_large(bundle: Bundle, request: Insert) -> bool:
    """Whether the box is larger than those in which the class comes out well, as far as that is known."""
    limit = bundle.manifest.classes[_class_index(bundle, request.wish.class_name)].good_up_to
    return 0 < limit < max(request.wish.box.width, request.wish.box.height)


def _class_index(bundle: Bundle, name: str) -> int:
    return bundle.class_names.index(known_class(name, class_infos(bundle.manifest)).name)


def _no_picture(bundle: Bundle) -> InsertObjectError:
    return InsertObjectError(
        ErrorCode.MODEL_CORRUPT,
        f"The networks “{bundle.manifest.name}” did not produce a usable picture.",
        "Choose another pack, or download this one again.",
    )


def warm_up_request(class_name: str) -> Insert:
    """A request on a grey picture that takes the usual path of the networks, without a shape or a look of the
    user's own, at a side for middling objects."""
    side = 256
    box = Rect(64, 64, 128, 128)
    window = sent_window(box, side, side)
    grey = bytes([128]) * (window.width * window.height * 3)
    pixels = PixelFrame(window.width, window.height, PixelFormat.RGB8, grey)
    return Insert("warm-up", Wish(class_name, box), side, side, window, pixels)
