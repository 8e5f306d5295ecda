"""Where the wire contract is: beside the client in an installed plug-in, else in the daemon's package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon import protocol
else:
    try:
        from . import protocol
    except ImportError:
        from daemon import protocol

__all__ = ["protocol"]
