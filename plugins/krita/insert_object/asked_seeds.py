"""Which seeds an insertion asks for: those that the user named, or the best of a row of others."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .wire.protocol import MAX_SEED, later_seed


@dataclass(frozen=True)
class Row:
    """Seeds one after another from ``first`` on, which the program picked and not the user."""

    first: int
    looked: int = 0  # how many of them were looked at, the best of which were shown

    def reaching(self, seed: int, count: int) -> Row:
        """The row with ``count`` seeds from ``seed`` on looked at, too."""
        return replace(self, looked=max(self.looked, (seed - self.first) % (MAX_SEED + 1) + count))


@dataclass(frozen=True)
class Seeds:
    """``count`` seeds from ``first`` on, or the best ``count`` of the ``candidates`` from there on."""

    first: int = 0
    count: int = 0
    candidates: int = 1
    row: Row | None = None  # that they are of, once they are looked at

    @property
    def behind(self) -> int:
        """The first seed behind all that were looked at."""
        if self.row is not None:
            return later_seed(self.row.first, self.row.looked)
        return later_seed(self.first, self.count)
