"""What the docker shows for a state of link and desk: plain values, decided in one place."""

from __future__ import annotations

from dataclasses import dataclass

from .desk import Desk
from .link import UNDER_WAY, Link
from .messages import Message, message_for
from .targets import Purpose
from .translations import tr
from .wire.protocol import MIN_BOX_SIDE
from .wire.sentences import NOTHING_SELECTED, STAGES, STATES
from .wire.session import SessionState


@dataclass(frozen=True)
class View:
    """The docker at one moment."""

    box: str  # the selection in words
    can_insert: bool = False
    why_not: str = ""  # nothing can be inserted
    can_cancel: bool = False
    can_apply: bool = False
    can_discard: bool = False
    can_edit: bool = False  # the active layer is one of ours and no preview is in the way
    can_light: bool = False  # the active layer has pixels of its own, and no preview is in the way
    asks: bool = False  # whether an edit may cover what somebody did to the layer
    is_light: bool = False  # a layer is being lit: its strength can be chosen
    can_compare: bool = False  # a preview is there to be looked away from
    is_compared: bool = False  # the picture is seen without it
    can_retry: bool = False
    is_edit: bool = False  # Insert makes the edited layer's object again
    fraction: float | None = None  # of the progress bar; None hides it, below 0: nobody knows for how long
    message: Message | None = None


def view_of(link: Link, desk: Desk | None, active_record: str, *, can_light: bool = False) -> View:
    """The docker for a desk (None: no picture is open) whose active layer has that title, "" if not ours."""
    unavailable = link.state is SessionState.UNAVAILABLE
    if desk is None:
        message = message_for(link.error) if unavailable and link.error else None
        return View(box=tr("No picture is open."), can_retry=unavailable, message=message)
    shown = desk.preview.is_shown
    selection = desk.selection
    box = tr(NOTHING_SELECTED)
    if selection is not None:
        place = selection.box
        values = {"width": place.width, "height": place.height, "x": place.x, "y": place.y}
        box = tr("{width} × {height} pixels at {x}, {y}", **values)
    why_not = _why_not(link, desk)
    is_at_a_layer = any(each is not None for each in (desk.editing, desk.light, desk.worked))
    is_free = not (shown or desk.is_busy or desk.light is not None or desk.worked is not None)
    return View(
        box=box,
        can_insert=not why_not and not desk.is_busy,
        why_not=why_not,
        can_cancel=desk.is_busy,
        can_apply=shown and not desk.is_busy,
        can_discard=(shown or is_at_a_layer) and not desk.is_busy,
        can_edit=bool(active_record) and is_free,
        can_light=can_light and is_free,
        asks=desk.worked is not None,
        is_light=desk.light is not None,
        can_compare=shown and desk.light is None,
        is_compared=desk.is_comparing,
        can_retry=unavailable,
        is_edit=desk.editing is not None,
        fraction=_fraction(link, desk),
        message=_message(link, desk),
    )


def _why_not(link: Link, desk: Desk) -> str:
    """Why nothing can be inserted; empty where something can."""
    selection = desk.selection
    if link.welcome is None:
        return tr("The Insert Object service is not ready yet.")
    if desk.editing is not None:
        return ""
    if selection is None:
        return tr("Draw a selection where the object should be.")
    if min(selection.box.width, selection.box.height) < MIN_BOX_SIDE:
        return tr("The selection is too small: at least {side} × {side} pixels.", side=MIN_BOX_SIDE)
    return ""


def _fraction(link: Link, desk: Desk) -> float | None:
    if link.state is SessionState.LOADING:
        return link.fraction
    if link.state in UNDER_WAY:
        return -1.0
    if desk.is_busy:
        return desk.job.fraction if desk.job is not None else -1.0  # the picture is being read
    return None


def _message(link: Link, desk: Desk) -> Message | None:
    if link.state is SessionState.UNAVAILABLE and link.error is not None:
        return message_for(link.error)
    if desk.message is not None:
        return desk.message
    if link.state in UNDER_WAY:
        return Message(tr(STATES[link.state]))
    if desk.is_busy and desk.job is None:
        return Message(_why_not(link, desk) or tr("Reading the picture…"))
    if desk.is_busy and desk.job is not None:
        return Message(tr(STAGES[desk.job.stage]) if desk.job.stage else tr("Waiting for the service…"))
    if desk.light is not None:
        if desk.light.adjustments is None:
            return Message(tr("Judging the light…"))
        if not any(desk.light.adjustments.values()):
            return Message(tr("The layer has the scene's light already; it stays as it is."))
        return Message(tr("Choose how much, then Apply or Discard."))
    if desk.preview.is_shown and desk.purpose is not Purpose.LIVE:
        return Message(tr("Pick a variation, then Apply or Discard."))
    why_not = _why_not(link, desk)
    return Message(why_not) if why_not and link.welcome is not None else None
