"""What pictures keep of our layers, as JSON: pictures come from anywhere, so reading it costs nothing.

What cannot be is passed over with one line in the log, however often it is looked at.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import Any, NoReturn

LONGEST = 64 * 1024 * 1024  # bytes; hundreds of layers with shapes and small pictures
_DIGITS = 20  # of a whole number; Python reads longer ones in quadratic time
log = logging.getLogger("insert_object")


def read_map(data: bytes, what: str) -> dict[str, Any] | None:
    """The map that a text holds, with zeros after it or not; None where it is none. ``what``: for the log."""
    if len(data) > LONGEST:
        pass_over(what, f"{len(data)} bytes are too many")
        return None
    try:
        plain = json.loads(data.rstrip(b"\0"), parse_int=_whole_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        pass_over(what, type(error).__name__)
        return None
    if not isinstance(plain, dict):
        pass_over(what, "it is no map")
        return None
    return plain


@lru_cache(maxsize=256)
def pass_over(what: str, reason: str) -> None:
    """Tells the log, once, of something in a picture that is not understood."""
    log.warning("%s is passed over: %s", what, reason[:200])


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a number of too many digits")
    return int(text)


def _no_number(_text: str) -> NoReturn:
    raise ValueError("a number that is none")
