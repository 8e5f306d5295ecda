"""The layer on which variations are shown; the very layer that stays when one is applied.

Krita records the adding of a layer as one undo step and the writing of its pixels as none. So the layer
is added once, complete, and every later variation only overwrites its pixels.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from .annotations import remember_layer
from .canvas import Steps
from .client.protocol import Rect
from .documents import insertion_point, is_attached, layer_id, lone_layer
from .history import Variation
from .pixels import clear_layer, write_layer
from .recipes import LayerRecord
from .translations import tr

ACTIVATION_SECONDS = 1.5  # within which Krita has made a new layer the active one
NOTHING = Rect(0, 0, 0, 0)


class Preview:
    """Shows variations of one document on one layer, and makes it final or takes it away again."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._node: Any | None = None
        self._drawn = NOTHING
        self.variation: Variation | None = None
        self._given_back: tuple[Any | None, float] = (None, 0.0)
        self.replaces: Any | None = None  # the layer that is being edited, hidden while a preview is shown

    @property
    def is_shown(self) -> bool:
        """Whether the layer is in the picture; False, too, while its creation is undone."""
        return self._node is not None and is_attached(self._node)

    @property
    def node(self) -> Any | None:
        return self._node if self.is_shown else None

    def show(self, variation: Variation, anchor: str) -> Steps:
        """Puts a variation on the canvas: on the preview layer, or on a new one above layer ``anchor``."""
        if variation.pixels is None:
            raise ValueError("a variation without pixels cannot be shown")
        if self.is_shown:
            yield from self._overwrite(self._node, variation)
        else:
            yield from self._add(variation, anchor)

    def apply(self) -> Steps:
        """Leaves a normal layer named after its recipe; an edited layer makes way for it."""
        node, variation = self.node, self.variation
        if node is None or variation is None:
            return
        node.setLocked(False)
        node.setName(title(variation))
        remember_layer(self._document, layer_id(node), LayerRecord(variation.recipe, self._drawn))
        edited = self.replaces
        self._release()
        if edited is not None and is_attached(edited):
            edited.setVisible(True)  # what undo brings back is visible again
            yield
            edited.remove()
        yield
        self._document.setActiveNode(node)

    def discard(self) -> Steps:
        """Takes the layer away and shows an edited layer again."""
        node, edited = self.node, self.replaces
        self._release()
        if edited is not None and is_attached(edited):
            edited.setVisible(True)
        if node is not None:
            node.setLocked(False)
            node.remove()
        elif edited is not None:
            self._document.refreshProjection()
        yield

    @contextmanager
    def out_of_sight(self) -> Generator[Any, None, None]:
        """Gives what to read the scene from, in which neither the preview nor the layer it replaces is.

        That is the document with both hidden for the moment; or, where the picture has just one other
        layer, that layer, which spares the canvas two refreshes.
        """
        in_sight = [node for node in (self.node, self.replaces) if node is not None and node.visible()]
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

    def give_back_active_layer(self) -> None:
        """Makes the user's layer the active one again: Krita activates a new layer a moment after it came.

        To be called now and then; it does nothing once that moment is over.
        """
        layer, end = self._given_back
        node = self.node
        if layer is None or node is None or time.monotonic() > end:
            self._given_back = (None, 0.0)
        elif is_attached(layer) and self._document.activeNode() == node:
            self._document.setActiveNode(layer)  # the user goes on painting where the hand was

    def _add(self, variation: Variation, anchor: str) -> Steps:
        node = self._document.createNode(preview_title(variation), "paintlayer")
        yield from write_layer(node, variation.pixels, variation.x, variation.y)
        node.setLocked(True)
        parent, above = insertion_point(self._document, anchor)
        active = self._document.activeNode()
        parent.addChildNode(node, above)  # the one undo step
        self._node, self._drawn, self.variation = node, variation.rect, variation
        remember_layer(self._document, layer_id(node), LayerRecord(variation.recipe, self._drawn))
        if self.replaces is not None and self.replaces.visible():
            self.replaces.setVisible(False)
            self._document.refreshProjection()
        self._given_back = (active, time.monotonic() + ACTIVATION_SECONDS)
        yield
        self.give_back_active_layer()

    def _overwrite(self, node: Any, variation: Variation) -> Steps:
        if self._drawn != variation.rect:
            clear_layer(node, self._drawn)
        self._drawn, self.variation = variation.rect, variation
        yield from write_layer(node, variation.pixels, variation.x, variation.y)
        node.setName(preview_title(variation))
        self._document.refreshProjection()  # the only refresh that adds no undo step

    def _release(self) -> None:
        self._node, self._drawn, self.variation, self.replaces = None, NOTHING, None, None


def title(variation: Variation) -> str:
    """The name of a finished layer."""
    recipe = variation.recipe
    return tr("{object} · seed {seed}", object=tr(recipe.class_name), seed=recipe.seed)


def preview_title(variation: Variation) -> str:
    """The name of the layer while it can still change."""
    return tr("{layer} (preview)", layer=title(variation))
