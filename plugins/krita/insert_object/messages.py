"""What the docker tells the user, and the one place where a failure turns into words."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass

from .translations import tr, tr_sentence
from .wire.protocol import InsertObjectError

log = logging.getLogger("insert_object")


class Tone(enum.Enum):
    """How a message is meant."""

    PLAIN = "plain"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Message:
    """A sentence for the docker; ``details`` is for a bug report and shown as a tool tip."""

    text: str
    tone: Tone = Tone.PLAIN
    details: str = ""


def saved_preview() -> Message:
    """What a picture says that was saved with a preview."""
    return Message(tr("The picture was saved with this preview. Apply keeps it, Discard takes it away."))


def message_for(error: BaseException) -> Message:
    """The message for a failure: its own sentence and hint, or a plain one for a fault of the plug-in."""
    if isinstance(error, InsertObjectError):
        text = " ".join(part for part in (tr_sentence(error.sentence), tr_sentence(error.hint)) if part)
        return Message(text, Tone.PROBLEM, f"code: {error.code.value}")
    log.error("a fault in the plug-in", exc_info=error)
    details = "".join(_traceback(error))
    text = tr("The plug-in made a mistake ({kind}). Your picture is unharmed.", kind=type(error).__name__)
    return Message(text, Tone.PROBLEM, details)


def _traceback(error: BaseException) -> list[str]:
    import traceback

    return traceback.format_exception(type(error), error, error.__traceback__)
