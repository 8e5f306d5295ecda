"""What the filter is run on: a box for a new object, or an object layer that is to be edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import object_layer
import picture
from gi.repository import Gimp
from layer_imprint import imprint_of, standing_of
from layer_marks import layer_rectangle, object_of, record_of, shadows_of
from layer_places import check_seen, seen_anchor, topmost
from object_layer import Made
from parasites import ShadowKind
from picture import Fingerprint
from wording import Refusal, _

from wire.herd import Region
from wire.imprint import Imprint, Standing, standing
from wire.layer_record import LayerRecord
from wire.protocol import PixelFrame, Rect, Wish
from wire.selected_ground import SelectedGround


@dataclass(frozen=True)
class Ground:
    """Where the object goes. ``has_shape``: there is more to it than a box; ``suggests_shape``: use it."""

    box: Rect
    has_shape: bool
    suggests_shape: bool
    selected: SelectedGround | None = None  # where several objects can go

    @property
    def pieces(self) -> int:
        """How many parts the selection has that lie apart."""
        return max(1, len(self.selected.parts)) if self.selected is not None else 1


class Subject(Protocol):
    """A place for an object; the dialog and the unattended run know no more than this."""

    image: Gimp.Image
    anchor: Gimp.Item | None

    @property
    def record(self) -> LayerRecord | None:
        """How an edited object was made."""

    @property
    def replaced(self) -> tuple[Gimp.Layer, ...]:
        """The layers whose place the object takes: the object's own, then its shadows'."""

    @property
    def unseen(self) -> tuple[Gimp.Layer, ...]:
        """The layers that do not belong to the scene."""

    @property
    def pair(self) -> str:
        """The word by which the object and its shadows know each other; "" for a new one."""

    def fingerprint(self) -> Fingerprint:
        """Numbers that change when the ground does."""

    def ground(self) -> Ground | None:
        """Where the object goes now; None while the user has not said it."""

    def box(self, ground: Ground, *, use_shape: bool) -> Rect:
        """The box to ask the daemon for."""

    def shape(self, window: Rect, size: tuple[int, int]) -> PixelFrame:
        """The object's shape in the window, an a8 frame of that size."""

    def settle(self, made: Sequence[Made]) -> Gimp.Layer:
        """Puts one object, or several into a new place, into the image, as one undo step."""


class NewObject:
    """A new object in the selection, or in ``fixed_box`` where a script names one."""

    record: LayerRecord | None = None
    replaced: tuple[Gimp.Layer, ...] = ()
    unseen: tuple[Gimp.Layer, ...] = ()
    pair = ""

    def __init__(self, image: Gimp.Image, anchor: Gimp.Item | None, fixed_box: Rect | None = None) -> None:
        self.image = image
        self.anchor = anchor
        self._fixed_box = fixed_box

    def fingerprint(self) -> Fingerprint:
        return () if self._fixed_box is not None else picture.fingerprint(self.image)

    def ground(self) -> Ground | None:
        if self._fixed_box is not None:
            inside = self._fixed_box.clipped(self.image.get_width(), self.image.get_height())
            return Ground(self._fixed_box, False, False, SelectedGround(Region(inside)))
        selected = picture.read_selection(self.image)
        if selected is None:
            return None
        is_shape = not selected.is_rectangle
        is_outline = is_shape and selected.shape.is_outline
        return Ground(selected.box, is_shape, is_outline, selected.ground)

    def box(self, ground: Ground, *, use_shape: bool) -> Rect:  # noqa: ARG002 - a selection's box is its own
        return ground.box

    def shape(self, window: Rect, size: tuple[int, int]) -> PixelFrame:
        coverage = picture.selection_shape(self.image, window, size)
        if not picture.fingerprint(self.image) or max(coverage.data, default=0) == 0:
            raise Refusal(
                _("Nothing of the box is selected."),
                _("Select the object's shape in it, or set “shape” to “free”."),
            )
        return coverage

    def settle(self, made: Sequence[Made]) -> Gimp.Layer:
        anchor = self.anchor if self.anchor is not None and self.anchor.is_valid() else None
        return object_layer.insert_all(self.image, made, anchor)


