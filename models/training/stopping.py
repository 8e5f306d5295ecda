"""Ctrl+C and SIGTERM end a training after the step at hand, so that what was learnt is written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether someone has asked for the end; a handler of signals, which tells those around it, too."""

    def __init__(self) -> None:
        self.wanted = False
        self.around = [signal.getsignal(number) for number in _SIGNALS]

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.wanted = True
        for handler in self.around:
            if isinstance(handler, Stop):
                handler(number, frame)


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """While this lasts, Ctrl+C and SIGTERM are noted and nothing else happens. Main thread only."""
    stop = Stop()
    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield stop
    finally:
        for number, handler in zip(_SIGNALS, stop.around, strict=True):
            signal.signal(number, handler)
