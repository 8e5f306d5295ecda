"""The talk with the daemon, driven from GIMP's main thread; nothing here waits."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gi.repository import Gimp

from wire.connection import read_config
from wire.job import InsertJob, Job, LightJob
from wire.protocol import Insert, Layer, Light, Lit, Welcome
from wire.session import Session, StateChanged

_CONFIG = Path(__file__).resolve().parent / "config.json"


class Listener(Protocol):
    """Who wants to know what the daemon says. Called from ``Conversation.tick`` only."""

    def daemon_changed(self, change: StateChanged) -> None:
        """The daemon starts, loads, is ready, or cannot be reached."""

    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """One variation, or a layer in its scene's light, is there."""

    def job_changed(self, job: Job) -> None:
        """A job has got on, or has come to its end."""


class Conversation:
    """Asks for objects and hands the answers to its listener.

    The session has a thread of its own for the socket, which never calls GIMP: libgimp called from two
    threads ends the plug-in.
    """

    def __init__(self, listener: Listener) -> None:
        """Raises ConnectionUnavailable when the plug-in is not fully installed."""
        self._listener = listener
        self._session = Session(read_config(_CONFIG), f"GIMP {Gimp.version()}")
        self._jobs: dict[str, Job] = {}
        self._session.open()

    @property
    def welcome(self) -> Welcome | None:
        """What the daemon can do; None until it is ready for the first time."""
        return self._session.welcome

    def ask(self, request: Insert | Light) -> Job:
        """Sends a request; the listener hears of it until it is done."""
        job = InsertJob(request) if isinstance(request, Insert) else LightJob(request)
        self._jobs[job.id] = job
        self._session.send(request)
        return job

    def cancel(self, job: Job) -> None:
        """Ends a job; the listener hears no more of it."""
        if self._jobs.pop(job.id, None) is not None and not job.is_final:
            self._session.send(job.cancel_request())

    def tick(self) -> bool:
        """Hands over what has come in since the last call; tells whether there was anything."""
        events = self._session.poll(0.0)
        for event in events:
            if isinstance(event, StateChanged):
                self._listener.daemon_changed(event)
                continue
            for job in list(self._jobs.values()):
                if not job.feed(event):
                    continue
                if job.is_final:
                    self._jobs.pop(job.id, None)
                if isinstance(event, (Layer, Lit)):
                    self._listener.result_arrived(job, event)
                self._listener.job_changed(job)
        return bool(events)

    def close(self) -> None:
        """Ends the talk and whatever is still being made."""
        for job in list(self._jobs.values()):
            self.cancel(job)
        self._session.close()
