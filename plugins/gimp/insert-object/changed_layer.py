"""An object layer that somebody has worked on: what shall an edit do, which would paint over that work?"""

from __future__ import annotations

import enum

from subject import EditedObject, ObjectAbove, Subject
from wording import Refusal, _

from wire.sentences import (
    CHANGED_ABOVE,
    CHANGED_ABOVE_HINT,
    CHANGED_HINT,
    CHANGED_LAYER,
    CHANGED_LIGHT,
    CHANGED_LIGHT_HINT,
    CHANGED_REPAINT,
    CHANGED_REPAINT_HINT,
)


class Way(enum.Enum):
    """What an edit does to a layer that was worked on; the values are those of the procedure's argument."""

    REFUSE = "refuse"
    LIGHT = "light"
    ABOVE = "above"
    REPAINT = "repaint"


class LightInstead(Exception):
    """The user wants light for the layer, not another object."""


_ANSWERS = {1: Way.LIGHT, 2: Way.ABOVE, 3: Way.REPAINT}  # by the responses of the question's buttons


def ask(edited: EditedObject) -> Way | None:
    """Asks what to do; None where the user would rather do nothing. Needs GTK."""
    from gi.repository import GimpUi, Gtk

    question = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION,
        buttons=Gtk.ButtonsType.NONE,
        text=_said(edited),
        secondary_text=_(CHANGED_HINT),
        title=_("Edit Object"),
    )
    GimpUi.window_set_transient(question)
    question.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    for response, words, hint in (
        (3, CHANGED_REPAINT, CHANGED_REPAINT_HINT),
        (2, CHANGED_ABOVE, CHANGED_ABOVE_HINT),
        (1, CHANGED_LIGHT, CHANGED_LIGHT_HINT),
    ):
        question.add_button(_(words), response).set_tooltip_text(_(hint))
    question.set_default_response(1)
    answer = question.run()
    question.destroy()
    return _ANSWERS.get(int(answer))


def asked_again(subject: Subject) -> Subject | None:
    """What an open dialog is about, now that its object is to be put into the picture; asks what to do where
    somebody has worked on the layer since the dialog was opened. None where the user would rather do nothing.

    Raises:
        LightInstead: that was the answer.
    """
    if not (isinstance(subject, EditedObject) and subject.was_worked_on()):
        return subject
    way = ask(subject)
    if way is Way.LIGHT:
        raise LightInstead
    return None if way is None else taken(subject, way)


def taken(edited: EditedObject, way: Way, hint: str = "") -> EditedObject:
    """What the run is about, now that it is known what to do with the layer.

    Raises:
        Refusal: that is not known; ``hint`` says how to tell.
    """
    if way is Way.REPAINT:
        return edited
    if way is Way.ABOVE:
        return ObjectAbove(edited)
    raise Refusal(f"{_said(edited)} {_(CHANGED_HINT)}", hint)


def _said(edited: EditedObject) -> str:
    return _(CHANGED_LAYER).format(layer=edited.layer.get_name())
