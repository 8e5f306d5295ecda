"""Addresses of other computers, as the user writes them: ``tcp://HOST:PORT``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from wire.protocol import ErrorCode, InsertObjectError

_FORM = re.compile(
    r"(?:tcp://)?(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]{1,253}|\*)):(?P<port>\d{1,5})"
)


class BadAddress(InsertObjectError):
    """A text that names no computer and port."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, f"“{text[:80]}” does not name a computer and a port.", hint)


@dataclass(frozen=True)
class Address:
    """A computer and a TCP port; port 0 lets the system choose one, for listening only."""

    host: str  # a name, an IPv4 or IPv6 address without brackets; 0.0.0.0 or :: for every network
    port: int

    @classmethod
    def parse(cls, text: str, *, lowest_port: int = 1) -> Address:
        """Reads ``tcp://HOST:PORT``; ``tcp://`` may be left out, an IPv6 address needs its brackets.

        Raises:
            BadAddress: it is not of this form, or the port is not within ``lowest_port``..65535.
        """
        found = _FORM.fullmatch(text.strip())
        hint = "Write it like tcp://gpu-box:7411 or tcp://192.168.1.20:7411."
        if not found or not lowest_port <= int(found["port"]) <= 65535:
            raise BadAddress(text, hint)
        host = found["six"] or found["host"]
        if found["six"]:
            try:
                ipaddress.IPv6Address(host)
            except ValueError as error:
                raise BadAddress(text, hint) from error
        return cls("0.0.0.0" if host == "*" else host, int(found["port"]))

    @property
    def shown(self) -> str:
        """For people: ``gpu-box:7411``."""
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """For ZeroMQ: ``tcp://gpu-box:7411``; port 0 is written as it wants it."""
        host = f"[{self.host}]" if self.is_ipv6 else self.host
        return f"tcp://{host}:{self.port or '*'}"

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host

    @property
    def is_number(self) -> bool:
        """Whether the host is an address rather than a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True
