"""One insertion as the user sees it: how far it is, the layers so far, why it failed."""

from __future__ import annotations

import enum

from . import protocol
from .request import new_id


class JobState(enum.Enum):
    """Where an insertion stands; the last three are final."""

    QUEUED = "queued"  # not yet answered by the daemon
    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class InsertJob:
    """Follows one ``Insert`` through its replies."""

    def __init__(self, request: protocol.Insert) -> None:
        self.request = request
        self.state = JobState.QUEUED
        self.stage: protocol.Stage | None = None
        self.fraction = 0.0  # 0..1, never goes back
        self.position = 0  # requests ahead of this one when it was accepted
        self.layers: list[protocol.Layer] = []  # by index
        self.error: protocol.InsertObjectError | None = None
        self.notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.request.id

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
        elif isinstance(reply, protocol.Layer):
            self.state = JobState.RUNNING
            self.layers = [layer for layer in self.layers if layer.index != reply.index]
            self.layers.append(reply)
            self.layers.sort(key=lambda layer: layer.index)
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
