"""An insertion without a dialog: from a script, in batch mode, or by Repeat."""

from __future__ import annotations

import time
from dataclasses import replace

import composing
from composing import Scene
from conversation import Conversation
from gi.repository import Gimp, GLib
from settings import Settings
from subject import Subject
from wording import Refusal, _, class_label

from wire.job import InsertJob, JobState
from wire.protocol import Layer, Welcome
from wire.sentences import NOTHING_SELECTED, STATES
from wire.session import SessionState, StateChanged

TICK_MS = 15
START_SECONDS = 180.0  # a cold disk and a slow machine; the session itself notices a daemon that dies


class UnattendedInsertion:
    """Runs one insertion while GIMP shows how far it is. GIMP's own main loop goes on meanwhile."""

    def __init__(self, subject: Subject, settings: Settings) -> None:
        self._subject = subject
        self._settings = settings
        self._loop = GLib.MainLoop()
        self._scene: Scene | None = None
        self._job: InsertJob | None = None
        self._error: Exception | None = None
        self._result: Gimp.Layer | None = None
        self._deadline = time.monotonic() + START_SECONDS

    def run(self) -> Gimp.Layer:
        """Inserts the object.

        Raises:
            InsertObjectError: with the sentence for the user; the image is unchanged then.
        """
        Gimp.progress_init(_(STATES[SessionState.CONNECTING]))
        conversation = Conversation(self)
        self._conversation = conversation
        timer = GLib.timeout_add(TICK_MS, self._tick)
        try:
            self._loop.run()
        finally:
            GLib.source_remove(timer)
            conversation.close()
            Gimp.progress_end()
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise Refusal(_("The Insert Object service sent no object."))
        return self._result

    def _tick(self) -> bool:
        try:
            if not self._subject.image.is_valid():
                raise Refusal(_("The picture was closed before the object was ready."))
            self._conversation.tick()
            welcome = self._conversation.welcome
            if self._job is None and welcome is not None:
                self._ask(welcome)
            elif self._job is None and time.monotonic() > self._deadline:
                raise Refusal(_("The Insert Object service did not get ready."), _("Try again in a moment."))
        except Exception as error:  # raised again by run(), outside GLib's callback
            self._error = error
            self._loop.quit()
        return True

    def _ask(self, welcome: Welcome) -> None:
        ground = self._subject.ground()
        if ground is None:
            raise Refusal(_(NOTHING_SELECTED), _("Draw a box on the picture with the Rectangle Select tool."))
        wanted = self._settings.use_shape
        use_shape = ground.suggests_shape if wanted is None else wanted and ground.has_shape
        box = self._subject.box(ground, use_shape=use_shape)
        self._settings = self._completed(welcome)
        self._scene = composing.read_scene(self._subject, box, welcome, use_shape=use_shape)
        self._job = self._conversation.ask(composing.request_for(self._scene, self._settings.wish))
        Gimp.progress_set_text(_("Making the object…"))

    def _completed(self, welcome: Welcome) -> Settings:
        """The settings with a class where none was named: that of the edited object, or the first one."""
        wish, record = self._settings.wish, self._subject.record
        if not wish.class_name and record is not None:
            made = record.wish
            wish = replace(wish, class_name=made.class_name, pack=made.pack, style=made.style)
        if not welcome.has_pack(wish.pack):
            raise composing.missing_pack(wish.pack)
        classes = welcome.classes_of(wish.pack)
        if not wish.class_name and classes:
            wish = replace(wish, class_name=classes[0].name)
        return replace(self._settings, wish=wish)

    # --- What the daemon says -----------------------------------------------------------------------

    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""
        if change.error is not None:
            raise change.error
        if change.state in (SessionState.STARTING, SessionState.LOADING):
            Gimp.progress_set_text(_(STATES[change.state]))
        if change.state is SessionState.LOADING:
            Gimp.progress_update(change.fraction)

    def layer_arrived(self, job: InsertJob, layer: Layer) -> None:
        """Inserts the object."""
        if job is not self._job or self._scene is None or self._result is not None:
            return
        welcome = self._conversation.welcome
        classes = welcome.classes_of(self._settings.wish.pack) if welcome is not None else ()
        label = next(
            (class_label(info) for info in classes if info.name == layer.class_name), layer.class_name
        )
        record = composing.record_for(self._subject, self._scene, self._settings.wish, layer, label)
        self._result = self._subject.settle(layer, record)

    def job_changed(self, job: InsertJob) -> None:
        """Shows progress and ends the loop when the job ends."""
        Gimp.progress_update(job.fraction)
        if job.state is JobState.FAILED and job.error is not None:
            raise job.error
        if job.is_final:
            self._loop.quit()
