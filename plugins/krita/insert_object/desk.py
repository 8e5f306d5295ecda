"""One document's work table: its variations, its preview, its running job. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asked_seeds import Seeds
from .canvas import WAIT, CanvasWork, Steps
from .documents import layer_id
from .editing import Edits, Way, Worked
from .form import Form
from .gone_layers import forget_gone
from .herds import HerdJob, job_for, target_for, variation_of
from .history import History, LightChoice, Variation
from .history_file import HistoryFile
from .lighting import LayerLight
from .lights import Lights
from .link import Link
from .messages import Message, message_for, saved_preview
from .pressed import Pressed
from .preview import Preview
from .qt import QtCore, Signal
from .reference_picture import Reading, unhindered
from .selection import SelectionInfo, read_selection
from .steps import as_long_as
from .targets import Purpose, Target, check_pack, window_limit, wished_recipe
from .translations import tr
from .wire.job import InsertJob, Job, JobState, LightJob
from .wire.layer_record import Recipe
from .wire.protocol import Error, Insert, Layer, Light, Lit, Reply
from .wire.reference import Reference


class Desk(QtCore.QObject):
    """Turns the docker's wishes for one document into requests, and replies into layers."""

    changed = Signal()  # job, preview, message or selection are new
    seen = Signal(object, int)  # of a Row of seeds: that of the object that is shown first

    def __init__(self, document: Any, link: Link, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.history = History()
        self.preview = Preview(document)
        self.job: Job | None = None
        self.purpose = Purpose.INSERT
        self.pressed = Pressed()
        self.message: Message | None = None
        self.selection: SelectionInfo | None = None
        self._edits = Edits(document, self.preview)
        self._lights = Lights(document, self.preview)
        self._read_for: Target | None = None  # what the picture is being read for, or about to be
        self._wants_before = False
        self._link = link
        self._recipe: Recipe | None = None  # what the running job follows
        self._seeds: Seeds | None = None  # that it asked for, where these can be many
        self._anchor = ""
        self._shown_job: Job | None = None  # the job whose first layer went to the canvas
        self._work = CanvasWork(document, self)
        self._work.failed.connect(lambda error: self.show_message(message_for(error)))
        self._work.held_up.connect(self._held_up)
        self.kept = HistoryFile(document, self.history, self._work, self.changed.emit)
        if self.preview.take_up_again():
            self.message = saved_preview()
            self._lights.take_up_again()
        self._work.submit("forget", lambda: forget_gone(document))

    # --- What the docker asks ------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """What the user waits for is under way; a preview that follows by itself does not count."""
        return self._is_asking and self.purpose not in (Purpose.LIVE, Purpose.LIGHT)

    @property
    def is_idle(self) -> bool:
        """Nothing is under way and nothing waits for the canvas."""
        return self.job is None and self._work.idle

    @property
    def light(self) -> LayerLight | None:
        """The light of the layer that is being lit."""
        return self._lights.light

    @property
    def editing(self) -> Recipe | None:
        """The recipe of the layer that is being edited."""
        return self._edits.recipe

    @property
    def worked(self) -> Worked | None:
        """An object whose edit waits for an answer."""
        return self._edits.worked

    def follow_undo(self) -> None:
        """Keeps up with what the user undid and redid, and with the active layer; Krita tells of neither."""
        self.preview.give_back_active_layer()
        if self.preview.is_out_of_step:
            self._work.submit("follow", self.preview.follow_undo)

    def look(self) -> None:
        """Reads the selection again, too; Krita sends no signal when it changes."""
        self.follow_undo()
        self.selection = read_selection(self.document)
        self._edits.follow(self.document.activeNode())

    def show_message(self, message: Message | None) -> None:
        """A sentence for the docker, until the next one."""
        self.message = message
        self.changed.emit()

    # --- What the user does --------------------------------------------------------------------------

    def insert(self, form: Form, purpose: Purpose = Purpose.INSERT) -> None:
        """Asks for variations in the selection, or of the layer that is being edited.

        Raises:
            InsertObjectError: nothing is selected, no class is chosen, or the box cannot be used.
        """
        self.look()
        live = purpose is Purpose.LIVE
        seeds = form.seeds(1 if live else form.variations, live=live)
        edited = None if live else self.editing
        recipe = wished_recipe(form, seeds.first, self.selection, edited, self._link.welcome)
        purpose = purpose if edited is None else Purpose.EDIT
        target = target_for(purpose, self.document, self.selection, form, recipe, seeds)
        self.pressed = self.pressed if live else Pressed(form, seeds)
        self._ask(target, seeds)

    def edit(self, node: Any) -> Recipe | None:
        """Begins to edit an object of ours, told by any of its layers: the next variations take its place.

        None where somebody has worked on it, which begins with a question.

        Raises:
            InsertObjectError: Insert Object knows nothing of the layer, or it is empty.
        """
        self._lights.end()
        recipe = self._edits.begin(node)
        self.show_message(self._edits.message(self._link.welcome))
        return recipe

    def answer(self, way: Way) -> Recipe | None:
        """Goes on with an edit of a layer that somebody has worked on; gives what to begin with.

        Raises:
            InsertObjectError: it cannot be lit, or it is empty.
        """
        if way is Way.LIGHT and self.worked is not None:
            self.give_light(self.worked.layers.layer)
            return None
        recipe = self._edits.answer(way)
        self.show_message(self._edits.message(self._link.welcome))
        return recipe

    def give_light(self, node: Any) -> None:
        """Gives a layer's own pixels the light of where it is; nothing is painted.

        Raises:
            InsertObjectError: it cannot be lit, and what to do.
        """
        light = self._lights.begin(node)
        self._edits.end()
        self._begin()
        self._work.submit("ask", lambda: self._read_and_light(light))
        self.changed.emit()

    def change_light(self, choice: LightChoice) -> None:
        """How much of the light, and which shadows, are to be seen while a layer is given light."""
        if self.light is not None:
            self.light.wanted = choice
            self._light_on()

    def read_reference(self, reading: Callable[[Any], Reading], then: Callable[[Reference], None]) -> None:
        """Hands over what is read from the document, or its one layer, without the preview."""
        self._work.submit("reference", lambda: unhindered(self.preview, reading, then))

    def choose(self, variation: Variation) -> None:
        """Shows a variation of the history, which is made again where its pixels are gone.

        Raises:
            InsertObjectError: they are gone, and so is the model pack that made them.
        """
        if variation.pixels is not None:
            self._make_way()
            self._show(variation)
        else:
            check_pack(variation.recipe, self._link.welcome)
            self._ask(Target(Purpose.AGAIN, variation.recipe))

    def cancel(self) -> None:
        """Ends the running job; variations that have arrived stay."""
        if self._is_asking:
            self._drop_job()
            self.show_message(Message(tr("Cancelled.")))

    def apply(self) -> None:
        """Makes the preview a normal layer."""
        if self.light is not None and not self.light.is_current:
            self._lights.applies_soon = True  # what the slider says is still on its way
            self._light_on()
            return
        light, chosen = self._lights.end(), self._work.withdraw("show")
        self._drop_job()
        self._edits.end()
        self._work.submit("apply", lambda: self._then_say(self._apply_steps(light, chosen), tr("Applied.")))

    def discard(self) -> None:
        """Takes the preview away and ends an edit; the variations stay in the history."""
        self._drop_job()
        self._edits.end()
        self._lights.end()
        self._work.withdraw("show")
        self._work.submit("discard", lambda: self._then_say(self.preview.discard(), ""))

    @property
    def is_comparing(self) -> bool:
        """Whether the picture is, or is about to be, seen without the preview."""
        return self._wants_before if self._work.is_waiting("compare") else self.preview.is_out_of_view

    def compare(self, *, before: bool) -> None:
        """Shows the picture without the preview, or with it again."""
        if before is self.is_comparing:
            return
        self._wants_before = before
        self._work.submit("compare", lambda: self.preview.look_away(away=before))

    def close(self) -> None:
        """The document is gone: nothing more is asked for or shown."""
        self._drop_job()
        self._work.clear()

    # --- Requests out --------------------------------------------------------------------------------

    @property
    def _is_asking(self) -> bool:
        return self.job is not None or self._read_for is not None

    def _ask(self, target: Target, seeds: Seeds | None = None) -> None:
        self._make_way()
        self._begin()
        self._read_for, self.purpose, self._seeds = target, target.purpose, seeds
        active, edited = self.document.activeNode(), self.preview.replaces or self._edits.kept
        if edited is not None and edited.is_attached:
            self._anchor = layer_id(edited.top)
        elif active is not None and not self.preview.holds(active):
            self._anchor = layer_id(active)
        self._work.submit("ask", lambda: self._read_and_send(target))
        self.changed.emit()

    def _make_way(self) -> None:
        """Ends a light, or an edit that the document was saved with: what comes next replaces no layer."""
        if self.editing is not None or self.preview.replaces is None:
            return
        if self._lights.end() is not None:
            self._drop_job()
            self._work.withdraw("show")
        if not self._work.is_waiting("discard"):
            self._work.submit("discard", self.preview.discard)

    def _begin(self) -> None:
        self._drop_job()
        self.message = None

    def _read_and_send(self, target: Target) -> Steps:
        def goes_on() -> bool:
            return self._read_for is target

        limit = window_limit(self._link.welcome)
        try:
            with self.preview.out_of_sight(self._edits.unseen) as source:
                yield WAIT
                steps = job_for(self.document, source, target, limit, self._link.send)
                read = yield from as_long_as(goes_on, steps)
            if read is not None and goes_on():
                self._send_read(target, *read)
        finally:
            if goes_on():
                self._read_for = None

    def _send_read(self, target: Target, job: InsertJob | HerdJob, recipe: Recipe) -> None:
        self._recipe = recipe
        if target.purpose is Purpose.INSERT and (kept := self.pressed.keep(self.preview.variation, recipe)):
            self._show_first(job, kept)
        self._send(job.request, job, target.purpose)

    def _send(self, request: Insert | Light, job: Job, purpose: Purpose) -> None:
        self._link.send(request)
        self.job, self.purpose = job, purpose
        self._link.expect_replies(self, expecting=True)
        self.changed.emit()

    # --- Light ---------------------------------------------------------------------------------------

    def _read_and_light(self, light: LayerLight) -> Steps:
        request = yield from self._lights.read(light)
        if request is not None:
            self._send(request, LightJob(request), Purpose.LIGHT)

    def _light_on(self) -> None:
        """Asks for the strength that is wanted now, once the answer before is there."""
        light = self.light
        if light is None or self.job is not None or self._work.is_waiting("ask") or light.is_under_way:
            return
        if not light.is_current:
            self._work.submit("ask", lambda: self._read_and_light(light))
        elif self._lights.applies_soon:
            self.apply()

    def _take_lit(self, lit: Lit) -> None:
        light = self.light
        if light is not None:
            variation, choice = light.variation(lit), light.asked
            self._work.submit("show", lambda: self._show_lit(light, variation, choice))

    def _show_lit(self, light: LayerLight, variation: Variation, choice: LightChoice | None) -> Steps:
        yield from self.preview.replace(light.replaced_by(choice))
        yield from self._show_steps(variation)
        light.shown = choice
        self._light_on()

    def _apply_steps(self, light: LayerLight | None, chosen: Callable[[], Steps] | None) -> Steps:
        if chosen is not None:  # while the canvas was not free
            yield from chosen()
        if self.preview.variation is not None:
            self.preview.variation.live = False
        yield from self._lights.apply(light)

    def _drop_job(self) -> None:
        self._work.withdraw("ask")
        job, self.job, self._read_for = self.job, None, None
        if job is not None and not job.is_final:
            self._link.send(job.cancel_request())
        self._link.expect_replies(self, expecting=False)

    # --- Replies in ----------------------------------------------------------------------------------

    def take(self, reply: Reply) -> None:
        """Takes a reply of the daemon, whosever it is."""
        job = self.job
        if job is None or not job.feed(reply):
            return
        if isinstance(reply, Layer):
            self._take_layer(job, reply)
        elif isinstance(reply, Lit):
            self._take_lit(reply)
        elif isinstance(reply, Error):
            self.message = message_for(reply.exception())
            self._lights.end_in_vain()
        if job.is_final:
            self.job = None
            if job.state is JobState.DONE and self.purpose in (Purpose.INSERT, Purpose.EDIT):
                self.kept.write()
            self._link.expect_replies(self, expecting=False)
            if job.notes:
                self.message = Message(" ".join(tr(note) for note in job.notes))
        self.changed.emit()

    def _take_layer(self, job: Job, layer: Layer) -> None:
        if self._recipe is None:
            return
        recipe, live = self._recipe.with_seed(layer.seed), self.purpose is Purpose.LIVE
        known = self.history.find(recipe) if self.purpose is Purpose.AGAIN else None
        variation = variation_of(job, layer, recipe, known, live=live)
        if variation is None:  # the rest of its herd is still to come
            return
        if self.purpose in (Purpose.INSERT, Purpose.EDIT):
            if self.pressed.is_kept(variation.recipe):
                return
            self.pressed.made.add(variation.recipe.wish.seed)
        if known is None:
            self.history.add(variation)
        if self._shown_job is not job:
            self._show(variation)
            self._show_first(job, variation)

    def _show_first(self, job: Job, variation: Variation) -> None:
        """The docker gets the seed of the object that is the first one to be seen of a job."""
        self._shown_job = job
        if self._seeds is not None and self._seeds.row is not None:
            self.seen.emit(self._seeds.row, variation.recipe.wish.seed)

    def _show(self, variation: Variation) -> None:
        self._work.submit("show", lambda: self._show_steps(variation))

    def _show_steps(self, variation: Variation) -> Steps:
        yield from self.preview.show(variation, self._anchor)
        self.changed.emit()

    def _then_say(self, steps: Steps, text: str) -> Steps:
        yield from steps
        self.show_message(Message(text) if text else None)

    def _held_up(self, held_up: bool) -> None:  # noqa: FBT001 - from a signal
        waiting = Message(tr("Waiting until you have finished drawing…"))
        if held_up or self.message == waiting:
            self.show_message(waiting if held_up else None)
