"""Why another computer cannot be used, in words for the user."""

from __future__ import annotations

import enum

from daemon.serving.address import Address
from wire.protocol import ErrorCode, InsertObjectError

LOCAL_HINT = "“insert-object daemon upstream none” lets this computer do the work itself."


class Failure(enum.Enum):
    """What went wrong with a connection."""

    UNREACHABLE = "unreachable"  # no connection came about
    SILENT = "silent"  # connected, and no answer in time
    REFUSED = "refused"  # it does not let our key in
    UNTRUSTED = "untrusted"  # it could not prove that it holds its own key, or is not a daemon of ours
    BROKEN = "broken"  # it was there, and has gone


_SENTENCES = {
    Failure.UNREACHABLE: (
        ErrorCode.UNAVAILABLE,
        "The computer {0}, which makes the objects, cannot be reached.",
        "See whether it is on, whether its Insert Object runs, and whether the network lets you through. ",
    ),
    Failure.SILENT: (
        ErrorCode.UNAVAILABLE,
        "The computer {0}, which makes the objects, does not answer.",
        "It may be overloaded or asleep; try again in a while. ",
    ),
    Failure.REFUSED: (
        ErrorCode.UNAUTHORISED,
        "The computer {0}, which makes the objects, does not let this one in.",
        "Show “insert-object daemon keys client” to who looks after it; that key must be allowed there. ",
    ),
    Failure.UNTRUSTED: (
        ErrorCode.UNAUTHORISED,
        "What answers at {0} is not the computer whose key you gave. Nothing was sent to it.",
        "If its key was renewed, say so: insert-object daemon upstream tcp://{0} --server-key KEY. ",
    ),
    Failure.BROKEN: (
        ErrorCode.UNAVAILABLE,
        "The connection to {0}, which makes the objects, broke off.",
        "Try again. ",
    ),
}


def failure_error(failure: Failure, address: Address) -> InsertObjectError:
    """The error to show for a failure."""
    code, sentence, hint = _SENTENCES[failure]
    return InsertObjectError(code, sentence.format(address.shown), hint.format(address.shown) + LOCAL_HINT)


def version_error(address: Address) -> InsertObjectError:
    """The error to show when the two computers' programs do not understand each other."""
    return InsertObjectError(
        ErrorCode.VERSION,
        f"Insert Object on {address.shown} and on this computer are of different versions.",
        f"Bring both to the same version with install.py. {LOCAL_HINT}",
    )
