"""An insertion with the dialog open: follows the user, keeps the canvas up to date, inserts in the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import composing
from client.job import InsertJob, JobState
from client.protocol import InsertObjectError, Layer
from client.session import SessionState, StateChanged
from composing import Scene
from conversation import Conversation
from dialog import VARIATIONS, InsertDialog
from gi.repository import Gimp, GLib
from picture import Fingerprint
from preview import CanvasPreview
from settings import Settings
from subject import Ground, Subject
from thumbnails import thumbnail
from wording import Refusal, _, explain

TICK_MS = 30
QUIET_SECONDS = 0.25  # the other variations wait for the user to pause, so that the next preview need not


@dataclass(frozen=True)
class Wish:
    """Everything that makes one set of variations; another wish, another set."""

    class_name: str
    style: str
    seed: int
    use_shape: bool
    ground: Ground


class LiveInsertion:
    """Runs the dialog. ``run`` returns the new layer, or None when the user cancelled."""

    def __init__(self, subject: Subject, settings: Settings) -> None:
        self._subject = subject
        self._image = subject.image
        self._start = settings
        self._loop = GLib.MainLoop()
        self._result: Gimp.Layer | None = None
        self.chosen = settings  # the choices that the object was made with
        self._fingerprint: Fingerprint | None = None
        self._ground: Ground | None = None
        self._settled = False  # whether the ground was read since the fingerprint changed
        self._scene: Scene | None = None
        self._wish: Wish | None = None  # what was asked for last
        self._asked_at = 0.0
        self._job: InsertJob | None = None
        self._all_asked = False
        self._variations: dict[int, Layer] = {}
        self._seeds: dict[int, int] = {}  # the seed of each variation, as the daemon told it
        self._chosen = 0
        self._inserting = False  # Insert was pressed before the object was there
        self._failed = False
        self._fault: Exception | None = None
        self._canvas = CanvasPreview(self._image, subject.anchor, subject.replaced)
        self._dialog = InsertDialog(self, editing=subject.record is not None)
        self._conversation = Conversation(self)

    def run(self) -> Gimp.Layer | None:
        """Shows the dialog until the object is inserted or the user cancels."""
        self._dialog.set_settings(self._start)
        self._dialog.say(_("Looking for the Insert Object service…"))
        self._dialog.show()
        timer = GLib.timeout_add(TICK_MS, self._tick)
        try:
            self._loop.run()
        finally:
            GLib.source_remove(timer)
            self._conversation.close()
            self._canvas.clear()
            self._dialog.window.destroy()
        if self._fault is not None and self._image.is_valid():
            raise self._fault
        return self._result

    # --- Every tick ---------------------------------------------------------------------------------

    def _tick(self) -> bool:
        if not self._image.is_valid():  # the user has closed the picture
            self._loop.quit()
            return True
        try:
            self._conversation.tick()
            self._follow_ground()
            self._ask()
            self._update_canvas()
        except InsertObjectError as error:
            self._fail(error)
        except Exception as error:  # raised again by run(): GLib would only drop the timer
            self._fault = error
            self._loop.quit()
        self._dialog.allow(insert=self._wish is not None, changes=not self._inserting)
        return True

    def _follow_ground(self) -> None:
        fingerprint = self._subject.fingerprint()
        if fingerprint != self._fingerprint:  # it may still be changing: read it when it rests for a tick
            self._fingerprint = fingerprint
            self._settled = False
            self._forget()
            return
        if self._settled or self._conversation.welcome is None:
            return
        self._settled = True
        self._failed = False
        self._ground = self._subject.ground()
        if self._ground is None:
            self._dialog.offer_shape(offered=False, chosen=False)
            self._dialog.say(_("Draw a box on the picture with the Rectangle Select tool."))
            return
        self._dialog.offer_shape(offered=self._ground.has_shape, chosen=self._ground.suggests_shape)

    def _wished(self) -> Wish | None:
        ground, settings = self._ground, self._dialog.settings
        if ground is None or not self._settled or not settings.class_name:
            return None
        return Wish(settings.class_name, settings.style, settings.seed, bool(settings.use_shape), ground)

    def _ask(self) -> None:
        wish = self._wished()
        if wish is None or self._failed or self._conversation.welcome is None:
            return
        if wish != self._wish:
            self._begin(wish)
        elif self._job is None and not self._all_asked and time.monotonic() - self._asked_at > QUIET_SECONDS:
            self._all_asked = True
            self._send(wish, seed=wish.seed, variations=VARIATIONS)

    def _begin(self, wish: Wish) -> None:
        """Asks for the chosen variation alone: that is what the user waits for."""
        before = self._wish
        self._cancel_job()
        self._variations.clear()
        self._wish = wish
        scene_kept = before is not None and (before.ground, before.use_shape) == (wish.ground, wish.use_shape)
        if self._scene is None or not scene_kept:
            self._canvas.hide_all()
            box = self._subject.box(wish.ground, use_shape=wish.use_shape)
            self._scene = None
            welcome = self._conversation.welcome
            if welcome is None:
                return
            self._scene = composing.read_scene(self._subject, box, welcome, use_shape=wish.use_shape)
        if before is None or before.seed != wish.seed:
            self._chosen = 0
            self._seeds.clear()
            self._dialog.row.choose(0)
        self._all_asked = False
        self._asked_at = time.monotonic()
        self._send(wish, seed=self._seeds.get(self._chosen, wish.seed), variations=1)
        self._dialog.say(_("Making the object…"))

    def _send(self, wish: Wish, *, seed: int, variations: int) -> None:
        if self._scene is None:
            return
        settings = replace(self._dialog.settings, class_name=wish.class_name, style=wish.style)
        request = composing.request_for(
            self._scene, settings, seed=seed, variations=variations, preview=not self._inserting
        )
        self._job = self._conversation.ask(request)

    # --- What the daemon says -----------------------------------------------------------------------

    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""
        words = {
            SessionState.STARTING: _("Starting the Insert Object service…"),
            SessionState.CONNECTING: _("Looking for the Insert Object service…"),
            SessionState.LOADING: _("Loading the networks…"),
            SessionState.ASLEEP: _("The Insert Object service sleeps; it wakes when it is needed."),
        }
        if change.error is not None:
            self._fail(change.error)
        elif change.state is SessionState.READY:
            welcome = self._conversation.welcome
            if welcome is not None:
                self._dialog.set_classes(welcome.classes, self._start.class_name)
            self._dialog.say(_("Making the object…") if self._job is not None else "")
            self._dialog.show_progress(None)
            self._failed = False
        elif change.state in words:
            self._dialog.say(words[change.state])
            self._dialog.show_progress(change.fraction)

    def layer_arrived(self, job: InsertJob, layer: Layer) -> None:
        """Keeps a variation and shows its thumbnail."""
        if job is not self._job or self._wish is None:
            return
        index = layer.index if self._all_asked else self._chosen
        self._seeds[index] = layer.seed
        known = self._variations.get(index)
        if known is None or known.seed != layer.seed:
            self._variations[index] = layer
            self._show_thumbnail(index, layer)

    def job_changed(self, job: InsertJob) -> None:
        """Moves the bar; at a job's end tells how it went."""
        if job is not self._job:
            return
        self._dialog.show_progress(None if job.is_final else job.fraction)
        if not job.is_final:
            return
        self._job = None
        if job.state is JobState.FAILED and job.error is not None:
            self._fail(job.error)
        elif job.state is JobState.DONE:
            self._dialog.say(" ".join(_(note) for note in job.notes))

    # --- What the user does -------------------------------------------------------------------------

    def settings_changed(self) -> None:
        """The next tick asks for what is wished now."""
        self._failed = False

    def variation_chosen(self, index: int) -> None:
        """The next tick puts it on the canvas, if it is there."""
        self._chosen = index

    def insert_pressed(self) -> None:
        """The next tick inserts the chosen variation, or a later one as soon as it has come."""
        if self._wish is not None:
            self._inserting = True

    def retry_pressed(self) -> None:
        """Asks again from the beginning; the session starts the daemon if it has to."""
        self._failed = False
        self._wish = None
        self._dialog.say(_("Looking for the Insert Object service…"))
        if self._conversation.welcome is None:
            self._conversation.close()
            self._conversation = Conversation(self)

    def dismissed(self) -> None:
        """Leaves everything as it was."""
        self._loop.quit()

    # --- Showing and finishing ----------------------------------------------------------------------

    def _update_canvas(self) -> None:
        """Shows the chosen variation, or inserts it when that is what the user waits for."""
        chosen = self._variations.get(self._chosen)
        if self._inserting:
            if chosen is not None and self._wished() == self._wish:
                self._finish(chosen)
            elif self._job is None and self._all_asked and chosen is None:
                raise Refusal(_("The Insert Object service sent no object."))
        elif not self._dialog.settings.show_preview:
            self._canvas.clear()
        elif chosen is not None and self._scene is not None:
            self._canvas.show(chosen, self._scene.area.window)

    def _show_thumbnail(self, index: int, layer: Layer) -> None:
        if self._scene is not None:
            scene = self._scene
            picture = thumbnail(scene.pixels, scene.area.window, scene.area.box, layer)
            self._dialog.row.set_picture(index, picture)

    def _finish(self, layer: Layer) -> None:
        scene = self._scene
        if scene is None:
            return
        settings = self.chosen = self._dialog.settings
        label = self._dialog.label_of(layer.class_name)
        record = composing.record_for(self._subject, scene, settings, layer, label)
        self._canvas.remove()
        self._result = self._subject.settle(layer, record)
        self._loop.quit()

    def _fail(self, error: InsertObjectError) -> None:
        """One clear sentence in the dialog; the picture stays as it was."""
        self._failed = True
        self._inserting = False
        self._cancel_job()
        self._wish = None
        self._dialog.show_progress(None)
        self._dialog.say(explain(error), retry=True)

    def _cancel_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._conversation.cancel(job)

    def _forget(self) -> None:
        """What was made for another ground is of no use."""
        self._cancel_job()
        self._wish = None
        self._ground = None
        self._scene = None
        self._variations.clear()
        self._canvas.clear()
        for index in range(VARIATIONS):
            self._dialog.row.set_picture(index, None)
