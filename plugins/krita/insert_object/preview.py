"""The layers on which variations are shown; the very layers that stay when one is applied.

Krita records the adding of a layer as one undo step and the writing of its pixels as none. So the layers
are added once, complete, and every later variation only overwrites their pixels. An object that is edited is
hidden meanwhile, and stays in the picture until Apply: what is saved then, by the user or by Krita itself,
has it. Apply takes the preview's step back and puts its pixels into the object's place, in one step; where
that cannot be, the preview's layers stay and the object is removed in a second step.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from krita import Krita

from .annotations import forget_layers, groups_of_objects, remember_layer
from .canvas import WAIT, Steps
from .colour_spaces import Space
from .documents import bounds_of, insertion_point, is_attached, is_large, layer_below, layer_id, lone_layer
from .herd_layers import each_object, new_herd_layers
from .history import Variation
from .imprints import imprint_of
from .object_layers import NOTHING, Drawn, ObjectLayers, needs_group, new_object_layers, overwrite
from .pending import find_preview, forget_preview, remember_preview
from .pixels import clear_layer, copied
from .redrawing import added_empty, redraw, redraw_all
from .steps import finished
from .succession import Succession, Unannounced
from .titles import preview_title, title
from .undo_steps import LastStep, can_be_replaced, is_in_front, replaced
from .wire.imprint import Imprint

KEPT_SUCCESSIONS = 50
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
        self._given_back: tuple[Any | None, float | None] = (None, 0.0)  # None: not in front yet
        self._is_out_of_view = False
        self.variation: Variation | None = None
        self._unannounced: list[Unannounced] = []  # layers whose undo Krita does not show by itself
        self._successions: list[Succession] = []  # edits that took two undo steps
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
        self._set_visible(layers.removable, shown=not away)
        self._set_visible(self._hidden_for_edit, shown=away)
        redraw(self._document, (*layers.removable, *self._hidden_for_edit))
        yield

    def _set_visible(self, nodes: Sequence[Any], *, shown: bool) -> None:
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
        if layers is not None and not variation.herd and layers.suit(variation.recipe.wish):
            yield from self._overwrite(layers, variation)
            return
        if layers is not None:
            below = layer_below(layers.top)
            anchor = layer_id(below) if below is not None else anchor
            yield from self._withdraw(layers)
        edited = self.replaces
        if edited is not None and edited.is_attached:
            anchor = layer_id(edited.top)
        yield from self._add(variation, anchor)

    def replace(self, edited: ObjectLayers) -> Steps:
        """What is edited is this from now on: an object's layer alone, or all of the object."""
        if self.replaces is not None and edited.removable != self.replaces.removable:
            if self.layers is not None:
                yield from self._withdraw(self.layers)
            self.replaces = edited

    def apply(self) -> Generator[Any, None, ObjectLayers | None]:
        """Leaves normal layers named after their recipe; an edited object makes way for them.

        Returns them; None where there is no preview.
        """
        yield from self.look_away(away=False)
        layers, variation = self.layers, self.variation
        if layers is None or variation is None:
            return None
        edited = self.replaces
        taken = yield from self._in_place_of(edited, layers, variation)
        layers = taken or layers
        layers.unlock()
        layers.name_after(title(variation))
        for each, one in each_object(layers, variation):
            made = (yield from imprint_of(each.layer)) if variation.keeps is None else None
            self._remember(each, one, made)
        self._show_edited()  # what undo brings back is visible again
        self._release()
        yield
        if edited is not None and taken is None:
            if variation.keeps is not None:
                layers.look_like(edited.layer)
            yield from _remove(edited)
            self._successions = [*self._successions[-KEPT_SUCCESSIONS:], Succession(edited, layers)]
        self._document.setActiveNode(layers.layer)
        redraw(self._document, (layers.top,))
        return layers

    def discard(self) -> Steps:
        """Takes the layers away and shows an edited object again."""
        yield from self.look_away(away=False)
        layers, variation, hid = self.layers, self.variation, self._edited_is_hidden
        if layers is not None and variation is not None:
            layers.name_after(title(variation))  # which redo would bring again
            yield from self._withdraw(layers)
        elif hid:
            redraw(self._document, self._show_edited())
        self._release()
        yield

    def take_up_again(self) -> bool:
        """Finds the preview that the document was saved with, so that it can be applied or discarded."""
        found = find_preview(self._document)
        if found is None:
            return False
        self._layers, self.variation, self.replaces = found.layers, found.variation, found.replaces
        nodes = (found.layers.layer, found.layers.shadow, found.layers.cast)
        self._drawn = Drawn(*(bounds_of(node) if node is not None else NOTHING for node in nodes))
        self._hidden_for_edit, self._edited_is_hidden = found.hidden, found.replaces is not None
        self._is_out_of_view = not found.layers.top.visible()
        return True

    @contextmanager
    def out_of_sight(self, *besides: Any) -> Generator[Any, None, None]:
        """Gives what to read the scene from, without the preview, what it replaces and layers ``besides``.

        That is the document with both hidden for the moment; or, where the picture has just one other
        layer, that layer, which spares the canvas two refreshes. Yield ``WAIT`` before reading it.
        """
        objects = (self.layers, self.replaces)
        in_sight = [n for o in objects if o is not None for n in o.removable if n.visible()]
        others = [node for node in besides if node is not None and is_attached(node)]
        in_sight += [node for node in others if node.visible()]
        lone = lone_layer(self._document, in_sight) if in_sight else None
        if lone is not None:
            yield lone
            return
        with self._hidden(in_sight):
            yield self._document

    @contextmanager
    def _hidden(self, hidden: list[Any]) -> Generator[None, None, None]:
        self._set_visible(hidden, shown=False)
        if hidden:
            redraw(self._document, hidden)
        try:
            yield
        finally:
            self._set_visible(hidden, shown=True)
            if hidden:
                redraw(self._document, hidden)

    @property
    def is_out_of_step(self) -> bool:
        """The edited object shows beside its preview, or neither shows: the user undid or redid."""
        is_mine = self.replaces is not None and self.is_shown is not self._edited_is_hidden
        succeeded = any(each.is_out_of_step for each in self._successions)
        return is_mine or succeeded or any(each.is_out_of_step for each in self._unannounced)

    def follow_undo(self) -> Steps:
        """Shows the edited object exactly while its preview is not in the picture."""
        if self.is_out_of_step:
            stale = self.replaces is not None or any(each.is_out_of_step for each in self._successions)
            for each in self._successions:
                if each.is_out_of_step:
                    each.follow()
            for layer in self._unannounced:
                if layer.is_out_of_step:
                    stale = layer.follow() or stale
            if self.replaces is not None and self.is_shown:
                self._hide_edited()
            elif self.replaces is not None:
                self._show_edited()
            if stale:
                redraw_all(self._document)
        yield

    def give_back_active_layer(self) -> None:
        """Makes the user's layer the active one again: Krita activates a new layer a moment after it came.

        To be called now and then; it does nothing once that moment is over.
        """
        layer, end = self._given_back
        if end is None and is_in_front(self._document):
            end = time.monotonic() + ACTIVATION_SECONDS  # another picture was in front when it came
            self._given_back = (layer, end)
        if layer is None or not self.is_shown or (end is not None and time.monotonic() > end):
            self._given_back = (None, 0.0)
            return
        active = self._document.activeNode()
        if active is not None and is_attached(layer) and self.holds(active):
            self._document.setActiveNode(layer)  # the user goes on painting where the hand was

    def _add(self, variation: Variation, anchor: str) -> Steps:
        yield WAIT
        active = self._document.activeNode()
        parent, above = insertion_point(self._document, anchor, groups_of_objects(self._document))
        top = None
        if is_large(self._document):
            is_group = bool(variation.herd) or needs_group(variation.recipe.wish)
            kind = "grouplayer" if is_group else "paintlayer"
            top = yield from added_empty(self._document, kind, above)
        layers, filled = _new_layers(self._document, variation, top)
        if top is not None:
            top.setLocked(True)
            self._unannounced = [*self._unannounced[-KEPT_SUCCESSIONS:], Unannounced(layers.top)]
        yield from filled
        yield
        layers.lock()
        self._drawn = Drawn.by(variation)
        for each, one in each_object(layers, variation):
            self._remember(each, one)
        remember_preview(self._document, layers, self._shown_of_edited(), variation)
        if top is None:
            yield WAIT
            parent, above = insertion_point(self._document, anchor, groups_of_objects(self._document))
            active = self._document.activeNode()
            parent.addChildNode(layers.top, above)  # the one undo step
        self._layers, self.variation = layers, variation
        self._step = LastStep(self._document)
        end = time.monotonic() + ACTIVATION_SECONDS if is_in_front(self._document) else None
        self._given_back = (active, end)
        yield
        self.give_back_active_layer()
        if top is not None:
            yield WAIT  # for what Krita does then: redrawing in the middle of it holds the window up
        hides = self.replaces is not None and not self._edited_is_hidden
        if hides:
            self._hide_edited()
        if hides or top is not None:
            redraw(self._document, (*self._hidden_for_edit, *((layers.top,) if top is not None else ())))

    def _in_place_of(
        self, edited: ObjectLayers | None, preview: ObjectLayers, variation: Variation
    ) -> Generator[Any, None, ObjectLayers | None]:
        """Puts the preview's pixels in the place of the edited object, in one undo step.

        Returns the layer that has them then; None, with nothing changed, where Krita does not do it.
        """
        if edited is None or self._step is None or not edited.is_attached:
            return None
        if not _fits(edited, preview, variation) or not can_be_replaced(self._document, edited.top):
            return None
        drawn = yield from copied(preview.layer, self._drawn.layer)
        undone = yield from self._step.take_back(lambda: not preview.is_attached)
        if not undone:
            return None
        opacity = edited.top.opacity()
        edited.top.setOpacity(0)  # which the new layer takes over: nobody sees the old object flash up
        self._show_edited()
        layer = yield from replaced(self._document, edited.top)
        edited.top.setOpacity(opacity)
        if layer is None:
            self._hide_edited()
            Krita.instance().action("edit_redo").trigger()
            self._document.waitForDone()
            return None
        finished(clear_layer(layer, bounds_of(layer)))  # without a pause: what is saved has one of the two
        for place, data in drawn:
            layer.setPixelData(data, *place)
        yield  # only then Krita's window knows the new layer, which is to be told of the opacity
        layer.setOpacity(opacity)
        forget_layers(self._document, {layer_id(preview.layer)})
        return ObjectLayers(layer)

    def _withdraw(self, layers: ObjectLayers) -> Steps:
        """Takes the preview's layers out of the picture and brings the edited object back."""
        step, edited, self._layers, self._step = self._step, self.replaces, None, None
        layers.unlock()
        undone = False
        quiet = [each for each in self._unannounced if each.node == layers.top]
        if quiet:
            self._set_visible(layers.removable, shown=False)
            redraw(self._document, (layers.top,))  # for the undo will not
            yield WAIT
        if step is not None:
            undone = yield from step.take_back(lambda: not layers.is_attached)
        if not undone:
            yield from _remove(layers)
        for each in quiet:
            each.node.setVisible(True)  # when redo brings it again
            each.was_there = False
        yield
        if edited is not None and self._edited_is_hidden:
            redraw(self._document, self._show_edited())
            if edited.is_attached:
                self._document.setActiveNode(edited.layer)

    def _overwrite(self, layers: ObjectLayers, variation: Variation) -> Steps:
        was, self._drawn, self.variation = self._drawn, Drawn.by(variation), variation
        yield from overwrite(layers, was, variation)
        layers.name_after(preview_title(variation))
        if variation.keeps is not None:
            remember_preview(self._document, layers, self._hidden_for_edit, variation)
        redraw(self._document, (layers.top,))

    def _remember(self, layers: ObjectLayers, variation: Variation, imprint: Imprint | None = None) -> None:
        keeps = variation.keeps
        record = None if keeps is None else keeps.record
        if keeps is None:
            record = replace(layers.record(variation.recipe, bounds_of(layers.layer)), imprint=imprint)
        elif record is not None and keeps.choice.shadows is not None:
            record = replace(layers.record(variation.recipe, record.place), imprint=record.imprint)
        if record is not None:
            remember_layer(self._document, layer_id(layers.layer), record)

    def _hide_edited(self) -> None:
        self._hidden_for_edit, self._edited_is_hidden = self._shown_of_edited(), True
        self._set_visible(self._hidden_for_edit, shown=False)

    def _shown_of_edited(self) -> tuple[Any, ...]:
        """What is, or is to be, hidden of the edited object while the preview is there."""
        if self._edited_is_hidden or self.replaces is None:
            return self._hidden_for_edit
        return tuple(node for node in self.replaces.removable if node.visible())

    def _show_edited(self) -> tuple[Any, ...]:
        """What is shown again."""
        shown, self._hidden_for_edit, self._edited_is_hidden = self._hidden_for_edit, (), False
        self._set_visible(shown, shown=True)
        return shown

    def _release(self) -> None:
        self._layers, self._drawn, self.variation, self.replaces = None, Drawn(), None, None
        self._step, self._is_out_of_view = None, False
        forget_preview(self._document)


def _fits(edited: ObjectLayers, preview: ObjectLayers, variation: Variation) -> bool:
    """Whether one layer can take the place of all that is edited, and the preview's bytes are right in it."""
    alone = edited.removable == (edited.top,) and not edited.layer.animated()
    alike = Space.of(edited.top) == Space.of(preview.layer)
    return alone and alike and not needs_group(variation.recipe.wish)


def _new_layers(document: Any, variation: Variation, top: Any | None) -> tuple[ObjectLayers, Steps]:
    """Layers that are not yet in the picture, but for ``top``, and the steps that fill them."""
    name = preview_title(variation)
    if variation.herd:
        return new_herd_layers(document, variation.herd, name, top)
    return new_object_layers(document, variation, name, top)


def _remove(layers: ObjectLayers) -> Steps:
    """One undo step; more where an object and its shadows are not alone in their group."""
    for node in layers.removable:
        yield
        node.remove()
