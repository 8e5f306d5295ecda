"""Ways to insert an object, a row of a table each: the networks, trained rivals, and what both must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.masks.sampling import ShapedParts
from models.relight import from_linear, to_linear
from models.training.baselines import rivals
from models.training.baselines.rivals import Rival


@dataclass(frozen=True)
class Cases:
    """A batch of insertions to be made, and the real photo that each stems from. All windows are square.

    scene: (B, 3, S, S) in -1..1, the picture without an object; mask: (B, 1, S, S) in 0..1, the shape asked
    for; real, real_mask: photo and shape of the real object; class_index (B,); code (B, 64): appearance;
    boxes (B, 4) as fractions and seeds (B, 2), of look and shape: what a user would ask for. None: nobody
    asks. is_drawn: the mask is the one that the seed of the shape stands for.
    """

    scene: Tensor
    mask: Tensor
    real: Tensor
    real_mask: Tensor
    class_index: Tensor
    code: Tensor
    boxes: Tensor | None = None
    seeds: Tensor | None = None
    is_drawn: bool = False


@dataclass(frozen=True)
class Insertion:
    """A method's answer: rgb (B, 3, S, S) in -1..1, alpha (B, 1, S, S) in 0..1, and the shape it means.

    A method that repaints the whole scene has an alpha of 1 everywhere, which says nothing of the object.
    """

    rgb: Tensor
    alpha: Tensor
    shape: Tensor
    repaints_scene: bool = False

    @property
    def object_alpha(self) -> Tensor:
        """(B, 1, S, S) where the object is."""
        return self.shape if self.repaints_scene else self.alpha


class Method(Protocol):
    """One way to insert objects; a row of the table."""

    @property
    def name(self) -> str: ...

    @property
    def keeps_real_shape(self) -> bool: ...  # whatever mask is asked for

    def insert(self, cases: Cases) -> Insertion: ...  # which leaves `cases` as they are


@dataclass(frozen=True)
class CopyPaste:
    """The real object's own pixels, cut out along its mask."""

    name: str = "copy-paste"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        return Insertion(cases.real, cases.real_mask, cases.real_mask)


@dataclass(frozen=True)
class ReinhardPaste:
    """The real cut-out with the scene's colour statistics (Reinhard et al., IEEE CG&A 21(5), 2001)."""

    name: str = "copy-paste + Reinhard"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        rgb = reinhard(cases.real, cases.real_mask, cases.scene, 1 - cases.real_mask)
        return Insertion(rgb, cases.real_mask, cases.real_mask)


@dataclass(frozen=True)
class GreyFill:
    """The real object's shape in flat mid grey: the lower anchor of the realism share.

    Like the upper anchor it keeps the real shape: an anchor that changed with the generated masks would let
    bad masks stretch the scale.
    """

    name: str = "grey fill"
    keeps_real_shape: bool = True

    def insert(self, cases: Cases) -> Insertion:
        return Insertion(torch.zeros_like(cases.scene), cases.real_mask, cases.real_mask)


_RGB_TO_LMS = ((0.3811, 0.5783, 0.0402), (0.1967, 0.7244, 0.0782), (0.0241, 0.1288, 0.8444))
_LMS_TO_LAB = (
    (3**-0.5, 3**-0.5, 3**-0.5),
    (6**-0.5, 6**-0.5, -2 * 6**-0.5),
    (2**-0.5, -(2**-0.5), 0.0),
)
_DARKEST = 2e-3  # linear light; about one step of 8 bits, so that the logarithm does not live on noise


def reinhard(source: Tensor, source_weight: Tensor, target: Tensor, target_weight: Tensor) -> Tensor:
    """`source` with mean and deviation of `target`, channel by channel in l-alpha-beta space.

    source, target: (B, 3, H, W) in -1..1; the weights (B, 1, H, W) say which pixels the statistics are taken
    from. The same formula is applied to every pixel of `source`. Returns (B, 3, H, W) in -1..1.
    """
    to_lms = torch.tensor(_RGB_TO_LMS, dtype=source.dtype, device=source.device)
    to_lab = torch.tensor(_LMS_TO_LAB, dtype=source.dtype, device=source.device)

    def lab_of(picture: Tensor) -> Tensor:
        lms = torch.einsum("ij,bjhw->bihw", to_lms, to_linear(picture).clamp(min=_DARKEST))
        return torch.einsum("ij,bjhw->bihw", to_lab, lms.log10())

    source_lab, target_lab = lab_of(source), lab_of(target)
    source_mean, source_deviation = _moments(source_lab, source_weight)
    target_mean, target_deviation = _moments(target_lab, target_weight)
    moved = (source_lab - source_mean) * (target_deviation / source_deviation.clamp(min=1e-4)) + target_mean
    lms = torch.einsum("ij,bjhw->bihw", to_lab.T, moved)  # the matrix is orthonormal
    return from_linear(torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_lms), 10**lms))


