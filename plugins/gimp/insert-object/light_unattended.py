"""Light without a dialog: from a script, in batch mode, or by Repeat."""

from __future__ import annotations

import cut_out
from cut_out import CutOut
from gi.repository import Gimp
from unattended import Unattended
from wording import Refusal, _

from wire.job import Job
from wire.protocol import Layer, Lit, Welcome, Wish


class UnattendedLight(Unattended):
    """Lights one layer without a dialog."""

    def __init__(self, image: Gimp.Image, layer: Gimp.Layer, strength: float, wish: Wish) -> None:
        super().__init__(image)
        self._layer = layer
        self._strength = strength
        self._wish = wish
        self._cut_out: CutOut | None = None

    def run(self) -> Gimp.Layer:
        self._cut_out = cut_out.read_cut_out(self._image, self._layer)
        return super().run()

    def _ask(self, welcome: Welcome) -> Job:  # noqa: ARG002 - light needs no class
        if self._cut_out is None:
            raise Refusal(_("There is no layer to light."))
        Gimp.progress_set_text(_("Judging the light…"))
        request = self._cut_out.request(self._strength, None, wish=self._wish, preview=False)
        return self._conversation.ask(request)

    def _settle(self, result: Layer | Lit) -> Gimp.Layer:
        if not isinstance(result, Lit) or self._cut_out is None:
            raise Refusal(_("The Insert Object service sent no light."))
        return cut_out.settle(self._image, self._layer, self._cut_out, result, self._strength)
