"""Work without a dialog: from a script, in batch mode, or by Repeat."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import replace

import composing
from composing import Scene
from conversation import Conversation
from gi.repository import Gimp, GLib
from herd_work import HerdWork
from object_layer import Made
from settings import Settings
from subject import Ground, Subject
from wording import Refusal, _, class_label

from wire.job import Job, JobState
from wire.protocol import Layer, Lit, Welcome
from wire.seed_row import SeedRow
from wire.sentences import NOTHING_SELECTED, STATES
from wire.session import SessionState, StateChanged

TICK_MS = 15
START_SECONDS = 180.0  # a cold disk and a slow machine; the session itself notices a daemon that dies


class Unattended(ABC):
    """Runs one job while GIMP shows how far it is. GIMP's own main loop goes on meanwhile."""

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._loop = GLib.MainLoop()
        self._job: Job | None = None
        self._error: Exception | None = None
        self._result: Gimp.Layer | None = None
        self._deadline = time.monotonic() + START_SECONDS

    def run(self) -> Gimp.Layer:
        """Does what is to be done; returns the layer.

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
            if not self._image.is_valid():
                raise Refusal(_("The picture was closed before the object was ready."))
            self._conversation.tick()
            welcome = self._conversation.welcome
            if self._job is None and welcome is not None:
                self._job = self._ask(welcome)
            elif self._job is None and time.monotonic() > self._deadline:
                raise Refusal(_("The Insert Object service did not get ready."), _("Try again in a moment."))
        except Exception as error:  # raised again by run(), outside GLib's callback
            self._error = error
            self._loop.quit()
        return True

    @abstractmethod
    def _ask(self, welcome: Welcome) -> Job:
        """Sends the request."""

    @abstractmethod
    def _settle(self, result: Layer | Lit) -> Gimp.Layer:
        """Puts what has come into the image."""

    # --- What the daemon says -----------------------------------------------------------------------

    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""
        if change.error is not None:
            raise change.error
        if change.state in (SessionState.STARTING, SessionState.LOADING):
            Gimp.progress_set_text(_(STATES[change.state]))
        if change.state is SessionState.LOADING:
            Gimp.progress_update(change.fraction)

    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """Takes the first result."""
        if job is self._job and self._result is None:
            self._result = self._settle(result)

    def job_changed(self, job: Job) -> None:
        """Shows progress and ends the loop when the job ends."""
        Gimp.progress_update(job.fraction)
        if job.state is JobState.FAILED and job.error is not None:
            raise job.error
        if job.is_final:
            self._loop.quit()


class UnattendedInsertion(Unattended):
    """Runs one insertion."""

    def __init__(self, subject: Subject, settings: Settings) -> None:
        super().__init__(subject.image)
        self._subject = subject
        self._settings = settings
        self._scene: Scene | None = None
        self._herd: HerdWork | None = None

    def _ask(self, welcome: Welcome) -> Job:
        ground = self._subject.ground()
        if ground is None:
            raise Refusal(_(NOTHING_SELECTED), _("Draw a box on the picture with the Rectangle Select tool."))
        self._settings = self._completed(welcome, ground)
        wanted, wish = self._settings.use_shape, self._settings.wish
        use_shape = ground.suggests_shape if wanted is None else wanted
        self._herd = HerdWork.read(self._subject, ground, self._settings, welcome, count=1)
        Gimp.progress_set_text(_("Making the object…"))
        request = None
        if self._herd is not None:
            self._herd.want([0])
            request = self._herd.next_request(wish, preview=False)
        if request is None:
            box = self._subject.box(ground, use_shape=use_shape)
            self._scene = composing.read_scene(self._subject, box, welcome, use_shape=use_shape)
            row = SeedRow(wish.seed, 1, is_free=self._settings.is_rolled)
            request = composing.request_for(self._scene, wish, row.one(0))
        return self._conversation.ask(request)

    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """Takes the result; of a herd each, until all are there."""
        if self._herd is None:
            super().result_arrived(job, result)
        elif isinstance(result, Layer) and job is self._job and self._herd.take(result) is not None:
            made = self._herd.made(self._subject, 0, self._settings.wish, self._label(result.class_name))
            self._result = self._subject.settle(made)

    def job_changed(self, job: Job) -> None:
        """Asks for the next object of a herd when one is done."""
        request = None
        if self._herd is not None and job.state is JobState.DONE:
            request = self._herd.next_request(self._settings.wish, preview=False)
        if request is not None:
            self._job = self._conversation.ask(request)
        else:
            super().job_changed(job)

    def _completed(self, welcome: Welcome, ground: Ground) -> Settings:
        """The settings with what was left open: the class of the edited object, or the first one; whether
        each part of the selection gets an object."""
        wish, record = self._settings.wish, self._subject.record
        if not wish.class_name and record is not None:
            made = record.wish
            wish = replace(wish, class_name=made.class_name, pack=made.pack, style=made.style)
        if not welcome.has_pack(wish.pack):
            raise composing.missing_pack(wish.pack)
        classes = welcome.classes_of(wish.pack)
        if not wish.class_name and classes:
            wish = replace(wish, class_name=classes[0].name)
        each_part = self._settings.each_part
        if each_part is None:
            each_part = ground.selected is not None and ground.selected.suggests_each
        return replace(self._settings, wish=wish, each_part=each_part)

    def _settle(self, result: Layer | Lit) -> Gimp.Layer:
        if not isinstance(result, Layer) or self._scene is None:
            raise Refusal(_("The Insert Object service sent no object."))
        label = self._label(result.class_name)
        record = composing.record_for(self._subject, self._scene, self._settings.wish, result, label)
        return self._subject.settle([Made(result, record)])

    def _label(self, class_name: str) -> str:
        """What a class is called in the user's language."""
        welcome = self._conversation.welcome
        classes = welcome.classes_of(self._settings.wish.pack) if welcome is not None else ()
        named = (class_label(info) for info in classes if info.name == class_name)
        return next(named, class_name)
