"""Ctrl+C: no traceback at any moment, a word and exit code 130 once a command is at work."""

from __future__ import annotations

import signal
import time
from types import FrameType

_TIDYING_SECONDS = 1.0  # during which a second Ctrl+C does not keep half written files from being removed


def be_quiet() -> None:
    """From now on Ctrl+C ends the process without a word: while modules are loaded, and at the end.

    Who started us to ignore Ctrl+C, as shells do with programs in the background, is obeyed.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt_by_exception() -> None:
    """From now on Ctrl+C raises KeyboardInterrupt, once; a second one, a little later, ends the process."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return
    asked: list[float] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if not asked:
            asked.append(time.monotonic())
            raise KeyboardInterrupt
        if time.monotonic() - asked[0] > _TIDYING_SECONDS:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, interrupt)
