"""The discriminators of a run together: which there are, what they are taught, what they teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor, nn

from models.features.networks import MobileNetV2Features
from models.training import losses
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator
from models.training.head_crops import head_crops

_AT_OBJECT = 0.1  # coverage of a cell from which on it counts as the object's
FEATURE_SIDE = 128  # smallest picture that the frozen features say anything about


class NoDiscriminator(Exception):
    """A run without any discriminator; the message says what it lacks."""


class Kind(str, Enum):
    """A discriminator that a run can have, alone or with others."""

    PROJECTED = "projected"  # frozen features; needs their folder
    PATCH = "patch"  # raw pixels, one size
    MULTI_SCALE = "multi-scale"  # raw pixels, full and half size
    HEADS = "heads"  # frozen features of heads, beside projected; for data that say where heads are

    @classmethod
    def several(cls, text: str) -> tuple[Kind, ...]:
        """The kinds in a comma-separated list. Raises ValueError for an unknown or empty one."""
        return tuple(sorted({cls(part.strip()) for part in text.split(",")}, key=list(cls).index))


_PATCH_NAMES = {Kind.MULTI_SCALE: "patch_discriminator", Kind.PATCH: "one_scale_discriminator"}
_SCALES = {Kind.MULTI_SCALE: 2, Kind.PATCH: 1}


@dataclass(frozen=True)
class Penalties:
    """Weights of the gradient penalties: at real pictures, at generated ones, and between (norm 1)."""

    r1: float = 0.0
    r2: float = 0.0
    between: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.r1 or self.r2 or self.between)


@dataclass(frozen=True)
class Shown:
    """What the discriminators are shown: picture (B, 3, S, S), mask (B, 1, S, S), its frozen features.

    ``heads``: the heads of those ``rows`` (H,) that have one, shown alike; None if nobody judges heads or no
    picture has one.
    """

    picture: Tensor
    mask: Tensor
    features: list[Tensor]
    heads: Shown | None = None
    rows: Tensor | None = None

    def detached(self) -> Shown:
        return Shown(
            self.picture.detach(),
            self.mask,
            [feature.detach() for feature in self.features],
            self.heads.detached() if self.heads is not None else None,
            self.rows,
        )


class Critics:
    """The discriminators, their loss and their penalties. Holds no optimiser."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        loss: losses.AdversarialLoss,
        class_count: int,
        features: Path | None,
        *,
        penalties: Penalties = Penalties(),
        wrong_class: float = 0.0,
    ) -> None:
        """``features``: folder of the frozen networks; without it there is no projected discriminator.
        ``wrong_class``: weight of real pictures under another class's name, as if generated.

        Raises:
            NoDiscriminator: nothing is left to judge.
        """
        self.loss = loss
        self.penalties = penalties
        self.wrong_class = wrong_class
        self.class_count = class_count
        normalised = loss.is_bounded  # a Wasserstein critic is held by its gradient penalty instead
        self.patches = {
            _PATCH_NAMES[kind]: PatchDiscriminator(class_count, scales=_SCALES[kind], normalised=normalised)
            for kind in kinds
            if kind in _SCALES
        }
        self.projected: ProjectedDiscriminator | None = None
        self.features: MobileNetV2Features | None = None
        self.heads: ProjectedDiscriminator | None = None
        if features is not None and Kind.PROJECTED in kinds:
            self.features = MobileNetV2Features(features)
            channels = self.features.channels
            self.projected = ProjectedDiscriminator(channels, class_count, normalised=normalised)
            if Kind.HEADS in kinds:
                self.heads = ProjectedDiscriminator(channels, class_count, normalised=normalised)
        if not self.patches and self.projected is None:
            raise NoDiscriminator(
                "The projected discriminator works on frozen features, and no folder of them is named: add "
                "--features, or choose --discriminators multi-scale."
            )
        self._calibrated = False

    def networks(self) -> dict[str, nn.Module]:
        """The discriminators by name; what is trained of them requires gradients."""
        named: dict[str, nn.Module] = dict(self.patches)
        if self.projected is not None:
            named["projected_discriminator"] = self.projected
        if self.heads is not None:
            named["head_discriminator"] = self.heads
        return named

    def show(self, picture: Tensor, mask: Tensor) -> Shown:
        """The picture with its features; gradients flow through them if the picture has any."""
        return Shown(picture, mask, self._features(picture))

    def with_heads(
        self, shown: Shown, picture: Tensor, mask: Tensor, heads: Tensor, random: torch.Generator
    ) -> Shown:
        """``shown`` and the heads beside it, cut out of the picture (B, 3, S, S) as it was before it was
        augmented. ``heads`` (B, 3): see ``head_crops``."""
        rows = torch.where(heads[:, 2] > 0)[0]
        if self.heads is None or not len(rows):
            return shown
        near, near_mask = head_crops(picture[rows], mask[rows], heads[rows], random)
        cut = Shown(near, near_mask, self._features(near))
        return Shown(shown.picture, shown.mask, shown.features, cut, rows)

    def calibrate(self, real: Shown) -> bool:
        """Fits the scales of the features to the first real pictures, where they did not come with loaded
        weights; later calls do nothing. Whether any scale changed."""
        if self._calibrated:
            return False
        self._calibrated = True
        fitting = [critic for critic in self.judges_of_features() if not critic.is_calibrated()]
        for critic in fitting:
            critic.calibrate(real.features)
        return bool(fitting)

    def judges_of_features(self) -> list[ProjectedDiscriminator]:
        """The discriminators that work on frozen features."""
        return [critic for critic in (self.projected, self.heads) if critic is not None]

    def discriminator_loss(
        self, real: Shown, fake: Shown, class_index: Tensor, random: torch.Generator
    ) -> dict[str, Tensor]:
        """What the discriminators minimise: ``judgement`` and, if there is one, ``penalty``."""
        device = class_index.device
        judgement = torch.zeros((), device=device)
        with _precision(device):
            for patch in self.patches.values():
                judgement = judgement + self.loss.discriminator(
                    self._at_object(patch(real.picture, real.mask, class_index), real.mask),
                    self._at_object(patch(fake.picture, fake.mask, class_index), fake.mask),
                )
            if self.projected is not None:
                judgement = judgement + self._projected_loss(real, fake, class_index, random)
            if self.heads is not None and real.heads is not None and fake.heads is not None:
                judgement = judgement + self.loss.discriminator(
                    self._judged_heads(self.heads, real, class_index),
                    self._judged_heads(self.heads, fake, class_index),
                )
        terms = {"judgement": judgement}
        if self.penalties.any:
            terms["penalty"] = self._penalty(real, fake, class_index, random)
        return terms

    def generator_losses(self, fake: Shown, real: Shown, class_index: Tensor) -> dict[str, Tensor]:
        """The generator's loss against each discriminator: ``projected``, ``patch`` (the mean of all that
        judge pixels), and ``heads`` where there are any."""
        relative = self.loss is losses.AdversarialLoss.RELATIVISTIC
        found: dict[str, Tensor] = {}
        with _precision(class_index.device):
            of_pixels = []
            for patch in self.patches.values():
                beside: Sequence[Tensor] = ()
                if relative:
                    beside = self._at_object(patch(real.picture, real.mask, class_index), real.mask)
                judged = self._at_object(patch(fake.picture, fake.mask, class_index), fake.mask)
                of_pixels.append(self.loss.generator(judged, beside))
            if of_pixels:
                found["patch"] = of_pixels[0] if len(of_pixels) == 1 else torch.stack(of_pixels).mean()
            if self.projected is not None:
                seen: Sequence[Tensor] = ()
                if relative:
                    seen = self._at_object(
                        self.projected(real.features, real.mask, class_index)[0], real.mask
                    )
                logits, _ = self.projected(fake.features, fake.mask, class_index)
                found["projected"] = self.loss.generator(self._at_object(logits, fake.mask), seen)
            if self.heads is not None and fake.heads is not None:
                beside = self._judged_heads(self.heads, real, class_index) if relative else ()
                found["heads"] = self.loss.generator(
                    self._judged_heads(self.heads, fake, class_index), beside
                )
        return found

    def _judged_heads(
        self, critic: ProjectedDiscriminator, shown: Shown, class_index: Tensor
    ) -> list[Tensor]:
        """The logits of each scale where the heads are, (N,)."""
        cut = shown.heads
        if cut is None or shown.rows is None:
            raise NoDiscriminator("There are no heads to judge.")
        return self._at_object(critic(cut.features, cut.mask, class_index[shown.rows])[0], cut.mask)

    def _at_object(self, outputs: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
        """The logits (B, 1, h, w) of each scale where the object or its edge is, (N,).

        Around it a generated picture is the photo itself, so that what a discriminator says there is noise,
        and most of its words would be. The relativistic loss compares place by place, and gets all of them.
        """
        if self.loss is losses.AdversarialLoss.RELATIVISTIC:
            return list(outputs)
        chosen = []
        for logits in outputs:
            near = nn.functional.adaptive_max_pool2d(mask, logits.shape[-2:]) > _AT_OBJECT
            chosen.append(logits[near] if bool(near.any()) else logits.flatten())
        return chosen

    def _projected_loss(
        self, real: Shown, fake: Shown, class_index: Tensor, random: torch.Generator
    ) -> Tensor:
        if self.projected is None:
            raise NoDiscriminator("There is no projected discriminator.")
        # A shift of 1 … classes - 1 never gives the right class.
        step = torch.randint(
            1, max(2, self.class_count), class_index.shape, generator=random, device=class_index.device
        )
        wrong = (class_index + step) % self.class_count
        right, mistaken = self.projected(real.features, real.mask, class_index, wrong)
        generated, _ = self.projected(fake.features, fake.mask, class_index)
        right, generated = self._at_object(right, real.mask), self._at_object(generated, fake.mask)
        loss = self.loss.discriminator(right, generated)
        # No penalty holds the slope between classes, so an unbounded loss would run away along it.
        if self.class_count > 1 and self.loss.is_bounded:
            loss = loss + self.wrong_class * self.loss.discriminator(
                right, self._at_object(mistaken, real.mask)
            )
        return loss

    def _penalty(self, real: Shown, fake: Shown, class_index: Tensor, random: torch.Generator) -> Tensor:
        """In float32: squares of small gradients do not survive bfloat16.

        Patch discriminators are held at pixels. The projected one is held at the features it reads, scaled
        to unit mean square: the network before it never changes, and a second derivative through that would
        cost more than the whole step.
        """
        total = torch.zeros((), device=class_index.device)
        for patch in self.patches.values():
            total = total + self._penalties_of(
                _patch_score(patch, class_index),
                [real.picture, real.mask],
                [fake.picture, fake.mask],
                random,
            )
        if self.projected is not None:
            total = total + self._penalties_of(
                _projected_score(self.projected, class_index),
                [*self.projected.scaled(real.features), real.mask],
                [*self.projected.scaled(fake.features), fake.mask],
                random,
            )
        return total

    def _penalties_of(
        self,
        score: Callable[[list[Tensor], Tensor], Tensor],
        real: list[Tensor],
        fake: list[Tensor],
        random: torch.Generator,
    ) -> Tensor:
        """``real`` and ``fake``: the inputs, the mask last; gradients are taken of all but the mask."""
        weights, device = self.penalties, real[0].device
        total = torch.zeros((), device=device)
        with torch.autocast(device.type, enabled=False):
            if weights.r1:
                squared = losses.squared_gradient(lambda x: score(x, real[-1]), real[:-1])
                total = total + weights.r1 * losses.zero_centred(squared)
            if weights.r2:
                squared = losses.squared_gradient(lambda x: score(x, fake[-1]), fake[:-1])
                total = total + weights.r2 * losses.zero_centred(squared)
            if weights.between:
                share = torch.rand(len(real[0]), 1, 1, 1, generator=random, device=device)
                mixed = [torch.lerp(a.float(), b.float(), share) for a, b in zip(real, fake, strict=True)]
                squared = losses.squared_gradient(lambda x: score(x, mixed[-1]), mixed[:-1])
                total = total + weights.between * losses.one_centred(squared)
        return total

    def _features(self, picture: Tensor) -> list[Tensor]:
        if self.features is None:
            return []
        if picture.shape[-1] < FEATURE_SIDE:
            picture = nn.functional.interpolate(
                picture, size=FEATURE_SIDE, mode="bilinear", align_corners=False
            )
        with _precision(picture.device), torch.set_grad_enabled(picture.requires_grad):
            taps: list[Tensor] = self.features(picture.contiguous(memory_format=torch.channels_last))
        return taps


def _patch_score(patch: PatchDiscriminator, class_index: Tensor) -> Callable[[list[Tensor], Tensor], Tensor]:
    return lambda inputs, mask: _mean_logit(patch(inputs[0], mask, class_index))


def _projected_score(
    critic: ProjectedDiscriminator, class_index: Tensor
) -> Callable[[list[Tensor], Tensor], Tensor]:
    return lambda inputs, mask: _mean_logit(critic.judge(inputs, mask, class_index)[0])


def _mean_logit(outputs: Sequence[Tensor]) -> Tensor:
    """One score a sample (B,): the mean over places, added over scales."""
    return torch.stack([logits.flatten(1).mean(1) for logits in outputs]).sum(0)


def _precision(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16)
