"""An object layer that somebody has worked on: what shall an edit do, which would paint over that work?"""

from __future__ import annotations

import enum

from subject import EditedObject, ObjectAbove
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
