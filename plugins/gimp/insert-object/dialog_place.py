"""What the dialog is called, after image and layer, and on which side it leaves the object's place free."""

from __future__ import annotations

from dialog_parts import EDGE
from gi.repository import Gimp
from layer_marks import layer_rectangle
from subject import Subject
from wording import _

from wire.protocol import Rect

# GIMP tells nobody where it shows a picture, so it is taken to be shown whole between the docks, as GIMP
# shows one that it has opened; in screen pixels:
_LEFT_DOCK = 200
_RIGHT_DOCK = 230
_OTHERS = 160  # title, menu, tabs and rulers above, the status line below


def title_of(subject: Subject) -> str:
    """The dialog's title, with the image and the layer that it works on."""
    layer = subject.anchor.get_name() if subject.anchor is not None else ""
    if subject.record is not None:
        words = _("Edit Object: “{layer}” in {image}")
    elif layer:
        words = _("Insert Object: above “{layer}” in {image}")
    else:
        words = _("Insert Object: {image}")
    return words.format(layer=layer, image=subject.image.get_name())


def object_place(subject: Subject) -> Rect | None:
    """Where the object is or will be, in image pixels; None: nothing is selected."""
    layer = subject.anchor
    if subject.record is not None and layer is not None:
        return layer_rectangle(layer)
    _ok, non_empty, left, top, right, bottom = Gimp.Selection.bounds(subject.image)
    return Rect(left, top, right - left, bottom - top) if non_empty else None


def is_better_left(place: Rect | None, image_size: tuple[int, int], screen: Rect, dialog: int) -> bool:
    """Whether a dialog of that width at the left edge covers less of the place than at the right one."""
    if place is None:
        return False
    width, height = image_size
    room = screen.width - _LEFT_DOCK - _RIGHT_DOCK
    zoom = min(1.0, room / width, (screen.height - _OTHERS) / height)
    begins = _LEFT_DOCK + (room - width * zoom) / 2
    covered_on_the_right = begins + place.right * zoom - (screen.width - EDGE - dialog)
    covered_on_the_left = EDGE + dialog - (begins + place.x * zoom)
    return max(0.0, covered_on_the_left) < max(0.0, covered_on_the_right)
