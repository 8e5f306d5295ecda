"""Work in steps, done at once where it is little, and given up where it is not wanted any more."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


def finished(steps: Generator[Any, None, Any]) -> Any:
    """Goes through steps without a pause; what they return."""
    returned = []

    def run() -> Generator[Any, None, None]:
        returned.append((yield from steps))

    for _ in run():
        pass
    return returned[0]


def as_long_as(
    wanted: Callable[[], bool], steps: Generator[Any, None, Result]
) -> Generator[Any, None, Result | None]:
    """Goes through steps while ``wanted()``; what they return, None where they were given up."""
    try:
        while wanted():
            try:
                step = next(steps)
            except StopIteration as end:
                result: Result = end.value
                return result
            yield step
    finally:
        steps.close()
    return None
