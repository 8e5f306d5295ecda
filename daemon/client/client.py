"""Inserting objects from Python: a client of the daemon that takes and gives arrays."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from daemon.client.arguments import (
    WrongArgument,
    candidates_of,
    check_callable,
    cut_out_of,
    depth_of,
    flag_of,
    given_shape,
    mask_of,
    numbers_of,
    part_of,
    picture_of,
    place_of,
    shadows_wished,
    share_of,
    whole_of,
    wish_of,
)
from daemon.client.conversation import Conversation
from daemon.client.herds import herd_of
from daemon.client.received_layers import LitLayer, ObjectLayer, object_layer, shadows_of
from daemon.home.folders import Folders
from daemon.home.lifecycle import check_startable
from daemon.home.limits import check_limits
from daemon.painting.object_shape import ObjectShape
from wire import __version__
from wire.connection import Config
from wire.herd import MAX_HERD
from wire.protocol import (
    MAX_CANDIDATES,
    MAX_VARIATIONS,
    MAX_WINDOW_PIXELS,
    ClassInfo,
    Done,
    Layer,
    Light,
    Lit,
    PackInfo,
    Painting,
    Progress,
    Rect,
    Shutdown,
    Stage,
    Status,
    StatusRequest,
    Welcome,
    Wish,
    check_light,
    usable_box,
)
from wire.request import insert_request, new_id
from wire.session import NotReady, Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OnProgress: TypeAlias = Callable[[Stage, float], None]

READY_SECONDS = 120.0  # a slow computer needs its time to load the networks
SILENCE_SECONDS = 300.0  # the longest wait for the next word about a request
LOOK_SECONDS = 0.2  # between two reports on the loading of the networks
ANSWER_SECONDS = 10.0  # for requests that need no networks

_OF_A_HERD = ("reference", "reference_box", "candidates", "depth", "on_progress")  # what is not of its wish


def start_command() -> tuple[str, ...]:
    """The command that runs this program's daemon, whatever the working folder is and PYTHONPATH says."""
    return (sys.executable, "-I", str(Path(__file__).resolve().parents[1]), "daemon", "run")


