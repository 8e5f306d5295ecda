"""The one light that is chosen at a desk: for which layer, read and asked for how far, kept or given up."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from .canvas import WAIT, Steps
from .lighting import LayerLight, saved_light
from .object_layers import ObjectLayers
from .steps import as_long_as
from .wire.protocol import InsertObjectError, Light

if TYPE_CHECKING:
    from .preview import Preview


class Lights:
    """The light in one document, and whether it is applied as soon as it is as wished."""

    def __init__(self, document: Any, preview: Preview) -> None:
        self._document = document
        self._preview = preview
        self.light: LayerLight | None = None  # of the layer that is being lit
        self.applies_soon = False  # Apply was pressed while an answer was on its way

    def take_up_again(self) -> None:
        """Goes on with the light whose preview the document was saved with, if it was one."""
        self.light = saved_light(self._document, self._preview.variation, self._preview.replaces)

    def begin(self, node: Any) -> LayerLight:
        """Takes up a layer; its lit pixels are to be seen in its place.

        Raises:
            InsertObjectError: it cannot be lit, and what to do.
        """
        self.light = light = LayerLight(self._document, node)
        self._preview.replaces = ObjectLayers(light.node)
        return light

    def end(self) -> LayerLight | None:
        """No layer is lit any more; gives what was."""
        light, self.light, self.applies_soon = self.light, None, False
        return light

    def end_in_vain(self) -> None:
        """No answer comes: what is on the canvas is all that there will be."""
        if self.light is not None and self.light.shown is None:
            self.light = self._preview.replaces = None
        elif self.light is not None:
            self.light.give_up()
        self.applies_soon = False

    def read(self, light: LayerLight) -> Generator[Any, None, Light | None]:
        """Reads the layer and the scene around it; gives the request, None where the light was given up.

        Raises:
            InsertObjectError: the layer cannot be lit, and what to do.
        """

        def goes_on() -> bool:
            return self.light is light

        try:
            if not light.is_read:
                yield from as_long_as(goes_on, light.read_layer())
            if not light.is_read and goes_on():  # what cannot be lit was told before anything is hidden
                with self._preview.out_of_sight(*light.shadows) as source:
                    yield WAIT
                    yield from as_long_as(goes_on, light.read_scene(source))
            return light.request() if goes_on() else None
        except InsertObjectError:
            if not goes_on():
                return None
            self.end_in_vain()
            raise

    def apply(self, light: LayerLight | None) -> Steps:
        """Leaves the preview as a normal layer, with what a light that was chosen is to remember."""
        if light is not None and light.cut_out is None:  # a saved one: its own pixels are to be kept, too
            yield from light.read_layer()
        layers = yield from self._preview.apply()
        if light is not None and layers is not None and light.cut_out is not None:
            yield from light.keep(layers)