def _moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    total = weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    mean = (values * weight).sum(dim=(2, 3), keepdim=True) / total
    return mean, (((values - mean).square() * weight).sum(dim=(2, 3), keepdim=True) / total).sqrt()


class Networks(Protocol):
    """The part of a bundle of weights that is evaluated; shapes as in `models.bundle.Bundle`."""

    @property
    def class_names(self) -> Sequence[str]: ...

    @property
    def resolution(self) -> int: ...

    @property
    def code_size(self) -> int: ...

    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor: ...

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]: ...


@runtime_checkable
class DrawsLooks(Protocol):
    """Networks whose random numbers choose a look, instead of being one."""

    def draw_looks(self, class_index: Tensor, z: Tensor, parts: ShapedParts | None = None) -> Tensor: ...

    def parts_for(self, class_index: Tensor, mask: Tensor) -> ShapedParts: ...


def looks_by_chance(networks: Networks, class_index: Tensor, z: Tensor, mask: Tensor) -> Tensor:
    """The appearance codes (B, code_size) that standard normal `z` (B, code_size or more) stands for, in
    shapes (B, 1, S, S)."""
    own = z[:, : networks.code_size]
    if not isinstance(networks, DrawsLooks):
        return own
    return networks.draw_looks(class_index, own, networks.parts_for(class_index, mask))


@dataclass(frozen=True)
class Generated:
    """Networks as a row of the table, at their own resolution whatever the size of the pictures; every mask
    is taken as a user's own, with the parts of the outline most like it."""

    networks: Networks
    name: str = "this program"
    keeps_real_shape: bool = False
    repaints_scene: bool = False
    images_seen: int = 0  # in training; 0 where it is not recorded

    def insert(self, cases: Cases) -> Insertion:
        own, size = self.networks.resolution, cases.scene.shape[-1]
        mask = resized(cases.mask, own)
        looks = looks_by_chance(self.networks, cases.class_index, cases.code, mask)
        rgb, alpha = self.networks.make_objects(resized(cases.scene, own), mask, cases.class_index, looks)
        return Insertion(
            resized(rgb.float(), size), resized(alpha.float(), size), cases.mask, self.repaints_scene
        )


Pixels = NDArray[np.uint8]
PaintLayer = Callable[[Pixels, tuple[int, int, int, int], str, tuple[int, int], Pixels | None], Pixels]
"""A picture (S, S, 3), a box x, y, width, height, a class, the seeds of look and shape, perhaps the user's
own mask (S, S) -> the object layer (S, S, 4) that the user gets."""


@dataclass(frozen=True)
class Finished:
    """What users get, all the way: outline with its parts, look, networks, enlarging, grain, 8-bit layer."""

    paint: PaintLayer
    class_names: Sequence[str]
    name: str = Generated.name
    keeps_real_shape: bool = False
    repaints_scene: bool = False

    def insert(self, cases: Cases) -> Insertion:
        """Colours where the layer is transparent are mid grey. Raises ValueError for cases without seeds."""
        if cases.boxes is None or cases.seeds is None:
            raise ValueError("What a user gets depends on box and seeds, which these cases do not have.")
        size = cases.scene.shape[-1]
        scenes = to_bytes(cases.scene).permute(0, 2, 3, 1).cpu().numpy()
        masks = (cases.mask[:, 0] * 255).round().byte().cpu().numpy()
        corners = (cases.boxes * size).round().long().tolist()
        layers = []
        for n, (x0, y0, x1, y1) in enumerate(corners):
            box = x0, y0, max(1, x1 - x0), max(1, y1 - y0)
            look, shape = cases.seeds[n].tolist()
            name = self.class_names[int(cases.class_index[n])]
            layers.append(
                self.paint(scenes[n], box, name, (look, shape), None if cases.is_drawn else masks[n])
            )
        layer = torch.from_numpy(np.stack(layers)).permute(0, 3, 1, 2).to(cases.scene.device)
        alpha = layer[:, 3:].float() / 255
        return Insertion(torch.where(alpha > 0, to_signed(layer[:, :3]), 0.0), alpha, cases.mask)


