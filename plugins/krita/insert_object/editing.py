"""An object that is to be edited: where it is now, and what to do where somebody has worked on it."""

from __future__ import annotations

import enum
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .documents import bounds_of
from .imprints import alpha_of, standing_of
from .messages import Message, message_for
from .object_layers import ObjectLayers, object_of
from .steps import finished
from .targets import check_pack
from .translations import tr
from .wire.imprint import Standing
from .wire.layer_record import GivenShape, LayerRecord, Recipe
from .wire.protocol import MAX_WINDOW_PIXELS, ErrorCode, InsertObjectError, Rect, Welcome
from .wire.request import sent_area
from .wire.sentences import CHANGED_HINT, CHANGED_LAYER

if TYPE_CHECKING:
    from .preview import Preview


class Way(enum.Enum):
    """What an edit does to a layer that was worked on."""

    LIGHT = "light"
    ABOVE = "above"
    REPAINT = "repaint"


@dataclass(frozen=True)
class Worked:
    """An object whose layer somebody has worked on since it was inserted."""

    layers: ObjectLayers
    record: LayerRecord
    standing: Standing


class Edits:
    """The edit in one document: of which object, and whether the new one takes its place."""

    def __init__(self, document: Any, preview: Preview) -> None:
        self._document = document
        self._preview = preview
        self.recipe: Recipe | None = None  # what the new object begins with; None where nothing is edited
        self.worked: Worked | None = None  # an object whose edit waits for an answer
        self.kept: ObjectLayers | None = None  # one that stays below the new one

    @property
    def unseen(self) -> Any | None:
        """What does not belong to the scene of the new object, besides what it replaces."""
        return self.kept.top if self.kept is not None else None

    def begin(self, node: Any) -> Recipe | None:
        """Takes up the object that a layer belongs to; None where somebody has worked on it.

        Raises:
            InsertObjectError: Insert Object knows nothing of the layer, or it is empty.
        """
        self.kept = self.worked = None
        layers, record = object_to_edit(self._document, node)
        edited = Worked(layers, record, finished(standing_of(self._document, layers.layer, record)))
        if edited.standing.is_changed:
            self.worked = edited
            return None
        return self._take_up(edited)

    def answer(self, way: Way) -> Recipe | None:
        """Takes up the object that somebody has worked on, to cover it or to put a new one above."""
        worked, self.worked = self.worked, None
        if worked is None:
            return None
        recipe = self._take_up(worked)
        if way is Way.ABOVE:
            self.kept, self._preview.replaces = worked.layers, None
        return recipe

    def message(self, welcome: Welcome | None) -> Message | None:
        """How the user goes on."""
        if self.worked is not None:
            said = tr(CHANGED_LAYER, layer=self.worked.layers.layer.name())
            return Message(f"{said} {tr(CHANGED_HINT)}")
        if self.recipe is None:
            return None
        try:
            check_pack(self.recipe, welcome)
        except InsertObjectError as error:  # no hindrance: another class can be chosen
            return message_for(error)
        return Message(tr("Change the seed or the class, then press Insert again."))

    def follow(self, active: Any | None) -> None:
        """A question is dropped when the user turns to another layer."""
        if self.worked is not None and (active is None or not self.worked.layers.holds(active)):
            self.worked = None

    def end(self) -> None:
        """Nothing is edited any more."""
        self.recipe = self.worked = self.kept = None

    def _take_up(self, edited: Worked) -> Recipe:
        steps = edited_recipe(self._document, edited.record, edited.layers.layer, edited.standing)
        recipe: Recipe = finished(steps)
        self.recipe, self._preview.replaces = recipe, edited.layers
        return recipe


def object_to_edit(document: Any, node: Any) -> tuple[ObjectLayers, LayerRecord]:
    """The object of ours that a layer belongs to.

    Raises:
        InsertObjectError: Insert Object knows nothing of the layer.
    """
    found = object_of(document, node)
    if found is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            "This layer was not made by Insert Object.",
            "Choose a layer that it made in this picture.",
        )
    return found


def edited_recipe(
    document: Any, record: LayerRecord, node: Any, standing: Standing
) -> Generator[None, None, Recipe]:
    """The recipe of a layer as it stands: its box where it is now, flipped where it was flipped.

    The layer's own outline is the shape where the recipe had one, or where the layer was turned, which no
    seed would do.

    Raises:
        InsertObjectError: the layer is empty, or lies outside the picture.
    """
    now = bounds_of(node)
    if now.width < 1 or now.height < 1:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST, "The layer is empty.", "Undo what was erased, or insert a new object."
        )
    recipe, wish = record.recipe, record.wish
    if now == record.place and not standing.is_flipped and not standing.is_turned:
        return recipe
    if recipe.shape is None and not standing.is_turned:
        mirrored = wish.mirrored != standing.is_flipped
        return replace(recipe, wish=replace(wish, box=record.box_at(now), mirrored=mirrored), shape=None)
    shape = yield from _outline(document, node, now)
    return replace(recipe, wish=replace(wish, box=now), shape=shape)


def _outline(document: Any, node: Any, box: Rect) -> Generator[None, None, GivenShape]:
    area = sent_area(box, document.width(), document.height(), MAX_WINDOW_PIXELS)
    size = (area.width, area.height)
    coverage = yield from alpha_of(node, area.window, size)
    return GivenShape.of(*size, coverage)
