"""Which seeds a row of variations has: those from one that the user named on, or the best of a longer row."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from .protocol import candidates_for, later_seed


@dataclass(frozen=True)
class Asked:
    """What one request is for: so many variations, the best of so many candidates, from the seed on."""

    seed: int
    variations: int = 1
    candidates: int = 1


class SeedRow:
    """The seeds of ``count`` variations.

    Seeds that the user named are ``start`` and the next ones. Where ``is_free``, the program picked
    ``start``, and the best from there on are found by asking for them. A seed that was found stays: for
    another box or another scene it is painted again, not chosen again.
    """

    def __init__(self, start: int, count: int, *, is_free: bool) -> None:
        self._start, self._count = start, count
        self._seeds = {} if is_free else {place: later_seed(start, place) for place in range(count)}

    def seed_of(self, place: int) -> int | None:
        """The seed of the variation at that place, 0 to ``count`` - 1; None while it is not known."""
        return self._seeds.get(place)

    def one(self, place: int) -> Asked:
        """What to ask for to have one variation: the best, where it is not known."""
        seed = self._seeds.get(place)
        if seed is None:
            return Asked(self._start, candidates=candidates_for(self._count))
        return Asked(seed)

    def others(self, there: Container[int]) -> list[Asked]:
        """What to ask for to have all variations, of which some are ``there``, one after the other."""
        if len(self._seeds) < self._count:
            return [Asked(self._start, self._count, candidates_for(self._count))]
        if all(seed == later_seed(self._start, place) for place, seed in self._seeds.items()):
            return [Asked(self._start, self._count)]
        return [Asked(seed) for place, seed in sorted(self._seeds.items()) if place not in there]

    def take(self, seed: int, place: int | None = None) -> int | None:
        """At which place a seed is that was painted. One that is new comes to ``place`` if that is free, or
        to the first that is; None where no place is."""
        known = next((there for there, other in self._seeds.items() if other == seed), None)
        if known is not None:
            return known
        free = [there for there in range(self._count) if there not in self._seeds]
        if not free:
            return None
        chosen = place if place in free else free[0]
        self._seeds[chosen] = seed
        return chosen
