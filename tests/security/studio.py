"""A studio in miniature: a daemon that other computers may use, and daemons that forward to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from daemon.home.folders import Folders
from daemon.serving.keys import KeyPair, KeyRing
from tests.daemon.conftest import DaemonProcess
from tests.daemon.peer import Peer, report_of
from tests.program import ROOT, program_environment

STAND_IN = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"))
PROGRAM = (sys.executable, "-m", "daemon.command_line")


class StudioProcess(DaemonProcess):
    """A daemon process that any command starts, perhaps in another network namespace."""

    def __init__(self, home: Path, *command: object, prefix: Sequence[str] = ()) -> None:
        self.home = home
        self.folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
        self.ring = KeyRing(self.folders.remote)
        self.peers = []
        self.process = subprocess.Popen(
            [*prefix, *map(str, command)],
            env=program_environment(home),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )


class GpuBox(StudioProcess):
    """A daemon with the stand-in engine that lets other computers in."""

    def __init__(
        self, home: Path, *arguments: object, listen: str = "tcp://127.0.0.1:0", prefix: Sequence[str] = ()
    ) -> None:
        ring = KeyRing(Folders.default({"INSERT_OBJECT_HOME": str(home)}).remote)
        if not ring.server_file.exists():
            ring.new_server()
        super().__init__(home, *STAND_IN, "--listen", listen, *arguments, prefix=prefix)
        self.key = ring.server()

    @property
    def endpoint(self) -> str:
        """Where other computers come in."""
        if not hasattr(self, "_endpoint"):
            self._endpoint = str(report_of(self.peer(greeted=""))["listens_for_others_at"])
        return self._endpoint

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def remote_peer(self, keys: KeyPair, *, server_key: bytes | None = None) -> Peer:
        """A client that has come by the network, with these keys."""
        peer = CurvePeer(self.endpoint, keys, server_key or self.key.public)
        self.peers.append(peer)
        return peer


class Desk(StudioProcess):
    """A daemon that forwards, started as the user would."""

    def __init__(
        self,
        home: Path,
        endpoint: str,
        server_key: bytes,
        *arguments: object,
        prefix: Sequence[str] = (),
    ) -> None:
        ring = KeyRing(Folders.default({"INSERT_OBJECT_HOME": str(home)}).remote)
        if not ring.client_file.exists():
            ring.new_client()
        super().__init__(
            home,
            *PROGRAM,
            "daemon",
            "run",
            "--upstream",
            endpoint,
            "--server-key",
            server_key.hex(),
            *arguments,
            prefix=prefix,
        )


class CurvePeer(Peer):
    """A client with a key instead of a token."""

    def __init__(self, endpoint: str, keys: KeyPair, server_key: bytes) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self.socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, server_key)
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        self.socket.connect(endpoint)
