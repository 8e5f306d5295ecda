"""What the security tests share: a studio that ends with the test, and programs of another user."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.serving.keys import KeyRing
from tests.security.studio import Desk, GpuBox, StudioProcess

posix = pytest.mark.skipif(sys.platform == "win32", reason="users and modes of POSIX")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as another user"
)

OpenBox = Callable[..., GpuBox]
OpenDesk = Callable[..., Desk]


@pytest.fixture
def _processes() -> Iterator[list[StudioProcess]]:
    started: list[StudioProcess] = []
    yield started
    for one in reversed(started):
        one.end()


@pytest.fixture
def open_box(tmp_path: Path, _processes: list[StudioProcess]) -> OpenBox:
    """Starts the daemon that does the work: ``open_box(*arguments of the stand-in daemon)``."""

    def start(*arguments: object, **places: str) -> GpuBox:
        box = GpuBox(tmp_path / "box", *arguments, **places)
        _processes.append(box)
        box.wait_for_connection()
        return box

    return start


@pytest.fixture
def open_desk(tmp_path: Path, _processes: list[StudioProcess]) -> OpenDesk:
    """Starts a daemon that forwards to a box, which lets it in: ``open_desk(box, name="desk")``.

    Without a box, ``endpoint`` and ``server_key`` say where to.
    """

    def start(
        box: GpuBox | None,
        *arguments: object,
        name: str = "desk",
        endpoint: str = "",
        server_key: bytes | None = None,
        allowed: bool = True,
    ) -> Desk:
        key = server_key or (box.key.public if box else b"")
        desk = Desk(tmp_path / name, endpoint or (box.endpoint if box else ""), key, *arguments)
        if box is not None and allowed:
            box.ring.allow(name, KeyRing(desk.folders.remote).client().public)
        _processes.append(desk)
        desk.wait_for_connection()
        return desk

    return start
