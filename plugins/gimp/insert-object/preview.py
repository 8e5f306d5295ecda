"""The object on the canvas while the dialog is open: layers that leave no trace."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import layer_marks
import layer_pixels
import object_layer
import picture
from active import Active
from gi.repository import Gimp
from parasites import ShadowKind
from wording import _

from wire.protocol import Layer, PixelFrame, Rect

MARK = "insert-object-preview"  # parasite: its text is the tattoos of the layers that previews stand for
_KEPT = 1  # GIMP_PARASITE_PERSISTENT: an XCF that is saved meanwhile can be cleaned up later


class _Sheet:
    """One layer of the preview: the object's or a shadow's. ``like`` is the layer that it stands for.

    The sheet has the window's size whatever lies on it, or more where a shadow falls beyond it, so that the
    next variation is only new pixels:
    taking a layer out and putting another in makes GIMP rebuild its layer list and redraw.
    """

    def __init__(self, image: Gimp.Image, name: str, like: Gimp.Layer | None) -> None:
        self._image = image
        self._name = name
        self._like = like
        self._painted: Rect | None = None  # where there are pixels, of the image
        self._window = Rect(0, 0, 0, 0)
        self.layer: Gimp.Layer | None = None

    def make(self, window: Rect) -> Gimp.Layer:
        """A layer for the window that is not in the image yet."""
        self._window = window
        like = self._like
        if like is None or not like.is_valid():
            layer = layer_pixels.empty_layer(self._image, self._name, window)
            self._painted = None
        else:  # with the filters, the mask and the mode that the user has set
            layer = like.copy()
            self._painted = layer_marks.layer_rectangle(like)
            layer_marks.forget(layer)
            layer.set_name(self._name)
            for unlock in (layer.set_lock_content, layer.set_lock_position, layer.set_lock_visibility):
                unlock(False)
            layer.set_visible(False)  # until it has its own pixels
        self.layer = layer
        return layer

    def has_room(self, at: Rect) -> bool:
        """Whether it is in the image, and so large."""
        return self.is_there and self._window.around(at) == self._window

    def paint(self, frame: PixelFrame, at: Rect) -> None:
        """Makes the frame all that is on the sheet, which is in the image."""
        if self.layer is None:
            return
        if layer_marks.layer_rectangle(self.layer) != self._window:
            layer_pixels.reshape(self.layer, self._window)
        layer_pixels.give_alpha(self.layer)
        layer_pixels.paint(self.layer, frame, at, self._window, self._painted)
        self._painted = at
        if not self.layer.get_visible():
            self.layer.set_visible(True)

    def remove(self) -> bool:
        """Takes the sheet out of the image; tells whether it was there."""
        layer, self.layer = self.layer, None
        if layer is None or not layer.is_valid():
            return False
        self._image.remove_layer(layer)
        return True

    @property
    def is_there(self) -> bool:
        return self.layer is not None and self.layer.is_valid()


class _Stack:
    """The sheets of one object, its own and its shadows'. ``like`` are the layers that they stand for."""

    def __init__(self, image: Gimp.Image, like: dict[ShadowKind | None, Gimp.Layer]) -> None:
        self._image = image
        self._object = _Sheet(image, _("Insert object: preview"), like.get(None))
        self._shadows = {
            kind: _Sheet(image, name, like.get(kind))
            for kind, name in (
                (ShadowKind.CONTACT, _("Insert object: preview of the shadow")),
                (ShadowKind.CAST, _("Insert object: preview of the cast shadow")),
            )
        }
        self._window: Rect | None = None

    @property
    def layer(self) -> Gimp.Layer | None:
        """The object's sheet."""
        return self._object.layer

    @property
    def layers(self) -> list[Gimp.Layer | None]:
        return [sheet.layer for sheet in (*self._shadows.values(), self._object)]

    @property
    def is_there(self) -> bool:
        return self._object.is_there

    def put_in(self, drawn: Drawn, anchor: Gimp.Item | None, stands_for: str) -> None:
        """New sheets above ``anchor``, with what is drawn."""
        reply, self._window = drawn.reply, drawn.window
        layer = self._object.make(drawn.window)
        layer.attach_parasite(Gimp.Parasite.new(MARK, _KEPT, stands_for.encode()))
        object_layer.insert_above(self._image, layer, anchor)
        below = layer
        for shadow in object_layer.shadows_in(reply):
            sheet = self._shadows[shadow.kind].make(drawn.window.around(shadow.place))
            sheet.attach_parasite(Gimp.Parasite.new(MARK, _KEPT, b""))
            object_layer.insert_below(self._image, sheet, below)
            below = sheet
        self.paint(reply)

    def has_room(self, drawn: Drawn) -> bool:
        """Whether there are sheets for an object and its shadows, large enough, and none besides."""
        places = {shadow.kind: shadow.place for shadow in object_layer.shadows_in(drawn.reply)}
        is_kept = self._object.is_there and self._window == drawn.window
        return is_kept and all(
            sheet.has_room(places[kind]) if kind in places else not sheet.is_there
            for kind, sheet in self._shadows.items()
        )

    def paint(self, reply: Layer) -> None:
        """Makes the object and its shadows all that is on the sheets."""
        self._object.paint(reply.pixels, object_layer.rectangle_of(reply))
        for shadow in object_layer.shadows_in(reply):
            self._shadows[shadow.kind].paint(shadow.frame, shadow.place)

    def take_out(self) -> bool:
        """Takes the sheets out of the image; tells whether there were any."""
        removed = [sheet.remove() for sheet in (*reversed(self._shadows.values()), self._object)]
        return any(removed)


