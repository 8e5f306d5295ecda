"""Reads what the user chooses as a reference, while the dialog is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import reference_picture
from gi.repository import Gimp
from preview import MARK
from reference_button import ReferenceButton
from wording import explain

from wire.protocol import InsertObjectError
from wire.reference import Reference


class ReferenceReader:
    """``clear`` takes the preview out of sight; ``say`` tells the user what went wrong."""

    def __init__(self, image: Gimp.Image, clear: Callable[[], object], say: Callable[[str], None]) -> None:
        self._image, self._clear, self._say = image, clear, say
        self.button: ReferenceButton | None = None  # that is told of what was read

    def layers(self) -> list[tuple[int, str]]:
        """Ids and names of the layers to choose from, from the top."""
        return [(layer.get_id(), layer.get_name()) for layer in _pictures(self._image.get_layers())]

    def take_layer(self, layer: int) -> None:
        """The layer with that id."""
        self._take(lambda: reference_picture.of_layer(Gimp.Layer.get_by_id(layer)))

    def take_selection(self) -> None:
        """What is selected now, without the preview."""
        self._clear()
        self._take(lambda: reference_picture.of_selection(self._image))

    def take_file(self, path: Path) -> None:
        """A picture file."""
        self._take(lambda: reference_picture.of_file(path))

    def _take(self, read: Callable[[], Reference]) -> None:
        try:
            reference = read()
        except InsertObjectError as error:
            self._say(explain(error))
            return
        if self.button is not None:
            self.button.take(reference)


def _pictures(layers: list[Gimp.Layer]) -> Iterator[Gimp.Layer]:
    """Layers with pixels of their own, from the top, those in groups too, but no previews."""
    for layer in layers:
        if layer.is_group_layer():
            yield from _pictures(layer.get_children())
        elif layer.get_parasite(MARK) is None:
            yield layer