class EditedObject:
    """An object layer, wherever the user has moved, scaled or rotated it to.

    Its own alpha can be the object's shape: the same shape, lit where it is now. Otherwise the box that it
    was made for goes where the layer has gone.
    """

    def __init__(
        self, image: Gimp.Image, layer: Gimp.Layer, record: LayerRecord, now: Imprint | None
    ) -> None:
        self.image = image
        self.anchor: Gimp.Item | None = layer
        self.record = record
        self.pair = record.shadow
        self.layer = layer
        self.imprint = now
        self.standing: Standing = standing_of(layer, record, now)
        self._size = layer.get_width(), layer.get_height()

    @property
    def unseen(self) -> tuple[Gimp.Layer, ...]:
        return (self.layer, *self._shadows.values())

    @property
    def replaced(self) -> tuple[Gimp.Layer, ...]:
        return self.unseen

    @property
    def wish(self) -> Wish:
        """How the object was made, with the shadows that it has now and flipped if the layer was."""
        made, shadows = self.record.wish, self._shadows
        return replace(
            made,
            shadow=ShadowKind.CONTACT in shadows,
            cast_shadow=ShadowKind.CAST in shadows,
            mirrored=made.mirrored != self.standing.is_flipped,
        )

    @property
    def _shadows(self) -> dict[ShadowKind, Gimp.Layer]:
        return shadows_of(self.image, self.layer, self.record.shadow)

    def fingerprint(self) -> Fingerprint:
        if not self.layer.is_valid():
            return ()
        place = layer_rectangle(self.layer)
        return (place.x, place.y, place.width, place.height)

    def ground(self) -> Ground | None:
        if not self.layer.is_valid():
            raise Refusal(_("The object's layer is gone."), _("Close this dialog and run the filter again."))
        place = layer_rectangle(self.layer)
        is_elsewhere = place != self.record.place
        return Ground(place, has_shape=True, suggests_shape=is_elsewhere or self.standing.is_flipped)

    def box(self, ground: Ground, *, use_shape: bool) -> Rect:
        if use_shape:
            return ground.box
        return self.record.box_at(ground.box)

    def shape(self, window: Rect, size: tuple[int, int]) -> PixelFrame:
        return picture.layer_shape(self.layer, window, size)

    def was_worked_on(self) -> bool:
        """Whether somebody has worked on the layer since ``standing`` told what has become of it."""
        if not self.layer.is_valid():
            return False
        then, now = self.imprint, imprint_of(self.layer)
        if then is None or now is None:
            return then != now
        same_size = self._size == (self.layer.get_width(), self.layer.get_height())
        return standing(then, now, same_size=same_size).is_changed

    def settle(self, made: Sequence[Made]) -> Gimp.Layer:
        if not self.layer.is_valid():
            raise Refusal(_("The object's layer is gone."), _("Close this dialog and run the filter again."))
        return object_layer.edit(self.image, self.layer, made[0].reply, made[0].record)


class ObjectAbove(EditedObject):
    """A new object above an object layer that was worked on, and that stays as it is."""

    def __init__(self, edited: EditedObject) -> None:
        super().__init__(edited.image, edited.layer, edited.record, edited.imprint)
        self.pair = ""

    @property
    def replaced(self) -> tuple[Gimp.Layer, ...]:
        return ()

    def was_worked_on(self) -> bool:
        return False  # of whatever concern that is: nothing is painted over

    def settle(self, made: Sequence[Made]) -> Gimp.Layer:
        return object_layer.insert_all(self.image, made, self.layer if self.layer.is_valid() else None)


def choose_subject(image: Gimp.Image, *, box: Rect | None, prefer_new: bool) -> Subject:
    """What a run on this image is about.

    An active object layer is edited unless the user has drawn a box for another object since:
    ``prefer_new`` takes any selection for that (so does Repeat), otherwise one with another box does.

    Raises:
        Refusal: the image cannot take a layer as it is.
    """
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise Refusal(
            _("This picture has a fixed table of colours, which an object cannot be drawn with."),
            _("Choose Image ▸ Mode ▸ RGB, then insert the object."),
        )
    if image.get_floating_sel() is not None:
        raise Refusal(
            _("The picture has a floating selection."),
            _("Make it a layer (Layer ▸ To New Layer) or anchor it, then insert the object."),
        )
    layers = image.get_selected_layers()
    active = topmost(image, layers) if layers else None
    if active is not None:
        active = object_of(image, active) or active  # a shadow stands for its object
    record = record_of(active) if active is not None and not active.is_group_layer() else None
    if active is None or record is None or box is not None:
        return NewObject(image, seen_anchor(active), box)
    selected = picture.read_selection(image)
    if selected is None or (selected.box == record.wish.box and not prefer_new):
        check_seen(active)
        return EditedObject(image, active, record, imprint_of(active))
    return NewObject(image, seen_anchor(active))
