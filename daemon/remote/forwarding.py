"""Starts the daemon that forwards."""

from __future__ import annotations

from daemon.home.folders import Folders
from daemon.remote.forwarder import Forwarder
from daemon.remote.upstream import Upstream
from daemon.serving.keys import KeyRing
from daemon.serving.process import run_service
from daemon.serving.settings import Settings


def run_forwarder(folders: Folders, upstream: Upstream, settings: Settings) -> None:
    """Forwards until a signal, a client or idleness ends it. To be called in the main thread.

    Raises:
        InsertObjectError: this computer has no key as a client, a daemon runs already, or a file or port
            could not be had.
    """
    keys = KeyRing(folders.remote).client()
    run_service(folders, lambda: Forwarder(folders, upstream, keys, settings))
