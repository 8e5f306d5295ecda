"""The daemon's few settings, from the environment and the command line."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.serving.address import Address
from wire.protocol import ErrorCode, InsertObjectError

RELEASE_VARIABLE = "INSERT_OBJECT_RELEASE_MINUTES"
END_VARIABLE = "INSERT_OBJECT_END_MINUTES"
DEVICE_VARIABLE = "INSERT_OBJECT_DEVICE"


class BadSetting(InsertObjectError):
    """A setting that is not a usable value, with where it came from."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


@dataclass(frozen=True)
class Settings:
    """What a user may change about the daemon."""

    release_after: float = 5 * 60.0  # seconds without a request before the networks' memory is given back
    end_after: float = 30 * 60.0  # seconds without a request before the daemon ends
    device: str | None = None  # "cpu", "cuda", "cuda:1" …; None: the best there is
    queue_length: int = 64  # requests waiting, of all clients together
    queue_bytes: int = 512 * 2**20  # pixels waiting, of all clients together
    client_queue_length: int = 16  # requests waiting of one client
    listen: Address | None = None  # where other computers may come in by their keys; None: nowhere

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The defaults, changed by INSERT_OBJECT_RELEASE_MINUTES, …_END_MINUTES and …_DEVICE.

        Raises:
            BadSetting: a variable holds something else than a number of minutes.
        """
        variables = os.environ if environment is None else environment
        return cls(
            release_after=_seconds(variables, RELEASE_VARIABLE, cls.release_after),
            end_after=_seconds(variables, END_VARIABLE, cls.end_after),
            device=device_name(variables.get(DEVICE_VARIABLE, ""), DEVICE_VARIABLE),
        )

    def report(self) -> dict[str, float | str]:
        """Plain values for the status."""
        return {
            "release_after_minutes": _minutes(self.release_after),
            "end_after_minutes": _minutes(self.end_after),
        }


def device_name(text: str, name: str) -> str | None:
    """A device as PyTorch names it, or None for an empty text.

    Raises:
        BadSetting: the text cannot be one; whether this computer has it is found out when it is used.
    """
    if text and not re.fullmatch(r"(cpu|cuda|xpu|mps)(:\d{1,3})?", text):
        raise BadSetting(f"{name} is “{text}”, which is not a device.", "Give cpu, cuda or, say, cuda:1.")
    return text or None


def seconds_of_minutes(text: str, name: str) -> float:
    """Seconds, from a text that gives minutes; "never" is as good as a number.

    Raises:
        BadSetting: the text is neither.
    """
    if text.strip().lower() == "never":
        return math.inf
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not minutes > 0:
        raise BadSetting(
            f"{name} is “{text}”, which is not a number of minutes.", "Give one above 0, or “never”."
        )
    return minutes * 60


def _seconds(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name, "")
    return seconds_of_minutes(text, name) if text else default


def _minutes(seconds: float) -> float | str:
    return "never" if math.isinf(seconds) else seconds / 60