@dataclass(frozen=True)
class Drawn:
    """An object for the canvas, and the window that it was drawn in."""

    reply: Layer
    window: Rect


class CanvasPreview:
    """Shows one variation at a time above ``anchor``, in the place of the ``replaced`` layers if there are.

    The layers come and go outside the undo history; holding an undo group open instead would block
    Edit ▸ Undo for as long as the dialog is open.
    """

    def __init__(
        self, image: Gimp.Image, anchor: Gimp.Item | None, replaced: tuple[Gimp.Layer, ...] = ()
    ) -> None:
        self._image = image
        self._anchor = anchor
        self._replaced = [layer for layer in replaced if layer.get_visible()]
        marks = [(layer_marks.mark_of(layer), layer) for layer in replaced]
        self._like = {mark.kind if mark is not None else None: layer for mark, layer in marks}
        self._stacks: list[_Stack] = []
        self._active = Active.of(image)
        self._shown: list[Layer] = []

    def shows(self, replies: Sequence[Layer]) -> bool:
        """Whether these objects are what is on the canvas."""
        is_same = len(replies) == len(self._shown) > 0
        are_there = all(stack.is_there for stack in self._stacks)
        return is_same and are_there and all(map(operator.is_, replies, self._shown))

    def show(self, reply: Layer, window: Rect) -> None:
        """Puts this object on the canvas instead of what was there before."""
        self.show_all([Drawn(reply, window)])

    def show_all(self, drawn: Sequence[Drawn]) -> None:
        """Puts these objects on the canvas, each above the one before."""
        replies = [one.reply for one in drawn]
        if self.shows(replies):
            return
        pairs = list(zip(self._stacks, drawn, strict=False))
        if len(drawn) == len(self._stacks) and all(stack.has_room(one) for stack, one in pairs):
            for stack, one in pairs:
                stack.paint(one.reply)
        else:
            with picture.without_traces(self._image):
                self._take_out()
                self._set_replaced_visible(shown=False)
                self._put_in(drawn)
                self._active.restore(self._image)
                self._set_replaced_visible(shown=False)  # GIMP shows a layer with filters that is selected
        self._shown = replies
        Gimp.displays_flush()

    def _put_in(self, drawn: Sequence[Drawn]) -> None:
        hidden = [layer for layer in self._replaced if layer.is_valid()]
        stands_for = " ".join(str(layer.get_tattoo()) for layer in hidden)
        anchor = self._anchor if self._anchor is not None and self._anchor.is_valid() else None
        for one in drawn:
            stack = _Stack(self._image, {} if self._stacks else self._like)
            self._stacks.append(stack)
            stack.put_in(one, anchor, stands_for)
            anchor, stands_for = stack.layer, ""

    def hide_all(self) -> None:
        """Takes the preview, and the layers it stands for, off the canvas: what is left is the scene."""
        with picture.without_traces(self._image):
            self._take_out()
            self._set_replaced_visible(shown=False)

    def remove(self) -> None:
        """Leaves the image as it was before the dialog; the screen follows with the next flush."""
        with picture.without_traces(self._image):
            self._take_out()
            self._set_replaced_visible(shown=True)

    def clear(self) -> bool:
        """The same, on the screen too; tells whether there was anything to do."""
        if not (self._image.is_valid() and self.differs()):
            return False
        self.remove()
        Gimp.displays_flush()
        return True

    def differs(self) -> bool:
        """Whether anything on the canvas is not as the user left it."""
        is_hidden = any(layer.is_valid() and not layer.get_visible() for layer in self._replaced)
        return bool(self._stacks) or is_hidden

    def _take_out(self) -> None:
        stacks, self._stacks, self._shown = self._stacks, [], []
        mine = [layer for stack in stacks for layer in stack.layers]
        active = Active.of(self._image).without(mine)
        removed = [stack.take_out() for stack in reversed(stacks)]
        if any(removed):
            self._active = active or self._active
            self._active.restore(self._image)

    def _set_replaced_visible(self, *, shown: bool) -> None:
        for layer in self._replaced:
            if layer.is_valid() and layer.get_visible() != shown:
                picture.set_visible(layer, shown=shown)


def remove_leftovers(image: Gimp.Image) -> None:
    """Removes previews whose dialog was ended by force (the status bar's Cancel kills a plug-in).

    Not to be called while a dialog is open for the image (see ``one_dialog``): its preview would go, too.
    """
    leftovers = [layer for layer in layer_marks.all_layers(image) if layer.get_parasite(MARK) is not None]
    if not leftovers:
        return
    with picture.without_traces(image):
        for layer in leftovers:
            stands_for = bytes(layer.get_parasite(MARK).get_data()).rstrip(b"\0").split()
            image.remove_layer(layer)
            for tattoo in stands_for:
                hidden = image.get_layer_by_tattoo(int(tattoo)) if tattoo.isdigit() else None
                if hidden is not None:
                    picture.set_visible(hidden, shown=True)
