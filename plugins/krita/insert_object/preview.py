"""The layers on which variations are shown; the very layers that stay when one is applied.

Krita records the adding of a layer as one undo step and the writing of its pixels as none. So the layers
are added once, complete, and every later variation only overwrites their pixels. An object that is edited is
replaced by the layer for its preview, also in one step; where that cannot be, it is hidden until Apply.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from .annotations import groups_of_objects, remember_layer
from .canvas import WAIT, Steps
from .colour_spaces import Space
from .documents import bounds_of, insertion_point, is_attached, layer_below, layer_id, lone_layer
from .history import Variation
from .object_layers import Drawn, ObjectLayers, new_object_layers, overwrite
from .pixels import clear_layer
from .translations import tr
from .undo_steps import LastStep, replaced
from .wire.layer_record import Recipe

ACTIVATION_SECONDS = 1.5  # within which Krita has made a new layer the active one


class Preview:
    """Shows variations of one document on layers, and makes them final or takes them away again."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._layers: ObjectLayers | None = None
        self._drawn = Drawn()
        self._step: LastStep | None = None  # what put the layers into the picture
        self._edited_is_hidden = False  # or replaced, which undo brings back
        self._hidden_for_edit: tuple[Any, ...] = ()
        self._given_back: tuple[Any | None, float] = (None, 0.0)
        self._is_out_of_view = False
        self.variation: Variation | None = None
        self.replaces: ObjectLayers | None = None  # what is being edited; not seen while a preview is shown

    @property
    def layers(self) -> ObjectLayers | None:
        """The layers in the picture; None, too, while their creation is undone."""
        return self._layers if self._layers is not None and self._layers.is_attached else None

    @property
    def is_shown(self) -> bool:
        return self.layers is not None

    @property
    def is_out_of_view(self) -> bool:
        """Whether the user looks at the picture without the preview."""
        return self._is_out_of_view and self.is_shown

    def look_away(self, *, away: bool) -> Steps:
        """Shows the picture, with an edited object, as it is without the preview; or the preview again."""
        layers, variation = self.layers, self.variation
        if layers is None or variation is None or away is self.is_out_of_view:
            return
        self._is_out_of_view = away
        if (
            self.replaces is not None and not self._hidden_for_edit
        ):  # its layer has given way to the preview's
            if away:
                yield from self._show_pixels_of(self.replaces.layer, layers)
            else:
                yield from overwrite(layers, self._drawn, variation)
                self._drawn = Drawn.by(variation)
        else:
            self._set_visible(layers.removable, shown=not away)
            self._set_visible(self._hidden_for_edit, shown=away)
        self._document.refreshProjection()
        yield

    def _show_pixels_of(self, edited: Any, layers: ObjectLayers) -> Steps:
        """Puts the pixels of the edited layer, which is not in the picture now, on the preview's layer."""
        before = bounds_of(edited)
        yield from clear_layer(layers.layer, self._drawn.layer)
        if Space.of(edited) == Space.of(layers.layer) and before.width > 0:
            place = (before.x, before.y, before.width, before.height)
            layers.layer.setPixelData(edited.pixelData(*place), *place)
        self._drawn = Drawn(before)

    def _set_visible(self, nodes: tuple[Any, ...], *, shown: bool) -> None:
        for node in nodes:
            if is_attached(node):
                node.setVisible(shown)

    def holds(self, node: Any) -> bool:
        """Whether a node is one of the preview's layers."""
        layers = self.layers
        return layers is not None and layers.holds(node)

    def show(self, variation: Variation, anchor: str) -> Steps:
        """Puts a variation on the canvas: on the preview's layers, or on new ones above layer ``anchor``."""
        if variation.pixels is None:
            raise ValueError("a variation without pixels cannot be shown")
        yield from self.look_away(away=False)
        layers = self.layers
        if layers is not None and (layers.shadow is not None) is variation.recipe.wish.shadow:
            yield from self._overwrite(layers, variation)
            return
        if layers is not None:
            below = layer_below(layers.top)
            anchor = layer_id(below) if below is not None else anchor
            yield from self._withdraw(layers)
        edited = self.replaces
        if edited is not None and edited.is_attached:
            anchor = layer_id(edited.top)
        fits = edited is not None and _fits(edited, variation)
        layer = None
        if edited is not None and fits:
            layer = yield from replaced(self._document, edited.top)
        if layer is not None:
            yield from self._take_over(ObjectLayers(layer), variation)
        else:
            yield from self._add(variation, anchor)

    def apply(self) -> Steps:
        """Leaves normal layers named after their recipe; an edited object makes way for them."""
        yield from self.look_away(away=False)
        layers, variation = self.layers, self.variation
        if layers is None or variation is None:
            return
        layers.unlock()
        layers.name_after(title(variation))
        self._remember(layers, variation)
        edited = self.replaces
        self._show_edited()  # what undo brings back is visible again
        self._release()
        yield
        if edited is not None:
            yield from _remove(edited)
        self._document.setActiveNode(layers.layer)

    def discard(self) -> Steps:
        """Takes the layers away and shows an edited object again."""
        yield from self.look_away(away=False)
        layers, variation, hid = self.layers, self.variation, self._edited_is_hidden
        if layers is not None and variation is not None:
            layers.name_after(title(variation))  # which redo would bring again
            yield from self._withdraw(layers)
        elif hid:
            self._show_edited()
            self._document.refreshProjection()
        self._release()
        yield

    @contextmanager
    def out_of_sight(self, besides: Any | None = None) -> Generator[Any, None, None]:
        """Gives what to read the scene from, without the preview, what it replaces and a layer ``besides``.

        That is the document with both hidden for the moment; or, where the picture has just one other
        layer, that layer, which spares the canvas two refreshes.
        """
        objects = (self.layers, self.replaces)
        in_sight = [n for o in objects if o is not None for n in o.removable if n.visible()]
        if besides is not None and is_attached(besides) and besides.visible():
            in_sight.append(besides)
        lone = lone_layer(self._document, in_sight) if in_sight else None
        if lone is not None:
            yield lone
            return
        with self._hidden(in_sight):
            yield self._document

    @contextmanager
    def _hidden(self, hidden: list[Any]) -> Generator[None, None, None]:
        for node in hidden:
            node.setVisible(False)
        if hidden:
            self._document.refreshProjection()
        try:
            yield
        finally:
            for node in hidden:
                node.setVisible(True)
            if hidden:
                self._document.refreshProjection()

    @property
    def is_out_of_step(self) -> bool:
        """The edited object shows beside its preview, or neither shows: the user undid or redid."""
        return self.replaces is not None and self.is_shown is not self._edited_is_hidden

    def follow_undo(self) -> Steps:
        """Shows the edited object exactly while its preview is not in the picture."""
        if self.is_out_of_step:
            if self.is_shown:
                self._hide_edited()
            else:
                self._show_edited()
            self._document.refreshProjection()
        yield

    def give_back_active_layer(self) -> None:
        """Makes the user's layer the active one again: Krita activates a new layer a moment after it came.

        To be called now and then; it does nothing once that moment is over.
        """
        layer, end = self._given_back
        if layer is None or not self.is_shown or time.monotonic() > end:
            self._given_back = (None, 0.0)
            return
        active = self._document.activeNode()
        if active is not None and is_attached(layer) and self.holds(active):
            self._document.setActiveNode(layer)  # the user goes on painting where the hand was

    def _add(self, variation: Variation, anchor: str) -> Steps:
        layers, filled = new_object_layers(self._document, variation, preview_title(variation))
        yield from filled
        yield
        layers.lock()
        self._remember(layers, variation)
        yield WAIT
        parent, above = insertion_point(self._document, anchor, groups_of_objects(self._document))
        active = self._document.activeNode()
        parent.addChildNode(layers.top, above)  # the one undo step
        self._layers, self._drawn, self.variation = layers, Drawn.by(variation), variation
        self._step = LastStep(self._document)
        self._given_back = (active, time.monotonic() + ACTIVATION_SECONDS)
        yield
        self.give_back_active_layer()
        if self.replaces is not None and not self._edited_is_hidden:
            self._hide_edited()
            self._document.refreshProjection()

    def _take_over(self, layers: ObjectLayers, variation: Variation) -> Steps:
        """Makes the layer that replaced the edited object the preview's."""
        self._layers, self._drawn, self.variation = layers, Drawn(bounds_of(layers.layer)), variation
        self._step, self._edited_is_hidden, self._hidden_for_edit = LastStep(self._document), True, ()
        yield  # only then Krita's window knows the new layer, which is to be told of each change
        layers.lock()
        self._remember(layers, variation)
        yield from self._overwrite(layers, variation)

    def _withdraw(self, layers: ObjectLayers) -> Steps:
        """Takes the preview's layers out of the picture and brings the edited object back."""
        step, edited, self._layers, self._step = self._step, self.replaces, None, None
        layers.unlock()
        undone = False
        if step is not None:
            undone = yield from step.take_back(lambda: not layers.is_attached)
        if not undone:
            if edited is not None and self._edited_is_hidden and not is_attached(edited.top):
                layers.top.parentNode().addChildNode(edited.top, layers.top)
                yield
            yield from _remove(layers)
        yield
        if edited is not None and self._edited_is_hidden:
            self._show_edited()
            self._document.refreshProjection()
            if edited.is_attached:
                self._document.setActiveNode(edited.layer)

    def _overwrite(self, layers: ObjectLayers, variation: Variation) -> Steps:
        was, self._drawn, self.variation = self._drawn, Drawn.by(variation), variation
        yield from overwrite(layers, was, variation)
        layers.name_after(preview_title(variation))
        self._document.refreshProjection()  # the only refresh that adds no undo step

    def _remember(self, layers: ObjectLayers, variation: Variation) -> None:
        keeps = variation.keeps
        record = layers.record(variation.recipe, variation.rect) if keeps is None else keeps.record
        if record is not None:
            remember_layer(self._document, layer_id(layers.layer), record)

    def _hide_edited(self) -> None:
        self._edited_is_hidden = True
        if self.replaces is not None:
            self._hidden_for_edit = tuple(node for node in self.replaces.removable if node.visible())
        for node in self._hidden_for_edit:
            node.setVisible(False)

    def _show_edited(self) -> None:
        for node in self._hidden_for_edit:
            if is_attached(node):
                node.setVisible(True)
        self._hidden_for_edit, self._edited_is_hidden = (), False

    def _release(self) -> None:
        self._layers, self._drawn, self.variation, self.replaces = None, Drawn(), None, None
        self._step, self._is_out_of_view = None, False


def _fits(edited: ObjectLayers, variation: Variation) -> bool:
    """Whether one layer can take the place of all that is edited."""
    alone = edited.removable == (edited.top,) and not edited.layer.animated()
    return alone and not variation.recipe.wish.shadow


def _remove(layers: ObjectLayers) -> Steps:
    """One undo step; two where an object and its shadow are not alone in their group."""
    for node in layers.removable:
        yield
        node.remove()


def title(variation: Variation) -> str:
    """The name of a finished layer."""
    if variation.keeps is not None:
        return variation.keeps.name
    return recipe_title(variation.recipe)


def recipe_title(recipe: Recipe) -> str:
    """The name of the layer that a recipe makes."""
    return tr("{object} · seed {seed}", object=recipe.label or recipe.wish.class_name, seed=recipe.wish.seed)


def preview_title(variation: Variation) -> str:
    """The name of the layer while it can still change."""
    return tr("{layer} (preview)", layer=title(variation))
