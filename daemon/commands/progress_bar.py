"""A progress bar on a terminal for work that takes more than a second; silent everywhere else."""

from __future__ import annotations

import shutil
import sys
import threading
from types import TracebackType

from wire.protocol import Stage

DELAY_SECONDS = 1.0
REFRESH_SECONDS = 0.2

_TEXTS = {
    Stage.LOADING: "loading the networks",
    Stage.MASK: "shaping",
    Stage.OBJECT: "painting",
    Stage.FINISHING: "finishing",
}


class ProgressBar:
    """Counts requests; within each, the daemon tells stage and fraction. Use it in a ``with`` statement.

    A thread draws it, so that the time goes on while the daemon has nothing to tell.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._fraction = 0.0
        self._text = "starting"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="progress-bar", daemon=True)

    def __enter__(self) -> ProgressBar:
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def show(self, stage: Stage, fraction: float) -> None:
        """Where the request in hand stands; ``fraction`` in 0..1 counts over all its stages."""
        self._text, self._fraction = _TEXTS[stage], fraction

    def next_step(self) -> None:
        """The request in hand is done."""
        self._done, self._fraction = self._done + 1, 0.0

    def _draw(self) -> None:
        if self._ended.wait(DELAY_SECONDS):
            return
        from tqdm import tqdm

        layout = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}"
        width, height = shutil.get_terminal_size()  # tqdm draws nothing where a terminal tells no size
        with tqdm(
            total=float(self._steps),
            desc=self._text,
            leave=False,
            bar_format=layout,
            ncols=width,
            nrows=height,
            file=sys.stderr,
        ) as bar:
            bar.start_t -= DELAY_SECONDS
            while True:
                bar.n = min(self._done + self._fraction, self._steps)
                bar.set_description_str(self._text)
                if self._ended.wait(REFRESH_SECONDS):
                    return
