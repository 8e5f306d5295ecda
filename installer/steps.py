"""The steps of an installation: done one after the other, passed over when done, undone when they fail."""

from __future__ import annotations

import abc
import sys
import time
from collections.abc import Sequence

from installer.computer.failure import InstallFailure


class Step(abc.ABC):
    """One step. ``title`` is what the user reads; ``plan`` is what it would do.

    ``effort`` is told before a step that takes long, ``when_done`` of one that is passed over.
    """

    title = ""
    effort = ""
    when_done = "already there"

    @abc.abstractmethod
    def plan(self) -> str:
        """What the step does, for ``--dry-run``."""

    def is_done(self) -> bool:
        """Whether everything is already as the step would make it."""
        return False

    @abc.abstractmethod
    def do(self) -> str:
        """Does it and returns a remark for the user, or "".

        Raises:
            InstallFailure, OSError: it could not be done.
        """

    def undo(self) -> None:  # noqa: B027 - most steps leave nothing half done
        """Takes back what ``do`` left half done."""


def show_plan(steps: Sequence[Step]) -> None:
    """Tells what would be done, and does nothing."""
    for number, step in enumerate(steps, 1):
        state = step.when_done if step.is_done() else step.plan()
        print(f"[{number}/{len(steps)}] {step.title}: {state}")


def run_steps(steps: Sequence[Step]) -> None:
    """Does the steps that are not done yet.

    Raises:
        InstallFailure: a step failed; it was undone, and the ones before it stay.
    """
    for number, step in enumerate(steps, 1):
        start = f"[{number}/{len(steps)}] {step.title}"
        if step.is_done():
            print(f"{start}: {step.when_done}", flush=True)
            continue
        print(f"{start}{f', {step.effort}' if step.effort else ''} …", flush=True)
        started = time.monotonic()
        try:
            remark = step.do()
        except BaseException as error:
            step.undo()  # also when the user interrupts
            if isinstance(error, OSError):
                where = f" {error.filename}" if error.filename else ""
                fact = f"{step.title}:{where} {error.strerror or error}."
                raise InstallFailure(fact, "Free or unlock that place and run this again.") from error
            raise
        seconds = time.monotonic() - started
        took = f" ({seconds:.0f} s)" if seconds >= 1 else ""
        print(f"      {remark or 'done'}{took}", flush=True)


def tell(failure: InstallFailure) -> None:
    """Writes a failure for the user: the program's own words first, then the fact and what to do."""
    if failure.details:
        print(failure.details, file=sys.stderr)
    print(f"\nStopped. {failure}", file=sys.stderr)
