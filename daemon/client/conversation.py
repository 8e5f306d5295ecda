"""What a client asks of its ``Session``, or of whatever stands for one. Imports no packages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from wire.protocol import Reply, Request, Welcome


class Conversation(Protocol):
    """What a client asks of its ``Session``, or of whatever stands for one."""

    @property
    def fraction(self) -> float: ...

    def wait_ready(self, timeout: float, /) -> Welcome: ...

    def stream(self, request: Request, timeout: float, /) -> Iterator[Reply]: ...

    def close(self) -> None: ...
