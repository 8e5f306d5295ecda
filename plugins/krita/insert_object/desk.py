"""One document's work table: its variations, its preview, its running job. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .asked_seeds import Seeds
from .canvas import WAIT, CanvasWork, Steps
from .documents import layer_id
from .editing import Edits, Way, Worked
from .form import Form
from .herds import HerdJob, job_for, target_for
from .history import History, LightChoice, Variation
from .history_file import HistoryFile
from .lighting import LayerLight, saved_light
from .link import Link
from .messages import Message, message_for, saved_preview
from .object_layers import ObjectLayers
from .pressed import Pressed
from .preview import Preview
from .qt import QtCore, Signal
from .reference_picture import Reading, unhindered
from .selection import SelectionInfo, read_selection
from .targets import (
    Purpose,
    Target,
    check_pack,
    checked_class,
    selected_box,
    translated_label,
    window_limit,
)
from .translations import tr
from .wire.job import Job, JobState, LightJob
from .wire.layer_record import Recipe
from .wire.protocol import Error, Insert, InsertObjectError, Layer, Light, Lit, Reply
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
        self.light: LayerLight | None = None  # of the layer that is being lit
        self._edits = Edits(document, self.preview)
        self._apply_when_lit = False
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
            self.light = saved_light(document, self.preview.variation, self.preview.replaces)

    # --- What the docker asks ------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """A job that the user waits for is under way; a preview that follows by itself does not count."""
        return self.job is not None and self.purpose not in (Purpose.LIVE, Purpose.LIGHT)

    @property
    def is_idle(self) -> bool:
        """Nothing is under way and nothing waits for the canvas."""
        return self.job is None and self._work.idle

    @property
    def editing(self) -> Recipe | None:
        """The recipe of the layer that is being edited."""
        return self._edits.recipe

    @property
    def worked(self) -> Worked | None:
        """An object whose edit waits for an answer."""
        return self._edits.worked

    def look(self) -> None:
        """Reads the selection again; Krita sends no signal when it changes."""
        self.preview.give_back_active_layer()
        if self.preview.is_out_of_step:
            self._work.submit("follow", self.preview.follow_undo)
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
        live, wish = purpose is Purpose.LIVE, form.wish
        seeds = form.seeds(1 if live else form.variations, live=live)
        label = translated_label(checked_class(wish.class_name), wish.pack, self._link.welcome)
        edited = None if live else self.editing
        box = edited.wish.box if edited is not None else selected_box(self.selection)
        recipe = replace(edited or Recipe(wish), wish=replace(wish, box=box, seed=seeds.first))
        recipe = replace(recipe, label=label, look=form.given_look)
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
        self.light = None
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
        light = LayerLight(self.document, node)
        self._edits.end()
        self.light = light
        self.preview.replaces = ObjectLayers(light.node)
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

        def steps() -> Steps:
            then((yield from unhindered(self.preview, reading)))

        self._work.submit("reference", steps)

    def choose(self, variation: Variation) -> None:
        """Shows a variation of the history, which is made again where its pixels are gone.

        Raises:
            InsertObjectError: they are gone, and so is the model pack that made them.
        """
        if variation.pixels is not None:
            self._show(variation)
        else:
            check_pack(variation.recipe, self._link.welcome)
            self._ask(Target(Purpose.AGAIN, variation.recipe))

    def cancel(self) -> None:
        """Ends the running job; variations that have arrived stay."""
        if self.job is not None:
            self._drop_job()
            self.show_message(Message(tr("Cancelled.")))

    def apply(self) -> None:
        """Makes the preview a normal layer."""
        if self.light is not None and not self.light.is_current:
            self._apply_when_lit = True  # what the slider says is still on its way
            self._light_on()
            return
        if self.preview.variation is not None:
            self.preview.variation.live = False
        light, self.light, self._apply_when_lit = self.light, None, False
        self._drop_job()
        self._edits.end()
        self._work.withdraw("show")
        self._work.submit("apply", lambda: self._then_say(self._apply_steps(light), tr("Applied.")))

    def discard(self) -> None:
        """Takes the preview away and ends an edit; the variations stay in the history."""
        self._drop_job()
        self._edits.end()
        self.light, self._apply_when_lit = None, False
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

    def _ask(self, target: Target, seeds: Seeds | None = None) -> None:
        self.light, self._seeds = None, seeds
        self._begin()
        active, edited = self.document.activeNode(), self.preview.replaces or self._edits.kept
        if edited is not None and edited.is_attached:
            self._anchor = layer_id(edited.top)
        elif active is not None and not self.preview.holds(active):
            self._anchor = layer_id(active)
        self._work.submit("ask", lambda: self._read_and_send(target))
        self.changed.emit()

    def _begin(self) -> None:
        self._drop_job()
        self.message = None

    def _read_and_send(self, target: Target) -> Steps:
        limit = window_limit(self._link.welcome)
        with self.preview.out_of_sight(self._edits.unseen) as source:
            yield WAIT
            job, recipe = yield from job_for(self.document, source, target, limit, self._link.send)
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
        if not light.is_read:
            try:
                yield from light.read_layer()
            except InsertObjectError:
                self.light = self.preview.replaces = None
                raise
            with self.preview.out_of_sight(*light.shadows) as source:
                yield WAIT
                yield from light.read_scene(source)
        request = light.request()
        self._send(request, LightJob(request), Purpose.LIGHT)

    def _light_on(self) -> None:
        """Asks for the strength that is wanted now, once the answer before is there."""
        light = self.light
        if light is None or self.job is not None or self._work.is_waiting("ask") or light.is_under_way:
            return
        if not light.is_current:
            self._work.submit("ask", lambda: self._read_and_light(light))
        elif self._apply_when_lit:
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

    def _end_light_in_vain(self) -> None:
        if self.light is not None and self.light.shown is None:
            self.light = self.preview.replaces = None
        elif self.light is not None:
            self.light.give_up()
        self._apply_when_lit = False

    def _apply_steps(self, light: LayerLight | None) -> Steps:
        if light is not None and light.cut_out is None:  # a saved one: its own pixels are to be kept, too
            yield from light.read_layer()
        layers = yield from self.preview.apply()
        if light is not None and layers is not None and light.cut_out is not None:
            yield from light.keep(layers)

    def _drop_job(self) -> None:
        self._work.withdraw("ask")
        job, self.job = self.job, None
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
            self._end_light_in_vain()
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
        if isinstance(job, HerdJob):
            variation = job.complete(layer, live=live)
        elif known is not None:
            known.take(layer)
            variation = known
        else:
            variation = Variation.of(recipe, layer, live=live)
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
