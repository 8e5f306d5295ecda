"""Every number that shapes a training run, in one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from models.foreground_generator import GeneratorShape
from models.masks.parts_code import FINER
from models.training.critics import Kind
from models.training.losses import AdversarialLoss

BASELINES = ("pix2pix", "source")
NETWORKS = ("object", *BASELINES)
RESOLUTIONS = (32, 64, 128, 256)


class SettingsError(ValueError):
    """A setting that cannot work; the message names it."""


@dataclass(frozen=True)
class TrainingSettings:
    """Defaults are for a GPU; ``for_device`` says what a CPU learns most from."""

    resolution: int = 128  # pixels along a side of what is painted
    network: str = "object"  # the foreground generator; pix2pix, source: for comparison
    finest_crop: int = 0  # pixels along a side of the cut in which the finest level learns alone; 0: all do
    finer_parts: int = FINER  # channels of the finer parts code; 0: none
    width: int = 32  # channels of the first layer of pix2pix and source
    batch_size: int = 64  # samples a step and process
    learning_rate: float = 2e-4  # Adam, generator and encoder
    learning_rate_d: float = 2e-4  # Adam, discriminators
    adversarial: str = AdversarialLoss.HINGE.value
    discriminators: str = "projected,multi-scale,heads"  # of projected, multi-scale, patch, heads
    r1: float = 0.0  # gradient penalty at real pictures
    r2: float = 0.0  # gradient penalty at generated pictures
    gradient_penalty: float = 0.0  # between the two, towards a norm of 1; 10 is usual with wgan-gp
    weight_projected: float = 1.0  # adversarial, frozen features
    weight_patch: float = 1.0  # adversarial, raw patches
    weight_heads: float = 0.5  # adversarial, heads where the data say where they are
    weight_wrong_class: float = 0.25  # real pictures shown with another class count as generated
    weight_l1: float = 5.0  # reconstruction, inside the mask
    weight_lpips: float = 2.0  # reconstruction, perceptual
    weight_lpips_heads: float = 1.0  # the same of heads alone, enlarged, where the data say where they are
    weight_spectrum: float = 0.1  # surfaces have as much of every fineness as real ones
    weight_kl: float = 0.3  # appearance code towards a normal distribution
    weight_latent: float = 0.5  # the encoder finds the code again in the generated picture
    weight_relight: float = 8.0  # the same object under a changed light
    weight_edge: float = 0.1  # alpha makes up its mind
    reconstruction_share: float = 0.5  # of the batch
    relight_share: float = 0.25  # of the batch
    other_background_share: float = 0.35  # of the batch: the scene comes from another photo
    critic_kimg: float = 0.0  # thousand images in which only the discriminators learn, at the start
    ramp_kimg: float = 8.0  # thousand images over which the steps grow to their full size
    warmup_kimg: float = 3.0  # thousand images over which the adversarial terms fade in
    ema_kimg: float = 5.0  # half-life of the averaged weights
    typical_share: float = 1.0  # of large classes: the objects most like the others, see instance_selection
    drawn_more: str = ""  # classes drawn more often than their size says, and how much: person:3,car:1.5
    gradient_limit: float = 20.0  # norm at which G's gradient is clipped
    seed: int = 0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise SettingsError(f"network is {self.network!r}; it is one of {', '.join(NETWORKS)}.")
        if self.resolution not in RESOLUTIONS:
            raise SettingsError(
                f"resolution is {self.resolution}; it is one of {', '.join(map(str, RESOLUTIONS))}."
            )
        if self.finest_crop and not 32 <= self.finest_crop <= self.resolution:
            raise SettingsError(f"finest_crop must be 0, or from 32 to the resolution ({self.resolution}).")
        if not 0 <= self.typical_share <= 1:
            raise SettingsError("typical_share must be from 0 to 1.")
        if self.batch_size < 4:
            raise SettingsError("batch_size must be at least 4.")
        if self.width < 4:
            raise SettingsError("width must be at least 4.")
        self._check_discriminators()
        self.emphasis()

    def _check_discriminators(self) -> None:
        try:
            loss = AdversarialLoss(self.adversarial)
        except ValueError as error:
            known = ", ".join(kind.value for kind in AdversarialLoss)
            raise SettingsError(f"adversarial is {self.adversarial!r}; it is one of {known}.") from error
        try:
            kinds = Kind.several(self.discriminators)
        except ValueError as error:
            known = ", ".join(kind.value for kind in Kind)
            raise SettingsError(
                f"discriminators is {self.discriminators!r}; name one or more of {known}."
            ) from error
        if Kind.HEADS in kinds and Kind.PROJECTED not in kinds:
            raise SettingsError("heads judges nothing but heads; name projected beside it.")
        if min(self.r1, self.r2, self.gradient_penalty) < 0:
            raise SettingsError("r1, r2 and gradient_penalty cannot be negative.")
        if loss is AdversarialLoss.WASSERSTEIN and not self.gradient_penalty:
            raise SettingsError("wgan-gp diverges without its penalty: --set gradient_penalty=10.")

    def emphasis(self) -> dict[str, float]:
        """By how much each class that ``drawn_more`` names is drawn more often. Raises SettingsError."""
        found = {}
        for part in filter(None, self.drawn_more.split(",")):
            name, _, text = part.rpartition(":")
            try:
                times = float(text)
            except ValueError:
                times = math.nan
            if not name or not 0 < times < math.inf:
                raise SettingsError(
                    f"drawn_more is {self.drawn_more!r}; name classes and factors: person:3,car:1.5."
                )
            found[name] = times
        return found

    def class_weights(self, class_names: Sequence[str]) -> list[float]:
        """The factor of each class. Raises SettingsError where ``drawn_more`` names another one."""
        emphasis = self.emphasis()
        unknown = [name for name in emphasis if name not in class_names]
        if unknown:
            raise SettingsError(f"drawn_more names {unknown[0]!r}; the classes are {', '.join(class_names)}.")
        return [emphasis.get(name, 1.0) for name in class_names]

    @property
    def is_baseline(self) -> bool:
        """Whether the network repaints its whole window, for comparison only."""
        return self.network in BASELINES

    def shape(self, class_count: int) -> GeneratorShape:
        """That of the foreground generator. Below 128 px it is another, smaller one; runs at 128 px go on
        at 256."""
        base = min(64, self.resolution // 2)
        return GeneratorShape(self.resolution, class_count, base=base, finer_parts=self.finer_parts)

    @classmethod
    def for_device(cls, device: str) -> TrainingSettings:
        """The defaults that serve best on a kind of device ("cpu" or "cuda")."""
        if device == "cpu":
            return cls(
                warmup_kimg=4.0,
                ema_kimg=2.0,
                batch_size=16,
                reconstruction_share=0.375,
                relight_share=0.125,
            )
        return cls()

    def for_network(self, network: str) -> TrainingSettings:
        """A copy for another kind of network, the baselines with the losses of their papers."""
        if network == "pix2pix":  # Isola et al., 2017: L1 times 100
            return replace(
                self,
                network=network,
                adversarial=AdversarialLoss.NON_SATURATING.value,
                discriminators=Kind.PATCH.value,
                weight_l1=100.0,
                warmup_kimg=0.0,
            )
        if network == "source":  # Turkoglu et al., 2019: a paired perceptual loss over the frame
            return replace(
                self,
                network=network,
                adversarial=AdversarialLoss.NON_SATURATING.value,
                discriminators=Kind.PATCH.value,
                weight_l1=10.0,
                weight_lpips=10.0,
                warmup_kimg=0.0,
            )
        return replace(self, network=network)

    def for_loss(self, adversarial: str) -> TrainingSettings:
        """A copy with another adversarial loss and the penalties that it usually goes with."""
        usual: dict[str, float] = {}
        if adversarial == AdversarialLoss.WASSERSTEIN.value and not self.gradient_penalty:
            usual = {"gradient_penalty": 10.0}
        if adversarial == AdversarialLoss.RELATIVISTIC.value and not (self.r1 or self.r2):
            usual = {"r1": 0.5, "r2": 0.5}
        return replace(self, adversarial=adversarial, **usual)  # type: ignore[arg-type]

    def with_values(self, **values: Any) -> TrainingSettings:
        """A copy with the given values that are not None."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def with_texts(self, assignments: Sequence[str]) -> TrainingSettings:
        """A copy with values given as ``name=value``. Raises SettingsError."""
        kinds = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        values: dict[str, Any] = {}
        for assignment in assignments:
            name, _, text = assignment.partition("=")
            if name not in kinds:
                raise SettingsError(f"there is no setting {name!r}; there are {', '.join(kinds)}.")
            try:
                values[name] = kinds[name](text)
            except ValueError as error:
                raise SettingsError(f"{name} is {text!r}, not a {kinds[name].__name__}.") from error
        return replace(self, **values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> TrainingSettings:
        known = {item.name for item in fields(cls)}
        older = {"finer_parts": 0}  # what runs had that do not say it
        return cls(**{name: value for name, value in {**older, **content}.items() if name in known})
