"""Relighting a picture in linear light: exposure, white balance, gamma, saturation, a directional ramp."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

WARMTH = 0.25  # deviation of the log ratio of red and blue light; daylight and lamps differ in this
TINT = 0.06  # deviation of the log ratio of green light and the others, in which they hardly do
KNEE = 0.6  # linear light above which a camera holds it back
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709, linear light


def to_linear(picture: Tensor) -> Tensor:
    """sRGB in -1..1 to linear light in 0..1 (IEC 61966-2-1)."""
    value = ((picture + 1) / 2).clamp(0, 1)
    return torch.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055).pow(2.4))


def from_linear(light: Tensor) -> Tensor:
    """Linear light, clipped to 0..1, to sRGB in -1..1."""
    light = light.clamp(0, 1)
    value = torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=1e-6).pow(1 / 2.4) - 0.055)
    return value * 2 - 1


def luminance(light: Tensor) -> Tensor:
    """Luminance (B, 1, H, W) of linear light (B, 3, H, W)."""
    weights = torch.tensor(_LUMINANCE, device=light.device, dtype=light.dtype).view(1, 3, 1, 1)
    return (light * weights).sum(1, keepdim=True)


def balance_of(warmth: Tensor, tint: Tensor) -> Tensor:
    """Log gains (B, 3, 1, 1) of red, green and blue, 0 on average, for a log ratio of red and blue, and of
    green and the two others (B, 1, 1, 1)."""
    return torch.cat([warmth / 2 - tint / 3, 2 * tint / 3, -warmth / 2 - tint / 3], 1)


def shoulder(value: Tensor, knee: float) -> Tensor:
    """Values in 0.. brought below 1: the same up to the knee, then ever closer to 1."""
    room = 1 - knee
    return torch.where(value < knee, value, 1 - room * torch.exp((knee - value) / room))


@dataclass(frozen=True)
class Relight:
    """One change of light a picture: gains (B, 3, 1, 1), gamma and saturation (B, 1, 1, 1), and a ramp of
    log exposure along x and y, (B, 2), reaching ± its length at the borders. ``soft``: pictures that change
    have bright light held back, as a camera does, where it is clipped otherwise."""

    gain: Tensor
    gamma: Tensor
    saturation: Tensor
    ramp: Tensor
    soft: bool = False

    @classmethod
    def random(cls, count: int, generator: torch.Generator, probability: float = 0.7) -> Relight:
        """Draws ``count`` soft changes, each of them none with 1 - ``probability``."""
        device = generator.device

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return low + (high - low) * torch.rand(count, *shape, generator=generator, device=device)

        on = (torch.rand(count, 1, 1, 1, generator=generator, device=device) < probability).float()

        def normal(deviation: float) -> Tensor:
            return deviation * torch.randn(count, 1, 1, 1, generator=generator, device=device)

        exposure = uniform(-0.9, 0.9, 1, 1, 1)
        warmth, tint = normal(WARMTH), normal(TINT)
        balance = balance_of(warmth, tint)
        angle, length = uniform(0, 2 * math.pi), uniform(0, 0.6)
        return cls(
            torch.exp(on * (exposure + balance)),
            torch.exp(on * uniform(-0.2, 0.2, 1, 1, 1)),
            1 + on * (uniform(0.6, 1.4, 1, 1, 1) - 1),
            torch.stack([angle.cos() * length, angle.sin() * length], 1) * on.view(-1, 1),
            soft=True,
        )

    @property
    def is_none(self) -> Tensor:
        """(B,) bool: where nothing changes."""
        same = (self.gain == 1).all(1) & (self.gamma == 1).all(1) & (self.saturation == 1).all(1)
        return same.flatten() & (self.ramp == 0).all(1)

    @classmethod
    def by_gain(cls, gain: Tensor) -> Relight:
        """Only gains in linear light, (B, 3) or (B, 1)."""
        count = len(gain)
        one = torch.ones(count, 1, 1, 1, device=gain.device)
        return cls(
            gain.view(count, -1, 1, 1).expand(count, 3, 1, 1),
            one,
            one,
            torch.zeros(count, 2, device=gain.device),
        )

    def apply(self, picture: Tensor) -> Tensor:
        """The relit picture, (B, 3, S, S) in -1..1, clipped where light leaves the range."""
        light = to_linear(picture.float())
        place = torch.linspace(-1, 1, picture.shape[-1], device=picture.device)
        ramp = self.ramp[:, 0].view(-1, 1, 1, 1) * place.view(1, 1, 1, -1) + self.ramp[:, 1].view(
            -1, 1, 1, 1
        ) * place.view(1, 1, -1, 1)
        light = light.clamp(min=1e-5) ** self.gamma * self.gain * ramp.exp()
        grey = luminance(light)
        light = grey + (light - grey) * self.saturation
        if self.soft:
            light = torch.where(self.is_none.view(-1, 1, 1, 1), light, shoulder(light, KNEE))
        return from_linear(light)
