"""What is asked for: for several objects a request each, until a whole herd can be shown."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

from .asked_seeds import Seeds
from .form import Form
from .history import Variation
from .selection import SelectionInfo, current_selection
from .targets import Purpose, Target, build_request
from .wire.herd import CANDIDATES
from .wire.job import InsertJob, Job, JobState
from .wire.layer_record import Recipe
from .wire.likeness import Likeness, another_seed
from .wire.protocol import Insert, Layer, Reply, later_seed
from .wire.request import new_id

Asked = tuple[Insert, Recipe]


def herds_of(
    form: Form, recipe: Recipe, selection: SelectionInfo | None, image_height: int, variations: int
) -> tuple[tuple[Recipe, ...], ...]:
    """The recipes of each object of each variation, far ones first; nothing where one object is wished.

    Raises:
        InsertObjectError: so many find no room.
    """
    ground, wish = selection.ground if selection is not None else None, recipe.wish
    if ground is None:
        return ()

    herds = ground.variations(
        wish.class_name, form.herd, wish.seed, image_height, variations, in_each_part=form.each_part
    )
    return tuple(
        tuple(replace(recipe, wish=replace(wish, box=one.box, seed=one.seed)) for one in herd)
        for herd in herds
    )


def target_for(
    purpose: Purpose,
    document: Any,
    selection: SelectionInfo | None,
    form: Form,
    recipe: Recipe,
    seeds: Seeds,
) -> Target:
    """What is asked for: an object in the place of another, one where something is selected, or a herd.

    Each object of a herd is the best of as many seeds, whether the user named the herd's or the program did:
    so the same seed makes the same herd.

    Raises:
        InsertObjectError: so many find no room.
    """
    if purpose is Purpose.EDIT:
        return Target(purpose, recipe, seeds.count, None, form.outline, seeds.candidates)
    herds = herds_of(form, recipe, selection, document.height(), seeds.count)
    shape = current_selection(document) if form.use_shape else None
    candidates = CANDIDATES if herds else seeds.candidates
    return Target(purpose, recipe, seeds.count, shape, form.outline, candidates, herds)


class HerdJob(Job):
    """Follows the requests of some herds as if they were one."""

    def __init__(
        self, whole: Recipe, herds: Sequence[Sequence[Asked]], send: Callable[[Insert], None]
    ) -> None:
        self.request = herds[0][0][0]
        super().__init__(self.request.id)
        self._whole, self._send = whole, send
        self._waiting = [(number, *one) for number, herd in enumerate(herds) for one in herd]
        self._sizes = [len(herd) for herd in herds]
        self._count = len(self._waiting)
        self._herd: list[Variation] = []
        self._likeness = Likeness()
        self._begin()

    def _begin(self) -> None:
        self._number, request, self._recipe = self._waiting.pop(0)
        self._job = InsertJob(request)
        self.id = request.id

    def feed(self, reply: Reply) -> bool:
        if self.is_final or not self._job.feed(reply):
            return False
        done = self._count - len(self._waiting) - 1
        self.fraction = max(self.fraction, (done + self._job.fraction) / self._count)
        self.stage, self.error = self._job.stage, self._job.error
        self.notes = tuple(dict.fromkeys((*self.notes, *self._job.notes)))
        if self._job.state is JobState.DONE and self._waiting:
            self._begin()
            self._send(self._job.request)
        else:
            self.state = self._job.state
        return True

    def complete(self, layer: Layer, *, live: bool) -> Variation | None:
        """Takes the layer of a reply, unless it stands exactly like another one of its herd, which makes it
        asked for again; gives the herd that is complete with it."""
        request, frame = self._job.request, layer.pixels
        size = frame.width, frame.height, frame.format.bytes_per_pixel
        may_be_alike = request.wish.shape_seed is not None or request.mask is not None
        if not (may_be_alike or self._likeness.is_new(frame.data, *size)):
            wish = replace(request.wish, seed=another_seed(request.wish.seed))
            again = replace(request, id=new_id(), wish=wish)
            self._waiting.insert(0, (self._number, again, self._recipe))
            return None
        self._herd.append(Variation.of(self._recipe.with_seed(layer.seed), layer))
        if len(self._herd) < self._sizes[self._number]:
            return None
        herd, self._herd, self._likeness = tuple(self._herd), [], Likeness()
        whole = self._whole.with_seed(later_seed(self._whole.wish.seed, self._number))
        return Variation.of_herd(whole, herd, live=live)


def variation_of(
    job: Job, layer: Layer, recipe: Recipe, known: Variation | None, *, live: bool
) -> Variation | None:
    """The variation that a reply brings: ``known`` has its pixels again; None where the rest of its herd is
    still to come."""
    if isinstance(job, HerdJob):
        return job.complete(layer, live=live)
    if known is not None:
        known.take(layer)
        return known
    return Variation.of(recipe, layer, live=live)


def job_for(
    document: Any, source: Any, target: Target, limit: int, send: Callable[[Insert], None]
) -> Generator[None, None, tuple[InsertJob | HerdJob, Recipe]]:
    """Reads what the daemon needs; gives the job, whose request is still to be sent, and its recipe.

    Each object of a herd has a scene in which no other of them is. ``send`` is for the later requests.

    Raises:
        InsertObjectError: the box, or one of them, is too small or outside the picture.
    """
    if not target.herds:
        request, recipe = yield from build_request(document, source, target, limit)
        return InsertJob(request), recipe
    herds: list[list[Asked]] = []
    for herd in target.herds:
        herds.append([])
        for member in herd:
            one = replace(target, recipe=member, variations=1, shape=None, herds=())
            asked = yield from build_request(document, source, one, limit)
            herds[-1].append(asked)
            yield
    return HerdJob(target.recipe, herds, send), target.recipe
