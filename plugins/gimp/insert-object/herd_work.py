"""Several objects of one variation, each asked for by itself: what is to be asked, and what has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import composing
from composing import Scene
from object_layer import Made
from preview import Drawn
from settings import Settings
from subject import Ground, Subject

from wire.herd import CANDIDATES
from wire.likeness import Likeness, another_seed
from wire.protocol import Insert, Layer, Welcome, Wish
from wire.seed_row import Asked

VARIATIONS = 6


@dataclass(frozen=True)
class HerdScene:
    """One object of a herd before it is made: its scene and its seed. None sees another one."""

    scene: Scene
    seed: int


class HerdWork:
    """The variations of a herd, the k-th as the k-th next seed makes it.

    Each object of it is the best of as few seeds as time allows, whether the user named the herd's seed or
    the program did: so the same seed makes the same herd.
    """

    def __init__(self, variations: Sequence[Sequence[HerdScene]]) -> None:
        self._variations = variations
        self._waiting: deque[tuple[int, int]] = deque()
        self._made: dict[int, list[Layer]] = {}
        self._asked = (0, 0)
        self._seed = 0  # of what was asked last
        self._again: int | None = None  # the seed to ask for in place of the last
        self._may_be_alike = False
        self._likeness = Likeness()  # within the variation that is being made

    @classmethod
    def read(
        cls, subject: Subject, ground: Ground, settings: Settings, welcome: Welcome, count: int = VARIATIONS
    ) -> HerdWork | None:
        """Reads the scenes of at most ``count`` variations; None where one object is wished.

        Raises:
            InsertObjectError: so many find no room, or a box is too small.
        """
        if ground.selected is None:
            return None
        wish, height = settings.wish, subject.image.get_height()
        herds = ground.selected.variations(
            wish.class_name, settings.herd, wish.seed, height, count, in_each_part=bool(settings.each_part)
        )
        if not herds:
            return None
        boxes = [member.box for herd in herds for member in herd]
        scenes = iter(composing.read_scenes(subject, boxes, welcome, model=settings.model))
        return cls([[HerdScene(next(scenes), member.seed) for member in herd] for herd in herds])

    @property
    def count(self) -> int:
        """How many variations there are."""
        return len(self._variations)

    def want(self, variations: Iterable[int]) -> None:
        """These are to be made, all of each but those that are there."""
        self._again = None
        self._waiting = deque(
            (variation, number)
            for variation in variations
            if variation < self.count
            and len(self._made.get(variation, ())) < len(self._variations[variation])
            for number in range(len(self._variations[variation]))
        )

    def forget(self) -> None:
        """What was made is not what is wished any more."""
        self._waiting.clear()
        self._made.clear()

    def next_request(self, wish: Wish, *, preview: bool) -> Insert | None:
        """What is to be asked next; None when nothing is left."""
        if not self._waiting:
            return None
        self._asked = variation, number = self._waiting.popleft()
        if number == 0:
            self._made[variation], self._likeness = [], Likeness()
        one = self._variations[variation][number]
        self._seed, self._again = one.seed if self._again is None else self._again, None
        self._may_be_alike = wish.shape_seed is not None or one.scene.shape is not None
        return composing.request_for(
            one.scene, wish, Asked(self._seed, candidates=CANDIDATES), preview=preview
        )

    def take(self, layer: Layer) -> int | None:
        """Keeps the answer to the last request, unless it stands exactly like another one, which makes it
        asked for again; tells which variation is complete with it."""
        variation, _number = self._asked
        frame = layer.pixels
        size = frame.width, frame.height, frame.format.bytes_per_pixel
        if not (self._may_be_alike or self._likeness.is_new(frame.data, *size)):
            self._again = another_seed(self._seed)
            self._waiting.appendleft(self._asked)
            return None
        self._made[variation].append(layer)
        is_whole = len(self._made[variation]) == len(self._variations[variation])
        return variation if is_whole else None

    def layers(self, variation: int) -> tuple[Layer, ...]:
        """What has been made of a variation, far ones first."""
        return tuple(self._made.get(variation, ()))

    def drawn(self, variation: int) -> list[Drawn]:
        """A variation for the canvas."""
        pairs = zip(self.layers(variation), self._variations[variation], strict=True)
        return [Drawn(layer, one.scene.area.window) for layer, one in pairs]

    def made(self, subject: Subject, variation: int, wish: Wish, label: str) -> list[Made]:
        """A variation for the image: each object with a record of its own, as if it were the only one."""
        pairs = zip(self.layers(variation), self._variations[variation], strict=True)
        return [
            Made(layer, composing.record_for(subject, one.scene, wish, layer, label)) for layer, one in pairs
        ]
