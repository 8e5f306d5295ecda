"""What the dialog is called, after image and layer, and on which side it leaves the object's place free."""

from __future__ import annotations

from gi.repository import Gimp
from layer_marks import layer_rectangle
from subject import Subject
from wording import _

_FAR_RIGHT = 2 / 3  # of the image's width: GIMP's docks are at its right, under the dialog


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


def is_far_right(subject: Subject) -> bool:
    """Whether the object goes into the right third of the image. GIMP tells nobody where that is shown."""
    image, layer = subject.image, subject.anchor
    if subject.record is not None and layer is not None:
        place = layer_rectangle(layer)
        left, right = place.x, place.right
    else:
        _ok, non_empty, left, _top, right, _bottom = Gimp.Selection.bounds(image)
        if not non_empty:
            return False
    return bool((left + right) / 2 > _FAR_RIGHT * image.get_width())
