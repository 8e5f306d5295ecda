"""Work in steps, done at once where it is little."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any


def finished(steps: Generator[Any, None, Any]) -> Any:
    """Goes through steps without a pause; what they return."""
    returned = []

    def run() -> Generator[Any, None, None]:
        returned.append((yield from steps))

    for _ in run():
        pass
    return returned[0]
