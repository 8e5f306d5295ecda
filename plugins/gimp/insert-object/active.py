"""What is active in a picture, layers or channels: to be so again when layers have come and gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gimp


@dataclass(frozen=True)
class Active:
    """What the user works on. GIMP makes each new layer active instead."""

    layers: tuple[Gimp.Layer, ...]
    channels: tuple[Gimp.Channel, ...]

    @staticmethod
    def of(image: Gimp.Image) -> Active:
        """What is active now; the uppermost layer where nothing is, which GIMP takes from no plug-in."""
        layers, channels = image.get_selected_layers(), image.get_selected_channels()
        return Active(tuple(layers if layers or channels else image.get_layers()[:1]), tuple(channels))

    def without(self, layers: Sequence[Gimp.Layer | None]) -> Active | None:
        """The same but for some layers; None where these were all that was active."""
        others = tuple(layer for layer in self.layers if layer not in layers)
        return None if self.layers and not others else Active(others, self.channels)

    def restore(self, image: Gimp.Image) -> None:
        """Makes it active again, as far as it is still there."""
        layers = [layer for layer in self.layers if layer.is_valid()]
        channels = [channel for channel in self.channels if channel.is_valid()]
        if Active.of(image) == Active(tuple(layers), tuple(channels)):
            return
        if channels:
            image.set_selected_channels(channels)
        elif layers:
            image.set_selected_layers(layers)