class Client:
    """A conversation with the daemon; use it in a ``with`` statement."""

    def __init__(self, session: Conversation) -> None:
        self._session = session

    @classmethod
    def connect(
        cls, folders: Folders | None = None, *, autostart: bool = True, name: str = "insert-object"
    ) -> Client:
        """Connects, starting the daemon if there is none; returns at once.

        ``name`` is for the daemon's log.

        Raises:
            InsertObjectError: the daemon could not keep its files where it has to.
        """
        places = folders or Folders.default()
        if autostart:
            check_limits()
            check_startable(places)
        config = Config(places.connection_file, start_command(), __version__)
        session = Session(config, f"{name} {__version__}", autostart=autostart)
        session.open()
        return cls(session)

    def wait_until_ready(self, on_progress: OnProgress | None = None) -> Welcome:
        """Waits until the daemon has loaded its networks; ``on_progress`` hears how far it is.

        Raises:
            InsertObjectError: it cannot be reached or cannot load its networks.
        """
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self._session.wait_ready(min(LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
            except NotReady as error:
                if time.monotonic() >= deadline:
                    raise NotReady(READY_SECONDS) from error
            if on_progress:
                on_progress(Stage.LOADING, self._session.fraction)

    @property
    def welcome(self) -> Welcome:
        """What the daemon says about itself once it is ready; raises as ``wait_until_ready`` does."""
        return self.wait_until_ready()

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """What the shipped networks can insert; raises as ``welcome`` does."""
        return self.welcome.classes

    @property
    def packs(self) -> tuple[PackInfo, ...]:
        """The further model packs with their classes; raises as ``welcome`` does."""
        return self.welcome.packs

    def insert(
        self, picture: NDArray[Any], box: tuple[int, int, int, int], class_name: str, **choices: Any
    ) -> ObjectLayer:
        """Makes one object layer; see ``insert_variations``."""
        return self.insert_variations(picture, box, class_name, **choices)[0]

    def insert_herd(
        self,
        picture: NDArray[Any],
        box: tuple[int, int, int, int],
        class_name: str,
        count: int,
        **choices: Any,
    ) -> list[ObjectLayer]:
        """Makes a herd in a box, 1..24 objects from the farthest to the nearest: paste them in this order.

        ``choices`` and errors as for ``insert_variations``, without ``variations``, ``mask`` and ``shape``.
        """
        asked = {name: choices.pop(name) for name in _OF_A_HERD if name in choices}
        asked["candidates"] = candidates_of(asked.get("candidates"), 1, choices)
        wish = wish_of(class_name, box, choices)
        count = whole_of("count", count, 1, MAX_HERD)
        asked["reference_box"] = part_of("reference_box", asked.get("reference_box"))
        return list(herd_of(self.fulfil, picture_of("picture", picture), wish, count, **asked))

    def insert_variations(
        self,
        picture: NDArray[Any],
        box: tuple[int, int, int, int],
        class_name: str,
        *,
        variations: int = 1,
        candidates: int | None = None,
        mask: NDArray[np.uint8] | None = None,
        reference: NDArray[Any] | None = None,
        reference_box: tuple[int, int, int, int] | None = None,
        shape: ObjectShape | NDArray[Any] = ObjectShape.DRAWN,
        shape_box: tuple[int, int, int, int] | None = None,
        own_parts: bool = True,
        depth: int | None = None,
        on_progress: OnProgress | None = None,
        **choices: Any,
    ) -> list[ObjectLayer]:
        """Makes object layers for a box in a picture, which itself stays as it is.

        Args:
            picture: uint8 or uint16 (H, W, 3|4), sRGB; only the window around the box is read.
            box: x, y, width, height in image pixels; it may reach over the border.
            class_name: one of ``classes``, or of the classes of the pack.
            variations: how many layers, 1..16; their seeds are told in the layers. One that nothing would
                show of is left out.
            candidates: 1..48, the seeds, from ``seed`` on, of which the best are painted, best first; no more
                than variations: these seeds in their order. None: 12, or two for each variation, where no
                ``seed`` is given, and 1 where one is.
            mask: uint8 (H, W), the object's shape in the picture; what reaches beyond the box is cut off,
                with a note.
            reference: uint8 or uint16 (h, w, 3|4), a picture of an object with the wanted look; its alpha is
                the object's shape.
            reference_box: x, y, width, height of the part of the reference that shows the object.
            shape: a picture, uint8 or uint16 (h, w, 4), cut out, whose outline is taken; ``REFERENCE``: that
                of the reference, which must be cut out then.
            shape_box: x, y, width, height of the part of that picture that shows the object.
            own_parts: whether head, legs and tail stay where the picture of the shape shows them; if not,
                they lie as in the outline of the class that is most like it.
            depth: bits per channel of the layers, 8 or 16; None: the picture's.
            on_progress: called with the stage and the fraction done, 0..1.
            choices: the other fields of ``wire.protocol.Wish``: ``seed``, ``style``, ``pack``, ``shadow`` (on
                unless it is False), ``cast_shadow`` with ``cast_direction`` (degrees, None: by the scene's
                light), ``cast_length``, ``cast_softness``, ``cast_strength`` (percent), ``behind_grass``,
                ``shape_seed``, ``look_seed``, ``mirrored``.

        Raises:
            WrongArgument: an argument cannot be used; it is an InsertObjectError and a ValueError.
            InsertObjectError: with a sentence for the user and a hint.
        """
        return self.fulfil(
            picture,
            wish_of(class_name, box, choices),
            variations=variations,
            candidates=candidates_of(candidates, variations, choices),
            mask=mask,
            reference=reference,
            reference_box=part_of("reference_box", reference_box),
            shape=shape,
            shape_box=part_of("shape_box", shape_box),
            own_parts=own_parts,
            depth=depth,
            on_progress=on_progress,
        )

    def fulfil(
        self,
        picture: NDArray[Any],
        wish: Wish,
        *,
        variations: int = 1,
        candidates: int = 1,
        mask: NDArray[np.uint8] | None = None,
        reference: NDArray[Any] | None = None,
        reference_box: Rect | None = None,
        shape: ObjectShape | NDArray[Any] = ObjectShape.DRAWN,
        shape_box: Rect | None = None,
        own_parts: bool = True,
        depth: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[ObjectLayer]:
        """Makes object layers for a wish, its seed as given; all else is as for ``insert_variations``."""
        from daemon.painting.reference import fitted_shape, parts_frame, reference_frame
        from daemon.painting.scene import mask_in_box, window_mask, window_pixels

        picture = picture_of("picture", picture)
        height, width = picture.shape[:2]
        usable_box(wish.box, width, height)
        said: tuple[str, ...] = ()
        variations = whole_of("variations", variations, 1, MAX_VARIATIONS)
        candidates = whole_of("candidates", candidates, 1, MAX_CANDIDATES)
        bits = 8 * picture.dtype.itemsize if depth is None else depth_of("depth", depth)
        check_callable("on_progress", on_progress)
        if mask is not None:
            mask, is_cut = mask_in_box(mask_of("mask", mask, height, width), wish.box)
            said = ("The mask reaches beyond the box and was cut off there.",) if is_cut else ()
        if reference is None and reference_box is not None:
            raise WrongArgument("reference_box is given without a reference.", "Give the picture, too.")
        if reference is not None:
            reference = picture_of("reference", reference)
        own_parts = flag_of("own_parts", own_parts)
        given = given_shape(shape, shape_box, reference, reference_box)
        if given is not None:
            if mask is not None:
                raise WrongArgument("mask and shape both give the shape.", "Leave one of them out.")
            mask = fitted_shape(*given, wish.box, (width, height))
        limit = min(self.welcome.limits.window_pixels, MAX_WINDOW_PIXELS)
        _, scene = window_pixels(picture, wish.box, limit)
        request = insert_request(
            wish,
            width,
            height,
            scene,
            variations=variations,
            candidates=candidates,
            depth=bits,
            mask=None if mask is None else window_mask(mask, wish.box, limit),
            reference=None if reference is None else reference_frame(reference, reference_box),
            parts=None if given is None or not own_parts else parts_frame(*given),
            limit=limit,
        )
        replies, notes = self._replies(request, on_progress)
        layers = [reply for reply in replies if isinstance(reply, Layer)]
        layers.sort(key=lambda layer: layer.index)
        return [object_layer(layer, (*said, *notes)) for layer in layers]

    def light(
        self,
        picture: NDArray[Any],
        cut_out: NDArray[Any],
        at: tuple[int, int],
        *,
        strength: float = 1.0,
        adjustments: Mapping[str, float] | None = None,
        on_progress: OnProgress | None = None,
        **shadows: Any,
    ) -> LitLayer:
        """Gives a cut-out the light of the picture that it is put into; its own pixels are kept.

        A small copy is judged by the daemon; what it finds is applied here, at the cut-out's own size and
        depth.

        Args:
            picture: uint8 or uint16 (H, W, 3|4), sRGB, without the cut-out.
            cut_out: uint8 or uint16 (h, w, 4), sRGB, straight alpha, at the picture's scale.
            at: where its corner lies in the picture; it may reach over the border.
            strength: 0..1, the share of the change that is made.
            adjustments: those of an earlier layer, to be applied as they are; None: light is judged.
            on_progress: called with the stage and the fraction done, 0..1.
            shadows: ``shadow`` and ``cast_shadow``, both off unless they are True, each a layer of its own,
                and ``cast_direction`` …, as for ``insert_variations``.

        Raises:
            WrongArgument: an argument cannot be used; it is an InsertObjectError and a ValueError.
            InsertObjectError: with a sentence for the user and a hint.
        """
        from daemon.painting.cut_out import judged_object, visible_part
        from daemon.painting.layer_light import adjustments_of, with_light
        from daemon.painting.scene import window_pixels

        picture = picture_of("picture", picture)
        cut_out = cut_out_of("cut_out", cut_out)
        x, y = place_of("at", at)
        wish = shadows_wished(shadows)
        strength = share_of("strength", strength)
        known = {} if adjustments is None else numbers_of("adjustments", adjustments)
        adjustments_of(known)
        check_callable("on_progress", on_progress)
        height, width = picture.shape[:2]
        shown = visible_part(cut_out)
        box = Rect(x + shown.x, y + shown.y, shown.width, shown.height)
        inside = usable_box(box, width, height, "object")
        window, scene = window_pixels(picture, inside, MAX_WINDOW_PIXELS)
        part = cut_out[shown.y : shown.bottom, shown.x : shown.right]
        sent = judged_object(part)
        request = Light(  # at strength 0 the copy, which nobody looks at, is not lit itself
            new_id(), width, height, box, window, scene, sent, strength=0.0, adjustments=known, wish=wish
        )
        check_light(request)
        replies, notes = self._replies(request, on_progress)
        lit = next(reply for reply in replies if isinstance(reply, Lit))
        pixels = with_light(cut_out, adjustments_of(lit.adjustments), strength)
        return LitLayer(pixels, (x, y), dict(lit.adjustments), notes, *shadows_of(lit))

    def _replies(
        self, request: Painting, on_progress: OnProgress | None
    ) -> tuple[list[Layer | Lit], tuple[str, ...]]:
        layers: list[Layer | Lit] = []
        for reply in self._session.stream(request, SILENCE_SECONDS):
            if isinstance(reply, Progress) and on_progress:
                on_progress(reply.stage, reply.fraction)
            elif isinstance(reply, (Layer, Lit)):
                layers.append(reply)
            elif isinstance(reply, Done):
                return layers, reply.notes
        raise RuntimeError("the daemon ended the request without a result, though nobody cancelled it")

    def status(self) -> Mapping[str, Any]:
        """The daemon's own account of itself, without secrets.

        Raises:
            InsertObjectError: it cannot be reached.
        """
        for reply in self._session.stream(StatusRequest(new_id()), ANSWER_SECONDS):
            if isinstance(reply, Status):
                return reply.report
        raise RuntimeError("the daemon gave no status")

    def shutdown(self) -> None:
        """Ends the daemon; returns when its running request is done.

        Raises:
            InsertObjectError: it cannot be reached.
        """
        for _ in self._session.stream(Shutdown(new_id()), SILENCE_SECONDS):
            pass

    def close(self) -> None:
        """Ends the conversation; the daemon lives on."""
        self._session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
