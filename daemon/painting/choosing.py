"""The best of a request's candidates: painted small, judged, and ranked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from daemon.painting.timings import Timings
from daemon.painting.variations import Subject, painted, seeds_from
from models.bundle import Bundle
from wire.protocol import Insert, PixelFrame

AT_ONCE = 12  # candidates in one batch, which bounds memory
_CELLS = 32  # of a side, in which outlines are compared
_SAME = 0.8  # overlap from which on two outlines are one: others of a class share 0.5 to 0.7
_ENOUGH = 1.0  # mark from which on nine of ten are kept: more, and most dozens end with the same one
_AGAIN = 0.5  # what a mark loses for each one before with the same outline; marks have a deviation of 1
_NOT_JUDGED = ("id", "variations", "depth", "preview")  # of a request: they change no ranking


@dataclass
class LastRanking:
    """What was ranked last: a dialog that shows the best one first asks for the next ones of the same row."""

    fingerprint: bytes = b""
    seeds: tuple[int, ...] = ()  # all candidates, best first


def is_choice(bundle: Bundle, request: Insert) -> bool:
    """Whether a request names more seeds than it wants objects, these differ, and the networks can judge."""
    is_shape_given = request.mask is not None or request.wish.shape_seed is not None
    is_settled = is_shape_given and request.wish.look_seed is not None
    return request.candidates > request.variations and not is_settled and bundle.quality is not None


def best_seeds(
    bundle: Bundle, subject: Subject, last: LastRanking, on_part: Callable[[float], None]
) -> list[int]:
    """The seeds of the request's best candidates, as many as it wants objects, best first.

    ``last`` saves the work where the same was ranked last, and remembers this ranking. ``on_part`` is told
    between batches how much is done, 0..1, and may raise.
    """
    request = subject.request
    fingerprint = _fingerprint(bundle, request)
    if last.fingerprint != fingerprint:
        last.seeds = tuple(_ranked(bundle, subject, on_part))
        last.fingerprint = fingerprint
    return list(last.seeds[: request.variations])


def _fingerprint(bundle: Bundle, request: Insert) -> bytes:
    """The same for requests whose candidates the same networks rank alike."""
    digest = hashlib.blake2b(repr(sorted(bundle.manifest.files.items())).encode())
    for part in fields(request):
        value = getattr(request, part.name)
        if isinstance(value, PixelFrame):
            digest.update(repr((part.name, value.width, value.height, value.format)).encode())
            digest.update(value.data)
        elif part.name not in _NOT_JUDGED:
            digest.update(repr((part.name, value)).encode())
    return digest.digest()


def _ranked(bundle: Bundle, subject: Subject, on_part: Callable[[float], None]) -> list[int]:
    """The seeds of all candidates, best first; of equally good ones the lower seed first."""
    request = subject.request
    side, watch = bundle.sides[0], Timings()  # small paintings are no part of the stages of large ones
    seeds = seeds_from(request.wish.seed, request.candidates)
    marks, outlines = [], []
    for start in range(0, len(seeds), AT_ONCE):
        on_part(start / len(seeds))
        batch = seeds[start : start + AT_ONCE]
        colour, alpha = painted(bundle, subject, batch, side, watch)
        found = bundle.judge(colour, alpha, torch.full((len(batch),), subject.class_index))
        marks.append(torch.zeros(len(batch)) if found is None else found)
        outlines.append(functional.adaptive_avg_pool2d(alpha, _CELLS)[:, 0])
    order = sorted(range(len(seeds)), key=seeds.__getitem__)
    ranks = with_variety(torch.cat(marks)[order], torch.cat(outlines)[order])
    return [seeds[order[place]] for place in ranks]


def with_variety(marks: Tensor, outlines: Tensor) -> list[int]:
    """Places by marks (N,), best first, of equals the earlier one, and all that are good enough are equals;
    what has the outline (N, S, S) of one that stands before it, or of its mirror image, must be better to
    come next."""
    left = torch.where(marks.isfinite(), marks, -torch.inf).clamp(max=_ENOUGH)
    alike = torch.maximum(_overlap(outlines, outlines), _overlap(outlines, outlines.flip(2)))
    ranks: list[int] = []
    while len(ranks) < len(left):
        best = max(set(range(len(left))) - set(ranks), key=lambda place: (float(left[place]), -place))
        ranks.append(best)
        left = left - _AGAIN * (alike[best] > _SAME)
    return ranks


def _overlap(ones: Tensor, others: Tensor) -> Tensor:
    """What pairs of outlines (N, S, S) and (M, S, S) in 0..1 share of what they cover together, (N, M)."""
    ones, others = ones.flatten(1)[:, None], others.flatten(1)[None]
    return torch.minimum(ones, others).sum(2) / torch.maximum(ones, others).sum(2).clamp(min=1e-6)
