"""One daemon process from its first line to its last: lock, log, signals, service."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from daemon.home.folders import Folders
from daemon.home.freed_memory import keep_freed_memory
from daemon.home.lifecycle import wait_for_lock
from daemon.home.logs import logging_to
from daemon.home.machine import let_threads_sleep, make_way
from daemon.serving.service import EngineFactory, Service
from daemon.serving.settings import Settings
from wire.protocol import InsertObjectError

log = logging.getLogger(__name__)

WORKER_PATIENCE = 5.0  # seconds for a load that was broken off to come to its next step


class Serving(Protocol):
    """What a daemon's process runs: the service itself, or one that forwards to another computer's."""

    @property
    def wake_socket(self) -> Any: ...

    def stop(self) -> None: ...

    def run(self) -> None: ...

    def close(self, patience: float) -> bool: ...


def run_daemon(folders: Folders, factory: EngineFactory, settings: Settings) -> None:
    """Serves until a signal, a client or idleness ends it. To be called in the main thread.

    Raises:
        InsertObjectError: a daemon runs already, or a file or port could not be had.
    """
    run_service(folders, lambda: Service(folders, factory, settings))


def run_service(folders: Folders, make: Callable[[], Serving]) -> None:
    """Runs what ``make`` makes, once this is the user's only daemon; see ``run_daemon``."""
    os.umask(0o077)
    let_threads_sleep()
    make_way()
    keep_freed_memory()
    with wait_for_lock(folders), logging_to(folders.log_file):
        service = make()
        try:
            _end_on_signals(service)
            service.run()
        except InsertObjectError as error:
            log.error("The service could not start: %s", error)
            raise
        except Exception:
            log.exception("The service failed.")  # nobody sees what a daemon writes to its standard error
            raise
        finally:
            signal.set_wakeup_fd(-1)
            if not service.close(WORKER_PATIENCE):
                # a library call in the worker thread cannot be broken off, and tearing the interpreter
                # down under it may crash; everything of ours is closed, so the process may simply end
                logging.shutdown()
                os._exit(0)


def _end_on_signals(service: Serving) -> None:
    """The first signal ends the service in good order, a second one the process at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        service.stop()

    signal.set_wakeup_fd(service.wake_socket.fileno(), warn_on_full_buffer=False)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):  # not every system has all of them
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
