"""What a session tells its owner: its state and the daemon's replies."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from . import protocol


class SessionState(enum.Enum):
    """What stands between the owner and an inserted object."""

    STARTING = "starting"  # the daemon is being started
    CONNECTING = "connecting"
    LOADING = "loading"  # connected; the daemon loads its networks and ``fraction`` tells how far it is
    READY = "ready"
    ASLEEP = "asleep"  # the daemon has ended, being idle or told to; the next request starts it again
    UNAVAILABLE = "unavailable"  # ``error`` says why; the next request tries again
    CLOSED = "closed"


@dataclass(frozen=True)
class StateChanged:
    """The session is in another state, or has got on in it. ``fraction`` (0..1) counts while LOADING."""

    state: SessionState
    fraction: float = 0.0
    error: protocol.InsertObjectError | None = None


Event: TypeAlias = "StateChanged | protocol.Reply"
