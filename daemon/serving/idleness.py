"""How long nobody has asked for anything, without the time that the computer slept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

LONGEST_WAIT_SECONDS = 60.0  # so that no more than that of a sleep goes unnoticed
LATE_SECONDS = 1.0  # a wait that takes this much longer than it should: the process did not run meanwhile


class Idleness:
    """A timer that stands still while the computer is suspended, or the process stopped.

    Some systems' clocks go on during a suspension. A daemon that went by them alone would end at the very
    moment at which somebody opens the laptop again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds and never goes back."""
        self._clock = clock
        self._since = clock()
        self._seen = self._since  # the end of the last wait

    @property
    def seconds(self) -> float:
        """Up to the end of the last wait: what came after it may have been a stop."""
        return max(0.0, self._seen - self._since)

    def restart(self) -> None:
        """Somebody has asked for something."""
        self._since = self._clock()

    @contextlib.contextmanager
    def waiting(self, milliseconds: int | None) -> Iterator[None]:
        """Around a wait of so long at most; one that took much longer does not count at all.

        What was done since the wait before counts with it: the process may have been stopped in between.
        """
        yield
        now = self._clock()
        waited, self._seen = now - self._seen, now
        if milliseconds is not None and waited > milliseconds / 1000 + LATE_SECONDS:
            self._since = min(now, self._since + waited)