class ForClasses:
    """Networks restricted to `class_names`, and told them by their place in that list."""

    def __init__(self, networks: Networks, class_names: Sequence[str]) -> None:
        """Raises RivalUnusable if they do not know one of the names."""
        missing = [name for name in class_names if name not in networks.class_names]
        if missing:
            raise RivalUnusable(f"it does not know {', '.join(missing)}")
        self._networks = networks
        self._place = torch.tensor([list(networks.class_names).index(name) for name in class_names])
        self.class_names = tuple(class_names)
        self.resolution = networks.resolution
        self.code_size = networks.code_size

    def own_index(self, class_index: Tensor) -> Tensor:
        return self._place.to(class_index.device)[class_index]

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        index = self.own_index(class_index)
        return self._networks.make_objects(
            scene, mask, index, looks_by_chance(self._networks, index, code, mask)
        )

    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor:
        return self._networks.make_masks(self.own_index(class_index), boxes, z)


class RivalUnusable(ValueError):
    """A rival does not know a class that the evaluated networks know, or its name is taken."""


def as_method(rival: Rival, class_names: Sequence[str], name: str = "") -> Generated:
    """The rival as a row of the table, for classes numbered as in `class_names`.

    Raises:
        RivalUnusable: it was not trained on one of the classes.
    """
    named = name or rival.name
    try:
        painter = ForClasses(cast(Networks, rival), class_names)  # which is never asked for masks
    except RivalUnusable as error:
        raise RivalUnusable(
            f"The rival {named!r} cannot be compared: {error}. Train it on the same data folder."
        ) from error
    return Generated(painter, named, repaints_scene=rival.repaints_scene, images_seen=rival.images_seen)


def load_rivals(given: Sequence[str], class_names: Sequence[str], device: torch.device) -> list[Generated]:
    """The trained rivals that a user asks for by "NAME=FOLDER", or "FOLDER" for the network's own name.

    Raises:
        RivalUnusable: no folder, unknown classes, or two rivals of one name.
        models.training.checkpoint.CheckpointError: a folder holds no run of a rival.
    """
    found: list[Generated] = []
    taken = {CopyPaste.name, ReinhardPaste.name, GreyFill.name, Generated.name}
    for text in given:
        name, folder = text.split("=", 1) if "=" in text else ("", text)
        if not folder.strip():
            raise RivalUnusable("--rival names no folder; write NAME=FOLDER.")
        method = as_method(rivals.load_rival(Path(folder), device), class_names, name.strip())
        if method.name in taken:
            raise RivalUnusable(f"Two rows would be called {method.name!r}. Name it: --rival NAME=FOLDER.")
        taken.add(method.name)
        found.append(method)
    return found


def fairness_notes(rivals: Sequence[Generated], images_seen: int) -> list[str]:
    """What to know before a row is believed: rivals that saw less than half as many pictures in training."""
    return [
        f"{rival.name} saw {rival.images_seen:,} pictures in training, these weights {images_seen:,}: its "
        "row says little about its kind of network."
        for rival in rivals
        if 2 * rival.images_seen < images_seen
    ]


def resized(picture: Tensor, size: int) -> Tensor:
    """(B, C, S, S) to (B, C, size, size), bicubic as object layers are enlarged; never out of its range."""
    if picture.shape[-1] == size:
        return picture
    scaled = F.interpolate(picture, size=(size, size), mode="bicubic", align_corners=False, antialias=True)
    return scaled.clamp(float(picture.min()), float(picture.max()))


def composite(scene: Tensor, insertion: Insertion) -> tuple[Tensor, Tensor, Tensor]:
    """The finished picture as a user gets it: an 8-bit layer over an 8-bit scene (B, 3, S, S) in -1..1.

    Returns scene (B, 3, S, S), result (B, 3, S, S) and alpha (B, 1, S, S), all uint8.
    """
    scene8 = to_bytes(scene)
    alpha8 = (insertion.alpha * 255).round().clamp(0, 255).to(torch.uint8)
    above = to_bytes(insertion.rgb).float() - scene8.float()
    result = scene8.float() + above * (alpha8.float() / 255)
    return scene8, result.round().to(torch.uint8), alpha8


def to_bytes(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in -1..1 to uint8."""
    return ((picture + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_signed(picture: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) to float in -1..1."""
    return picture.float() / 127.5 - 1
