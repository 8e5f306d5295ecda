"""Two computers on one: network namespaces joined by a cable that can be tapped."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BOX_ADDRESS, DESK_ADDRESS = "10.213.77.1", "10.213.77.2"

# Writes the TCP bytes of every packet that passes, both ways, until its standard input ends.
_TAP = """
import select, socket, struct, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 2**20)
tap.bind((sys.argv[1], 0))
print("listening", flush=True)
with open(sys.argv[2], "wb") as out:
    while True:
        ready, _, _ = select.select([tap, sys.stdin], [], [])
        if tap in ready:
            packet = tap.recv(2**17)
            if packet[12:14] == b"\\x08\\x00" and packet[23] == 6:
                ip = (packet[14] & 15) * 4
                tcp = 14 + ip + (packet[14 + ip + 12] >> 4) * 4
                out.write(packet[tcp : 14 + struct.unpack("!H", packet[16:18])[0] or len(packet)])
        elif sys.stdin in ready:
            break
"""


@dataclass(frozen=True)
class Network:
    """Namespaces with one interface each; commands are run in them by a prefix."""

    box: str
    desk: str
    interface: str  # the box's end of the cable

    @property
    def in_box(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.box)

    @property
    def in_desk(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.desk)

    @contextmanager
    def tapped(self, recording: Path) -> Iterator[None]:
        """Records what passes through the cable."""
        with subprocess.Popen(
            [*self.in_box, sys.executable, "-c", _TAP, self.interface, str(recording)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as tap:
            assert tap.stdin is not None and tap.stdout is not None
            assert tap.stdout.readline() == b"listening\n"
            try:
                yield
            finally:
                tap.stdin.close()
                tap.wait(10)


def why_not() -> str:
    """Why no network can be made here, or ""."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0 or not shutil.which("ip"):
        return "network namespaces need root and the command ip"
    name = f"io-try-{secrets.token_hex(3)}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"no network namespace can be made here: {tried.stderr.strip()}"
    _run("ip", "netns", "del", name)
    return ""


@contextmanager
def network() -> Iterator[Network]:
    """Two namespaces, joined; they are gone afterwards."""
    mark = secrets.token_hex(3)
    made = Network(f"io-box-{mark}", f"io-desk-{mark}", f"iob{mark}")
    other = f"iod{mark}"
    try:
        for name in (made.box, made.desk):
            _run("ip", "netns", "add", name)
        _run(
            *("ip", "link", "add", made.interface, "netns", made.box),
            *("type", "veth", "peer", "name", other, "netns", made.desk),
        )
        ends = ((made.in_box, made.interface, BOX_ADDRESS), (made.in_desk, other, DESK_ADDRESS))
        for prefix, interface, address in ends:
            _run(*prefix, "ip", "address", "add", f"{address}/24", "dev", interface)
            _run(*prefix, "ip", "link", "set", interface, "up")
            _run(*prefix, "ip", "link", "set", "lo", "up")
        yield made
    finally:
        for name in (made.box, made.desk):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
