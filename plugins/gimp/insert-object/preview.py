"""The object on the canvas while the dialog is open: a layer that leaves no trace."""

from __future__ import annotations

import object_layer
import picture
from client.protocol import Layer, Rect
from gi.repository import Gimp
from wording import _

_MARK = "insert-object-preview"  # parasite: its text is the tattoo of the layer that the preview stands for
_KEPT = 1  # GIMP_PARASITE_PERSISTENT: an XCF that is saved meanwhile can be cleaned up later


class CanvasPreview:
    """Shows one variation at a time above ``anchor``, in the place of ``replaced`` if there is one.

    The layer comes and goes outside the undo history; holding an undo group open instead would block
    Edit ▸ Undo for as long as the dialog is open.
    """

    def __init__(self, image: Gimp.Image, anchor: Gimp.Item | None, replaced: Gimp.Layer | None) -> None:
        self._image = image
        self._anchor = anchor
        self._replaced = replaced
        self._was_visible = replaced is not None and replaced.get_visible()
        self._active = image.get_selected_layers()
        self._layer: Gimp.Layer | None = None
        self._shown: Layer | None = None
        self._window: Rect | None = None

    def show(self, reply: Layer, window: Rect) -> None:
        """Puts this variation on the canvas instead of the one before.

        The layer has the window's size whatever the object's, so that the next variation is only new
        pixels: taking a layer out and putting another in makes GIMP rebuild its layer list and redraw.
        """
        layer = self._layer if self._layer is not None and self._layer.is_valid() else None
        if layer is not None and self._shown is reply:
            return
        if layer is not None and self._window == window:
            object_layer.paint(layer, reply, window)
        else:
            with picture.without_traces(self._image):
                self._remove_layer()
                self._set_replaced_visible(shown=False)
                self._layer = self._add_layer(reply, window)
                self._restore_active()
        self._shown, self._window = reply, window
        Gimp.displays_flush()

    def _add_layer(self, reply: Layer, window: Rect) -> Gimp.Layer:
        layer = object_layer.empty_layer(self._image, _("Insert object: preview"), window)
        object_layer.paint(layer, reply, window)
        tattoo = "" if self._replaced is None else str(self._replaced.get_tattoo())
        layer.attach_parasite(Gimp.Parasite.new(_MARK, _KEPT, tattoo.encode()))
        anchor = self._anchor if self._anchor is not None and self._anchor.is_valid() else None
        object_layer.insert_above(self._image, layer, anchor)
        return layer

    def hide_all(self) -> None:
        """Takes the preview, and the layer it stands for, off the canvas: what is left is the scene."""
        with picture.without_traces(self._image):
            self._remove_layer()
            self._set_replaced_visible(shown=False)

    def remove(self) -> None:
        """Leaves the image as it was before the dialog; the screen follows with the next flush."""
        with picture.without_traces(self._image):
            self._remove_layer()
            self._set_replaced_visible(shown=True)

    def clear(self) -> None:
        """The same, on the screen too."""
        if self._image.is_valid() and self._is_shown():
            self.remove()
            Gimp.displays_flush()

    def _is_shown(self) -> bool:
        """Whether anything on the canvas differs from how the user left it."""
        layer = self._replaced
        is_hidden = layer is not None and self._was_visible and layer.is_valid() and not layer.get_visible()
        return self._layer is not None or is_hidden

    def _remove_layer(self) -> None:
        layer, self._layer, self._shown = self._layer, None, None
        if layer is not None and layer.is_valid():
            self._active = [
                item for item in self._image.get_selected_layers() if item != layer
            ] or self._active
            self._image.remove_layer(layer)
            self._restore_active()

    def _restore_active(self) -> None:
        alive = [layer for layer in self._active if layer.is_valid()]
        if alive:
            self._image.set_selected_layers(alive)

    def _set_replaced_visible(self, *, shown: bool) -> None:
        layer = self._replaced
        if layer is not None and layer.is_valid() and self._was_visible and layer.get_visible() != shown:
            layer.set_visible(shown)


def remove_leftovers(image: Gimp.Image) -> None:
    """Removes previews whose dialog was ended by force (the status bar's Cancel kills a plug-in)."""
    leftovers = [layer for layer in object_layer.all_layers(image) if layer.get_parasite(_MARK) is not None]
    if not leftovers:
        return
    with picture.without_traces(image):
        for layer in leftovers:
            tattoo = bytes(layer.get_parasite(_MARK).get_data()).rstrip(b"\0")
            image.remove_layer(layer)
            hidden = image.get_layer_by_tattoo(int(tattoo)) if tattoo.isdigit() else None
            if hidden is not None:
                hidden.set_visible(True)
