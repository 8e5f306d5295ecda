"""One insertion, or one giving of light, as the user sees it: how far it is, what has come, why it failed."""

from __future__ import annotations

import enum

from . import protocol
from .request import new_id


class JobState(enum.Enum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"  # not yet answered by the daemon
    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job:
    """Follows one request for the networks through its replies; ``InsertJob`` and ``LightJob`` are such."""

    def __init__(self, identity: str) -> None:
        self.id = identity
        self.state = JobState.QUEUED
        self.stage: protocol.Stage | None = None
        self.fraction = 0.0  # 0..1, never goes back
        self.position = 0  # requests ahead of this one when it was accepted
        self.error: protocol.InsertObjectError | None = None
        self.notes: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.state.is_final

    def feed(self, reply: protocol.Reply) -> bool:
        """Takes a reply; says whether it belonged to this job. A finished job takes none any more."""
        mine = reply.id == self.id
        if isinstance(reply, protocol.Cancelled) and reply.target == self.id:
            mine = True
        if not mine or self.is_final:
            return False
        if isinstance(reply, protocol.Accepted):
            if self.state is JobState.QUEUED:
                self.state = JobState.ACCEPTED
            self.position = reply.position
        elif isinstance(reply, protocol.Progress):
            self.state = JobState.RUNNING
            self.stage = reply.stage
            self.fraction = max(self.fraction, reply.fraction)
        elif isinstance(reply, (protocol.Layer, protocol.Lit)):
            self.state = JobState.RUNNING
            self._take(reply)
        elif isinstance(reply, protocol.Done):
            self.state = JobState.DONE
            self.fraction = 1.0
            self.notes = reply.notes
        elif isinstance(reply, protocol.Cancelled):
            self.state = JobState.CANCELLED
        elif isinstance(reply, protocol.Error):
            self.state = JobState.FAILED
            self.error = reply.exception()
        return True

    def cancel_request(self) -> protocol.Cancel:
        """The request that ends this job."""
        return protocol.Cancel(id=new_id(), target=self.id)

    def _take(self, result: protocol.Layer | protocol.Lit) -> None:
        """Keeps what was made."""


class InsertJob(Job):
    """Follows one ``Insert`` through its replies."""

    def __init__(self, request: protocol.Insert) -> None:
        super().__init__(request.id)
        self.request = request
        self.layers: list[protocol.Layer] = []  # by index

    def _take(self, result: protocol.Layer | protocol.Lit) -> None:
        if isinstance(result, protocol.Layer):
            self.layers = [layer for layer in self.layers if layer.index != result.index]
            self.layers.append(result)
            self.layers.sort(key=lambda layer: layer.index)


class LightJob(Job):
    """Follows one ``Light`` through its replies."""

    def __init__(self, request: protocol.Light) -> None:
        super().__init__(request.id)
        self.request = request
        self.lit: protocol.Lit | None = None

    def _take(self, result: protocol.Layer | protocol.Lit) -> None:
        if isinstance(result, protocol.Lit):
            self.lit = result
