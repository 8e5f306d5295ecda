"""An insertion with the dialog open: follows the user, keeps the canvas up to date, inserts in the end."""

from __future__ import annotations

import functools
import time
from collections import deque
from dataclasses import replace

import changed_layer
import composing
import dialog_place
import reference_picture
from aim import Aim
from composing import Scene
from dialog import InsertDialog
from earlier import Earlier, Seen
from herd_work import VARIATIONS, HerdWork
from live_loop import LiveLoop
from object_layer import Made
from picture import Fingerprint
from preview import CanvasPreview
from reference_reader import ReferenceReader
from scene_watch import SceneWatch
from settings import Settings
from subject import Ground, Subject
from thumbnails import thumbnail
from wording import Refusal, _, explain

from wire.job import Job, JobState
from wire.protocol import NOT_DRAWN, InsertObjectError, Layer, Lit
from wire.seed_row import Asked, SeedRow
from wire.sentences import SEVERAL_PIECES, STATES
from wire.state import SessionState, StateChanged

TICKS_TO_LOOK = 3  # what the daemon says is taken at every tick, what the user does at every third
QUIET_SECONDS = 0.25  # the other variations wait for the user to pause, so that the next preview need not


class LiveInsertion(LiveLoop):
    """Runs the dialog. ``run`` returns the new layer, or None when the user cancelled."""

    def __init__(self, subject: Subject, settings: Settings) -> None:
        super().__init__(subject.image)
        self._subject = subject
        self._start = settings
        self.chosen = settings  # the choices that the object was made with
        self._fingerprint: Fingerprint | None = None
        self._ground: Ground | None = None
        self._settled = False  # whether the ground was read since the fingerprint changed
        self._scene: Scene | None = None
        self._aim: Aim | None = None  # what was asked for last
        self._asked_at = 0.0
        self._all_asked = False
        self._variations: dict[int, tuple[Layer, ...]] = {}  # one object each, or a herd
        self._herd: HerdWork | None = None  # where several objects are wished
        self._row = SeedRow(0, VARIATIONS, is_free=False)  # the seeds of the variations
        self._row_for: tuple[object, ...] = ()  # what they are the seeds for
        self._asks: deque[Asked] = deque()  # what is to be asked next
        self._chosen = 0
        self._ticks = 0
        self._inserting = False  # Insert was pressed before the object was there
        self._is_offered = False  # what the daemon has is shown
        self._earlier = Earlier(self._image)
        self._canvas = CanvasPreview(self._image, subject.anchor, subject.replaced)
        self._watch = SceneWatch(self._image)
        reader = ReferenceReader(self._image, self._canvas.hide_all, lambda text: self._dialog.say(text))
        self._dialog = InsertDialog(self, reader, self._earlier, editing=subject.record is not None)

    def _open(self) -> None:
        self._dialog.form.set_settings(self._start)
        self._dialog.say(_(STATES[SessionState.CONNECTING]))
        place = dialog_place.object_place(self._subject)
        size = self._image.get_width(), self._image.get_height()
        is_better_left = functools.partial(dialog_place.is_better_left, place, size)
        self._dialog.show(dialog_place.title_of(self._subject), is_better_left)

    def _close(self) -> None:
        self._canvas.clear()
        self._dialog.window.destroy()

    # --- Every tick ---------------------------------------------------------------------------------

    def _is_due(self, *, has_news: bool) -> bool:
        self._ticks += 1
        return has_news or self._ticks % TICKS_TO_LOOK == 0

    def _look(self) -> None:
        self._follow_ground()
        self._follow_scene()
        self._ask()
        self._update_canvas()

    def _looked(self) -> None:
        self._dialog.allow(insert=self._aim is not None, changes=not self._inserting)

    def _follow_ground(self) -> None:
        fingerprint = self._subject.fingerprint()
        if fingerprint != self._fingerprint:  # it may still be changing: read it when it rests for a tick
            self._fingerprint = fingerprint
            self._settled = False
            self._forget()
            return
        if self._settled or self._welcome is None:
            return
        self._settled = True
        self._failed = False
        self._ground = self._subject.ground()
        self._dialog.form.offer_ground(self._ground)
        if self._ground is None:
            self._dialog.say(_("Draw a box on the picture with the Rectangle Select tool."))

    def _follow_scene(self) -> None:
        """Has the scene read again when the user has painted on it."""
        if self._scene is not None and self._watch.has_changed():
            self._scene = None

    def _aimed(self) -> Aim | None:
        ground, settings = self._ground, self._dialog.form.settings
        if ground is None or not self._settled or not settings.wish.class_name:
            return None
        plain = replace(settings, show_preview=True, keep_seed=False, thumbnail_size=0, favourites=())
        return Aim(plain, ground)

    def _ask(self) -> None:
        aim = self._aimed()
        if aim is None or self._failed or self._welcome is None:
            return
        if aim != self._aim or self._scene is None:
            self._begin(aim)
        elif self._job is None and not self._all_asked and time.monotonic() - self._asked_at > QUIET_SECONDS:
            self._all_asked = True
            if self._herd is not None:
                self._herd.want(range(self._herd.count))
            else:
                self._asks.extend(self._row.others(self._variations))
            self._send_next()

    def _begin(self, aim: Aim) -> None:
        """Asks for the chosen variation alone: that is what the user waits for."""
        before = self._aim
        self._cancel_job()
        self._variations.clear()
        if before is not None and before.numbers != aim.numbers:
            self._make_way()
        elif before is None or before.settings != aim.settings:
            self._dialog.form.gallery.clear()  # what it shows is not what is wished any more
        self._aim = aim
        if before is None or before.seen != aim.seen:
            self._scene = None
        is_new = self._scene is None
        if self._scene is None:
            self._read_scene(aim)
        self._take_row(aim)
        self._asks.clear()
        self._all_asked = False
        self._asked_at = time.monotonic()
        if self._herd is not None:
            self._herd.forget()
            self._herd.want([self._chosen])
        else:
            self._asks.append(self._row.one(self._chosen))
        self._send_next()
        if is_new and self._scene is not None:
            # While the daemon is at it: this takes as long as reading the scene did.
            self._watch.remember(self._scene.area.window)
        self._dialog.say(_("Making the object…"))

    def _take_row(self, aim: Aim) -> None:
        """Other seeds where others are wished; for another box, or another scene, those that are there."""
        settings, is_herd = aim.settings, self._herd is not None
        wanted = (*aim.row, is_herd)
        if self._row_for != wanted:
            self._row_for, self._chosen = wanted, 0
            is_free = settings.is_rolled and not is_herd
            self._row = SeedRow(settings.wish.seed, VARIATIONS, is_free=is_free)
        if self._herd is not None:
            self._chosen = min(self._chosen, self._herd.count - 1)
        self._dialog.form.gallery.choose(self._chosen)
        self._dialog.form.show_seed(self._row.seed_of(self._chosen))

    def _make_way(self) -> None:
        """Other objects come: those that are seen now become earlier ones."""
        gallery = self._dialog.form.gallery
        self._earlier.add(gallery.seen_alone)
        gallery.clear()
        gallery.earlier.refresh()

    def _read_scene(self, aim: Aim) -> None:
        welcome = self._welcome
        if welcome is None:
            return
        self._canvas.hide_all()
        box = self._subject.box(aim.ground, use_shape=aim.use_shape)
        self._herd = HerdWork.read(self._subject, aim.ground, aim.settings, welcome)
        use_shape = aim.use_shape and self._herd is None
        model = aim.settings.model
        self._scene = composing.read_scene(self._subject, box, welcome, use_shape=use_shape, model=model)

    def _send_next(self) -> bool:
        """Asks for what is wanted next; tells whether there was anything to ask for."""
        if self._scene is None or self._conversation is None or self._aim is None:
            return False
        wish, preview = self._aim.settings.wish, not self._inserting
        request = None
        if self._herd is not None:
            request = self._herd.next_request(wish, preview=preview)
        elif self._asks:
            request = composing.request_for(self._scene, wish, self._asks.popleft(), preview=preview)
        if request is not None:
            self._job = self._conversation.ask(request)
        return request is not None

    # --- What the daemon says -----------------------------------------------------------------------

    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""
        if change.error is not None:
            self._fail(change.error)
        elif change.state is SessionState.READY:
            self._dialog.say(_("Making the object…") if self._job is not None else "")
            self._dialog.show_progress(None)
            self._failed = False
            self._offer()
        elif change.state in STATES:
            self._dialog.say(_(STATES[change.state]))
            self._dialog.show_progress(change.fraction)

    def _offer(self) -> None:
        """Shows what the daemon has; an edited object whose model pack is gone waits for a choice."""
        welcome, form, pack = self._welcome, self._dialog.form, self._start.wish.pack
        if welcome is None:
            return
        form.offer(welcome)
        is_first, self._is_offered = not self._is_offered, True
        if is_first and self._subject.record is not None and not welcome.has_pack(pack):
            form.unset_class()
            self._dialog.say(explain(composing.missing_pack(pack)))

    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """Keeps a variation and shows its thumbnail."""
        if job is not self._job or self._aim is None or isinstance(result, Lit):
            return
        if self._herd is not None:
            whole = self._herd.take(result)
            if whole is not None:
                self._variations[whole] = self._herd.layers(whole)
                self._show_thumbnail(whole)
            return
        place = self._row.take(result.seed, None if self._all_asked else self._chosen)
        self._dialog.form.show_seed(self._row.seed_of(self._chosen))
        if place is not None and place not in self._variations:
            self._variations[place] = (result,)
            self._show_thumbnail(place)

    def job_changed(self, job: Job) -> None:
        """Moves the bar; at a job's end tells how it went."""
        if job is not self._job:
            return
        self._dialog.show_progress(None if job.is_final else job.fraction)
        if not job.is_final:
            return
        self._job = None
        if job.state is JobState.FAILED and job.error is not None:
            self._fail(job.error)
        elif job.state is JobState.DONE and not self._send_next():
            said = [_(note) for note in job.notes]
            if self._ground is not None and self._ground.pieces > 1 and self._herd is None:
                said.append(_(SEVERAL_PIECES).format(count=self._ground.pieces))
            self._dialog.say(" ".join(said))

    # --- What the user does -------------------------------------------------------------------------

    def settings_changed(self) -> None:
        """The next tick asks for what is wished now."""
        self._failed = False

    def variation_chosen(self, index: int) -> None:
        """The next tick puts it on the canvas, if it is there."""
        self._chosen = index
        self._dialog.form.show_seed(self._row.seed_of(index))

    def earlier_chosen(self, seen: Seen) -> None:
        """Its numbers, in the box of now."""
        form, recipe = self._dialog.form, seen.recipe
        if self._welcome is not None and not self._welcome.has_pack(recipe.wish.pack):
            self._dialog.say(explain(composing.missing_pack(recipe.wish.pack)))
            return
        model = reference_picture.of_recipe(recipe)
        wish = replace(recipe.wish, box=NOT_DRAWN)
        form.set_settings(replace(form.settings, wish=wish, model=model, is_rolled=False))
        if self._welcome is not None:
            form.offer(self._welcome)
        self.settings_changed()

    def insert_pressed(self) -> None:
        """The next tick inserts the chosen variation, or a later one as soon as it has come."""
        if self._aim is not None:
            self._inserting = True

    def reset_pressed(self) -> None:
        """Everything as the layer was made, or as it is at first; what and which seed stays chosen."""
        form, now = self._dialog.form, self._dialog.form.settings
        start = now.at_first() if self._subject.record is None else self._start
        form.set_settings(replace(start, thumbnail_size=now.thumbnail_size, favourites=now.favourites))
        self._is_offered = False
        self._offer()
        form.offer_ground(self._ground)
        self.settings_changed()

    def retry_pressed(self) -> None:
        """Asks again from the beginning; the session starts the daemon if it has to."""
        self._failed = False
        self._aim = None
        self._dialog.say(_(STATES[SessionState.CONNECTING]))
        if self._welcome is None:
            self._hang_up()  # the next tick calls again

    # --- Showing and finishing ----------------------------------------------------------------------

    def _update_canvas(self) -> None:
        """Shows the chosen variation, or inserts it when that is what the user waits for."""
        chosen, scene = self._variations.get(self._chosen), self._scene
        if scene is None:
            return
        window = scene.area.window
        if self._inserting:
            if chosen is not None and self._aimed() == self._aim and self._is_up_to_date():
                self._finish(chosen, scene)
            elif self._job is None and self._all_asked and chosen is None:
                raise Refusal(_("The Insert Object service sent no object."))
        elif self._dialog.form.shows_before:
            if self._canvas.differs() and self._is_up_to_date():
                self._canvas.clear()
                self._watch.remember(window)
        elif chosen is not None and not self._canvas.shows(chosen) and self._is_up_to_date():
            if self._herd is not None:
                self._canvas.show_all(self._herd.drawn(self._chosen))
            else:
                self._canvas.show(chosen[0], window)
            self._watch.remember(window)

    def _is_up_to_date(self) -> bool:
        """Whether the scene still looks as it was read; if not, the next tick reads it again."""
        if self._watch.differs():
            self._scene = None
        return self._scene is not None

    def _show_thumbnail(self, index: int) -> None:
        if self._scene is None or self._aim is None:
            return
        scene, form, layers = self._scene, self._dialog.form, self._variations[index]
        shown = thumbnail(scene.pixels, scene.area.window, scene.area.box, layers)
        label = form.label_of(layers[0].class_name)
        recipe = composing.recipe_for(scene, self._aim.settings.wish, layers[0], label)
        form.gallery.show(index, Seen(recipe, shown, is_alone=self._herd is None))

    def _finish(self, layers: tuple[Layer, ...], scene: Scene) -> None:
        subject = changed_layer.asked_again(self._subject)
        if subject is None:
            self._inserting = False
            return
        self._subject, settings = subject, self._dialog.form.settings
        seed = self._row.seed_of(self._chosen)
        self.chosen = settings.with_seed(settings.wish.seed if seed is None else seed)
        label, wish = self._dialog.form.label_of(layers[0].class_name), settings.wish
        if self._herd is not None:
            made = self._herd.made(self._subject, self._chosen, wish, label)
        else:
            made = [Made(layers[0], composing.record_for(self._subject, scene, wish, layers[0], label))]
        self._canvas.remove()
        self._earlier.add(self._dialog.form.gallery.seen_alone)
        self._earlier.write()
        self._result = self._subject.settle(made)
        self._loop.quit()

    def _fail(self, error: InsertObjectError) -> None:
        """One clear sentence in the dialog; the picture stays as it was."""
        self._failed = True
        self._inserting = False
        self._cancel_job()
        self._aim = None
        self._dialog.show_progress(None)
        self._dialog.say(explain(error), retry=True)

    def _forget(self) -> None:
        """What was made for another ground is of no use."""
        self._cancel_job()
        self._aim = None
        self._ground = None
        self._scene = self._herd = None
        self._variations.clear()
        self._watch.stop()
        self._canvas.clear()
        self._dialog.form.gallery.clear()
