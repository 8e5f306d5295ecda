"""Every message between an editor and the daemon, a dataclass each.

A field's type says how it is read; its range, where it has one, stands beside its default, and nowhere else.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from .errors import ErrorCode, InsertObjectError
from .geometry import Rect
from .plain import MAX_IMAGE_SIDE
from .wish import A_SEED, WITHOUT_SHADOWS, Wish, one_of, within

PROTOCOL_VERSION = 1
PLAIN_USERNAME = "insert-object"

MAX_LAYER_PIXELS = 128 * 1024 * 1024  # a box of 11,585 x 11,585: 0.5 GiB at 8 bits, 1 GiB at 16
MAX_VARIATIONS = 16
MAX_CANDIDATES = 48  # seeds that the best are chosen from: three for each variation
USUAL_CANDIDATES = 12  # for an object whose seed the user left to the program
MAX_ID = 128  # characters
MAX_WINDOW_PIXELS = 512  # longest side of the scene pixels that a request carries
MAX_PARTS_SIDE = 512  # longest side of the picture that parts are read from
MAX_FRAME_SIDE = 4096  # longest side of any pixel frame in a request

Buffer: TypeAlias = "bytes | bytearray | memoryview"


def candidates_for(variations: int) -> int:
    """How many seeds so many variations are chosen from, where the user left their seeds to the program."""
    return min(max(USUAL_CANDIDATES, 2 * variations), MAX_CANDIDATES)


class PixelFormat(str, enum.Enum):
    """Layout of one pixel: the channels in memory order and the bits of each."""

    RGB8 = "rgb8"
    RGBA8 = "rgba8"
    BGRA8 = "bgra8"
    RGBA16 = "rgba16"
    A8 = "a8"

    @property
    def bytes_per_pixel(self) -> int:
        return {"rgb8": 3, "rgba8": 4, "bgra8": 4, "rgba16": 8, "a8": 1}[self.value]


class Stage(str, enum.Enum):
    """What the daemon is doing for a request; sent with every progress reply."""

    LOADING = "loading"
    MASK = "mask"
    OBJECT = "object"
    FINISHING = "finishing"


@dataclass(frozen=True)
class PixelFrame:
    """Pixels with what is needed to read them."""

    width: int
    height: int
    format: PixelFormat
    data: Buffer = field(repr=False)


# --- What a pixel frame may hold ----------------------------------------------------------------------


def formats(*allowed: PixelFormat) -> Mapping[str, Any]:
    """A pixel frame in one of these formats."""
    return {"formats": allowed}


SCENE_FORMATS = formats(PixelFormat.RGB8, PixelFormat.RGBA8, PixelFormat.BGRA8)
CUT_OUT_FORMATS = formats(PixelFormat.RGBA8, PixelFormat.BGRA8, PixelFormat.RGBA16)
LAYER_FORMATS = formats(PixelFormat.RGBA8, PixelFormat.RGBA16)
ON_THE_IMAGE = within(-MAX_IMAGE_SIDE, MAX_IMAGE_SIDE)
COUNT = within(0, 2**31)
AN_ID = {"longest": MAX_ID}


# --- Requests ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hello:
    """Opens a conversation. Answered by ``Progress`` (stage loading) as needed, then ``Welcome``."""

    TYPE: ClassVar[str] = "hello"
    id: str = field(metadata=AN_ID)
    client: str = ""  # name and version of the program, for the log
    protocol_version: int = field(default=PROTOCOL_VERSION, metadata=COUNT)


@dataclass(frozen=True)
class Insert:
    """Asks for object layers as the ``wish`` says.

    ``window`` is ``sent_window`` of the wish's box, clipped to the image, and ``scene`` its pixels (rgb8,
    rgba8 or bgra8), at most ``Limits.window_pixels`` on the longer side. ``mask`` (a8) has the size of
    ``scene`` and gives the object's shape; ``reference`` (rgb8, or rgba8 / bgra8 whose alpha is the object's
    mask) gives its look. ``parts`` (rgba8 or bgra8) is the cut-out whose outline, fitted into the wish's box,
    the mask is: its own head and legs are kept where they are. Without it they lie as in the outline of the
    class that is most like the mask.

    ``candidates`` are the seeds, from the wish's own on, of which the best ``variations`` are painted, best
    first; no more than there are variations: these seeds, in their order. Networks that cannot judge, and a
    wish that leaves nothing to choose, take the first. A variation of which nothing shows is left out, unless
    there is no other.
    """

    TYPE: ClassVar[str] = "insert"
    id: str = field(metadata=AN_ID)
    wish: Wish
    image_width: int = field(metadata=within(1, MAX_IMAGE_SIDE))
    image_height: int = field(metadata=within(1, MAX_IMAGE_SIDE))
    window: Rect
    scene: PixelFrame = field(metadata=SCENE_FORMATS)
    variations: int = field(default=1, metadata=within(1, MAX_VARIATIONS))
    candidates: int = field(default=1, metadata=within(1, MAX_CANDIDATES))
    depth: int = field(default=8, metadata=one_of(8, 16))
    preview: bool = False
    mask: PixelFrame | None = field(default=None, metadata=formats(PixelFormat.A8))
    reference: PixelFrame | None = field(default=None, metadata=SCENE_FORMATS)
    parts: PixelFrame | None = field(default=None, metadata=formats(PixelFormat.RGBA8, PixelFormat.BGRA8))


@dataclass(frozen=True)
class Light:
    """Asks for a layer's own pixels in the light of its scene.

    ``object`` (rgba8, bgra8 or rgba16) fills ``box``, which may reach over the border; ``window`` and
    ``scene`` are as for ``Insert``, without the object. ``adjustments`` are those of an earlier ``Lit``, to
    be applied again as they are; without any, light is judged. ``strength`` is the share of them that is
    applied. The ``wish`` names the shadows, as it does for ``Insert``; nothing else of it is read.
    """

    TYPE: ClassVar[str] = "light"
    id: str = field(metadata=AN_ID)
    image_width: int = field(metadata=within(1, MAX_IMAGE_SIDE))
    image_height: int = field(metadata=within(1, MAX_IMAGE_SIDE))
    box: Rect
    window: Rect
    scene: PixelFrame = field(metadata=SCENE_FORMATS)
    object: PixelFrame = field(metadata=CUT_OUT_FORMATS)
    strength: float = 1.0
    adjustments: Mapping[str, float] = field(default_factory=dict, hash=False)
    wish: Wish = WITHOUT_SHADOWS
    preview: bool = False


@dataclass(frozen=True)
class Cancel:
    """Ends the request named ``target``. Answered by ``Cancelled``; unknown targets too."""

    TYPE: ClassVar[str] = "cancel"
    id: str = field(metadata=AN_ID)
    target: str


@dataclass(frozen=True)
class StatusRequest:
    """Asks for everything a bug report needs, without secrets."""

    TYPE: ClassVar[str] = "status"
    id: str = field(metadata=AN_ID)


@dataclass(frozen=True)
class Shutdown:
    """Ends the daemon once the running request is done. Answered by ``Done``."""

    TYPE: ClassVar[str] = "shutdown"
    id: str = field(metadata=AN_ID)


# --- Replies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassInfo:
    """A class that the loaded weights can insert."""

    name: str
    label: str  # English
    styles: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)  # language -> label

    def label_in(self, *languages: str) -> str:
        """The label in the first language (``fr``, ``zh_CN``) that it is known in, else the English one."""
        for language in languages:
            short = language.partition("_")[0].partition("-")[0].lower()
            if short == "en":
                break
            for known in (language, short):
                if known in self.labels:
                    return self.labels[known]
        return self.label


@dataclass(frozen=True)
class PackInfo:
    """A model pack that can be used: a set of networks with classes of its own."""

    name: str
    label: str
    classes: tuple[ClassInfo, ...]


@dataclass(frozen=True)
class Limits:
    """What the daemon accepts."""

    window_pixels: int = MAX_WINDOW_PIXELS
    variations: int = MAX_VARIATIONS


@dataclass(frozen=True)
class Welcome:
    """The daemon is ready: networks loaded and warmed up.

    ``classes`` are those of the shipped pack; ``packs`` are the further ones, which load when first used.
    """

    TYPE: ClassVar[str] = "welcome"
    id: str = field(metadata=AN_ID)
    protocol_version: int = field(metadata=COUNT)
    daemon_version: str
    device: str
    classes: tuple[ClassInfo, ...]
    limits: Limits
    packs: tuple[PackInfo, ...] = ()

    def has_pack(self, name: str) -> bool:
        """Whether there is such a pack; the shipped one, without a name, always is."""
        return not name or name in {pack.name for pack in self.packs}

    def classes_of(self, pack: str) -> tuple[ClassInfo, ...]:
        """The classes of a pack; those of the shipped one where there is none of that name."""
        return next((info.classes for info in self.packs if info.name == pack), self.classes)


@dataclass(frozen=True)
class Accepted:
    """The request was read and is in the queue, ``position`` requests ahead of it."""

    TYPE: ClassVar[str] = "accepted"
    id: str = field(metadata=AN_ID)
    position: int = field(default=0, metadata=COUNT)


@dataclass(frozen=True)
class Progress:
    """Where a request stands; ``fraction`` in 0..1 counts over all its stages."""

    TYPE: ClassVar[str] = "progress"
    id: str = field(metadata=AN_ID)
    stage: Stage
    fraction: float


@dataclass(frozen=True)
class Layer:
    """One object layer: paste ``pixels`` (rgba8 or rgba16) with its corner at (``x``, ``y``) of the image.

    ``shadow``, the contact shadow, and ``cast``, the one that the object throws, have the same format and are
    there if the request asked for them and they fall on the picture. They belong below the object, the cast
    one lowest, with their corners at (``shadow_x``, ``shadow_y``) and (``cast_x``, ``cast_y``).
    """

    TYPE: ClassVar[str] = "layer"
    id: str = field(metadata=AN_ID)
    index: int = field(metadata=within(0, MAX_VARIATIONS - 1))
    class_name: str
    seed: int = field(metadata=A_SEED)
    x: int = field(metadata=ON_THE_IMAGE)
    y: int = field(metadata=ON_THE_IMAGE)
    pixels: PixelFrame = field(metadata=LAYER_FORMATS)
    shadow: PixelFrame | None = field(default=None, metadata=LAYER_FORMATS)
    shadow_x: int = field(default=0, metadata=ON_THE_IMAGE)
    shadow_y: int = field(default=0, metadata=ON_THE_IMAGE)
    cast: PixelFrame | None = field(default=None, metadata=LAYER_FORMATS)
    cast_x: int = field(default=0, metadata=ON_THE_IMAGE)
    cast_y: int = field(default=0, metadata=ON_THE_IMAGE)


@dataclass(frozen=True)
class Lit:
    """A layer in its scene's light: ``pixels`` (rgba8 or rgba16) of the size of the request's ``object``.

    ``adjustments`` is what the whole strength means, named numbers to keep with the layer; all 0: it had the
    light already. ``shadow`` and ``cast`` are as for ``Layer``.
    """

    TYPE: ClassVar[str] = "lit"
    id: str = field(metadata=AN_ID)
    pixels: PixelFrame = field(metadata=LAYER_FORMATS)
    adjustments: Mapping[str, float] = field(hash=False)
    shadow: PixelFrame | None = field(default=None, metadata=LAYER_FORMATS)
    shadow_x: int = field(default=0, metadata=ON_THE_IMAGE)
    shadow_y: int = field(default=0, metadata=ON_THE_IMAGE)
    cast: PixelFrame | None = field(default=None, metadata=LAYER_FORMATS)
    cast_x: int = field(default=0, metadata=ON_THE_IMAGE)
    cast_y: int = field(default=0, metadata=ON_THE_IMAGE)


@dataclass(frozen=True)
class Done:
    """The request is finished. ``notes`` are sentences for the user (say, that the CPU had to help out)."""

    TYPE: ClassVar[str] = "done"
    id: str = field(metadata=AN_ID)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cancelled:
    """The request named ``target`` sends nothing any more."""

    TYPE: ClassVar[str] = "cancelled"
    id: str = field(metadata=AN_ID)
    target: str = ""


@dataclass(frozen=True)
class Status:
    """The daemon's own account of itself: a map of plain values."""

    TYPE: ClassVar[str] = "status"
    id: str = field(metadata=AN_ID)
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Error:
    """The request with this id failed; empty id: the message could not be read far enough to know it."""

    TYPE: ClassVar[str] = "error"
    id: str = field(metadata=AN_ID)
    code: ErrorCode
    sentence: str
    hint: str = ""

    def exception(self) -> InsertObjectError:
        return InsertObjectError(self.code, self.sentence, self.hint)


Painting: TypeAlias = "Insert | Light"
PAINTINGS = (Insert, Light)  # what the networks are needed for
Request: TypeAlias = "Hello | Insert | Light | Cancel | StatusRequest | Shutdown"
Reply: TypeAlias = "Welcome | Accepted | Progress | Layer | Lit | Done | Cancelled | Status | Error"
