"""Light with the dialog open: keeps the canvas up to date while the user chooses, and applies in the end."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cut_out
import dialog_place
import layer_marks
from cut_out import CutOut
from gi.repository import Gimp
from layer_marks import layer_rectangle
from light_dialog import LightDialog
from live_loop import LiveLoop
from parasites import ShadowKind
from preview import CanvasPreview
from scene_watch import SceneWatch
from wording import Refusal, _, explain

from wire.job import Job, JobState
from wire.protocol import InsertObjectError, Layer, Lit, Rect, Wish
from wire.sentences import STATES
from wire.state import SessionState, StateChanged


@dataclass(frozen=True)
class Choice:
    """What the user wants to see; another choice, another request."""

    strength: float
    wish: Wish  # of shadows

    @property
    def kinds(self) -> list[ShadowKind]:
        """The shadows that are to be made."""
        wanted = {ShadowKind.CONTACT: self.wish.shadow, ShadowKind.CAST: self.wish.cast_shadow}
        return [kind for kind, is_wanted in wanted.items() if is_wanted]


class LiveLight(LiveLoop):
    """Runs the dialog. ``run`` returns the layer, or None when the user cancelled."""

    def __init__(self, image: Gimp.Image, layer: Gimp.Layer, choice: Choice) -> None:
        super().__init__(image)
        self._layer = layer
        self.choice = choice
        self._cut_out: CutOut | None = None
        self._place: Rect | None = None
        self._adjustments: dict[str, float] | None = None  # once they are judged
        self._asked: Choice | None = None
        self._lit: tuple[Choice, Lit] | None = None
        self._applying = False
        self._shadows = layer_marks.shadows_of(image, layer, layer_marks.pair_of(layer))
        self._canvas: CanvasPreview | None = None
        self._canvas_for: Choice | None = None
        self._watch = SceneWatch(image)
        self._dialog = LightDialog(
            self, image.get_name(), layer.get_name(), choice.wish, has=frozenset(self._shadows)
        )

    def _open(self) -> None:
        self._dialog.strength = self.choice.strength
        self._dialog.status.say(_(STATES[SessionState.CONNECTING]))
        place, size = layer_rectangle(self._layer), (self._image.get_width(), self._image.get_height())
        self._dialog.show(functools.partial(dialog_place.is_better_left, place, size))

    def _close(self) -> None:
        self._clear_canvas()
        self._dialog.window.destroy()

    # --- Every tick ---------------------------------------------------------------------------------

    def _look(self) -> None:
        if not self._layer.is_valid():
            raise Refusal(_("The layer is gone."), _("Close this dialog and run the filter again."))
        self.choice = Choice(self._dialog.strength, self._dialog.wish)
        self._follow()
        self._ask()
        self._update_canvas()

    def _looked(self) -> None:
        self._dialog.allow_apply(allowed=not (self._applying or self._failed))

    def _follow(self) -> None:
        """Has everything read again when the layer has moved or the scene has changed."""
        place = layer_rectangle(self._layer)
        if place != self._place or self._watch.has_changed():
            self._place = place
            self._forget()
            self._failed = False

    def _forget(self) -> None:
        """What was read and judged is of no use; the next tick reads all again."""
        self._cut_out = self._adjustments = None
        self._asked = self._lit = None

    def _ask(self) -> None:
        conversation = self._conversation
        if conversation is None or self._welcome is None or self._failed:
            return
        if self._job is not None or self.choice == self._asked:
            return  # the answer shows first, then what the user has chosen meanwhile
        if self._cut_out is None:
            self._clear_canvas()
            self._cut_out = cut_out.read_cut_out(self._image, self._layer)
            self._watch.remember(self._cut_out.window)
        self._asked = self.choice
        self._job = conversation.ask(
            self._cut_out.request(
                self.choice.strength, self._adjustments, wish=self.choice.wish, preview=not self._applying
            )
        )

    def _update_canvas(self) -> None:
        if self._lit is None or self._cut_out is None:
            return
        (choice, lit), cut = self._lit, self._cut_out
        if self._applying:
            if choice == self.choice and self._is_up_to_date() and self._is_untouched(cut):
                self._clear_canvas()
                self._result = cut_out.settle(self._image, self._layer, cut, lit, choice.strength)
                self._loop.quit()
        elif self._dialog.shows_before:
            if self._canvas is not None and self._is_up_to_date():
                self._clear_canvas()
                self._watch.remember(cut.window)
        elif (self._canvas is None or self._canvas_for != choice) and self._is_up_to_date():
            self._show(choice, lit, cut)
            self._watch.remember(cut.window)

    def _is_up_to_date(self) -> bool:
        """Whether the scene still looks as it was read; if not, the next tick reads all again."""
        if self._watch.differs():
            self._forget()
        return self._cut_out is not None

    def _is_untouched(self, cut: CutOut) -> bool:
        """Whether nobody has worked on the layer since it was read, which is not seen where the preview
        stands for it; if somebody has, the next tick reads all again."""
        if not cut_out.is_as_read(self._layer, cut):
            self._forget()
        return self._cut_out is not None

    def _show(self, choice: Choice, lit: Lit, cut: CutOut) -> None:
        shown = self._canvas_for
        if self._canvas is None or shown is None or shown.kinds != choice.kinds:
            self._clear_canvas()
            renewed = [self._shadows[kind] for kind in choice.kinds if kind in self._shadows]
            replaced = (self._layer, *(shadow for shadow in renewed if shadow.is_valid()))
            self._canvas = CanvasPreview(self._image, self._layer, replaced)
        box, window = cut.box, layer_rectangle(self._layer)
        if lit.shadow is not None:
            window = window.around(Rect(lit.shadow_x, lit.shadow_y, lit.shadow.width, lit.shadow.height))
        shadows = lit.shadow, lit.shadow_x, lit.shadow_y, lit.cast, lit.cast_x, lit.cast_y
        self._canvas.show(Layer(lit.id, 0, "", 0, box.x, box.y, lit.pixels, *shadows), window)
        self._canvas_for = choice

    def _clear_canvas(self) -> None:
        canvas, self._canvas, self._canvas_for = self._canvas, None, None
        if canvas is not None:
            canvas.clear()

    # --- What the daemon says -----------------------------------------------------------------------

    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""
        if change.error is not None:
            self._fail(change.error)
        elif change.state is SessionState.READY:
            self._failed = False
            self._dialog.status.say(_("Judging the light…"))
            self._dialog.status.show_progress(None)
        elif change.state in STATES:
            self._dialog.status.say(_(STATES[change.state]))
            self._dialog.status.show_progress(change.fraction)

    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """Keeps the layer in its light; the next tick shows it."""
        if job is not self._job or self._asked is None or not isinstance(result, Lit):
            return
        self._adjustments = dict(result.adjustments)
        self._lit = self._asked, result

    def job_changed(self, job: Job) -> None:
        """Moves the bar; at a job's end tells how it went."""
        if job is not self._job:
            return
        self._dialog.status.show_progress(None if job.is_final else job.fraction)
        if not job.is_final:
            return
        self._job = None
        if job.state is JobState.FAILED and job.error is not None:
            self._fail(job.error)
        elif job.state is JobState.DONE:
            self._dialog.status.say(self._said(job))

    def _said(self, job: Job) -> str:
        if job.notes:
            return " ".join(_(note) for note in job.notes)
        if self._adjustments is not None and not any(self._adjustments.values()):
            return _("The layer has the scene's light already; it stays as it is.")
        if self._cut_out is not None and self._cut_out.before is not None:
            return _("Judged again from the layer's own pixels. Strength 0 takes the light off.")
        if layer_marks.has_original(self._layer):
            return _("The layer was changed since it was lit, so it is lit as it is now.")
        return _("The layer's own pixels are kept: strength 0 takes the light off again later.")

    # --- What the user does -------------------------------------------------------------------------

    def apply_pressed(self) -> None:
        """The next tick applies the light, or a later one as soon as it has come."""
        self._applying = True

    def retry_pressed(self) -> None:
        """Asks again from the beginning; the session starts the daemon if it has to."""
        self._failed = False
        self._asked = self._cut_out = None
        self._dialog.status.say(_(STATES[SessionState.CONNECTING]))
        if self._conversation is not None and self._conversation.welcome is None:
            self._hang_up()

    # --- The end ------------------------------------------------------------------------------------

    def _fail(self, error: InsertObjectError) -> None:
        """One clear sentence in the dialog; the picture stays as it was."""
        self._failed = True
        self._applying = False
        self._asked = None
        self._cancel_job()
        self._dialog.status.show_progress(None)
        self._dialog.status.say(explain(error), retry=True)
