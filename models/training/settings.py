"""Every number that shapes a training run, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from models.foreground_generator import SMALL_CHANNELS, GeneratorShape
from models.training.losses import AdversarialLoss

FULL_CHANNELS = dict(GeneratorShape(256, 1).channels)


class SettingsError(ValueError):
    """A setting that cannot work; the message names it."""


@dataclass(frozen=True)
class TrainingSettings:
    """Defaults are for a GPU; ``small`` turns them into what a CPU learns most from in an hour or two."""

    resolution: int = 128  # pixels, one of the generator's levels
    network: str = "full"  # "full" (12 M parameters) or "small" (7 M, a fifth of the operations)
    batch_size: int = 64  # samples a step and process
    learning_rate: float = 2e-4  # Adam, generator and encoder
    learning_rate_d: float = 2e-4  # Adam, discriminators
    adversarial: str = AdversarialLoss.HINGE.value
    weight_projected: float = 1.0  # adversarial, frozen features
    weight_patch: float = 1.0  # adversarial, raw patches
    weight_wrong_class: float = 0.25  # real pictures shown with another class count as generated
    weight_l1: float = 5.0  # reconstruction, inside the mask
    weight_lpips: float = 2.0  # reconstruction, perceptual
    weight_kl: float = 0.05  # appearance code towards a normal distribution
    weight_latent: float = 0.5  # the encoder finds the code again in the generated picture
    weight_relight: float = 4.0  # the same object under a changed light
    weight_edge: float = 0.1  # alpha makes up its mind
    reconstruction_share: float = 0.5  # of the batch
    relight_share: float = 0.25  # of the batch
    other_background_share: float = 0.35  # of the batch: the scene comes from another photo
    warmup_kimg: float = 3.0  # thousand images over which the adversarial terms fade in
    ema_kimg: float = 5.0  # half-life of the averaged weights
    gradient_limit: float = 20.0  # norm at which G's gradient is clipped
    seed: int = 0

    def __post_init__(self) -> None:
        if self.network not in ("full", "small"):
            raise SettingsError(f"network is {self.network!r}; it is full or small.")
        if self.resolution not in self.channels or self.resolution < 32:
            sides = ", ".join(str(s) for s in sorted(self.channels) if s >= 32)
            raise SettingsError(f"resolution is {self.resolution}; it is one of {sides}.")
        if self.batch_size < 4:
            raise SettingsError("batch_size must be at least 4.")
        AdversarialLoss(self.adversarial)

    @property
    def channels(self) -> dict[int, int]:
        return dict(SMALL_CHANNELS if self.network == "small" else FULL_CHANNELS)

    @classmethod
    def for_device(cls, device: str) -> TrainingSettings:
        """The defaults that serve best on a kind of device ("cpu" or "cuda")."""
        if device == "cpu":
            return cls(
                resolution=64,
                network="small",
                batch_size=16,
                reconstruction_share=0.375,
                relight_share=0.125,
            )
        return cls()

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
        return cls(**{name: value for name, value in content.items() if name in known})
