"""A daemon's place taken by a script: libzmq's ROUTER with ZAP PLAIN in a thread, answering as told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import zmq

from wire import protocol

TOKEN = "a token for tests"
WELCOME_CLASSES = (protocol.ClassInfo("dog", "Dog"),)

Answer = Callable[[protocol.Request], Iterable[protocol.Reply]]


def welcome(request: protocol.Request) -> protocol.Welcome:
    return protocol.Welcome(
        id=request.id,
        protocol_version=protocol.PROTOCOL_VERSION,
        daemon_version="0.0.test",
        device="script",
        classes=WELCOME_CLASSES,
        limits=protocol.Limits(),
    )


def layer(request: protocol.Insert, index: int = 0) -> protocol.Layer:
    pixels = protocol.PixelFrame(2, 2, protocol.PixelFormat.RGBA8, bytes(range(16)))
    wish = request.wish
    return protocol.Layer(request.id, index, wish.class_name, wish.seed, wish.box.x, wish.box.y, pixels)


def obliging(request: protocol.Request) -> list[protocol.Reply]:
    """Answers everything at once, as a ready daemon would."""
    if isinstance(request, protocol.Hello):
        return [welcome(request)]
    if isinstance(request, protocol.Insert):
        layers = [layer(request, index) for index in range(request.variations)]
        return [protocol.Accepted(request.id), *layers, protocol.Done(request.id)]
    if isinstance(request, protocol.Cancel):
        return [protocol.Cancelled(request.id, request.target)]
    if isinstance(request, protocol.StatusRequest):
        return [protocol.Status(request.id, {"device": "script"})]
    return [protocol.Done(request.id)]


def silent_on_insert(request: protocol.Request) -> list[protocol.Reply]:
    """Begins each insertion and never ends it."""
    if isinstance(request, protocol.Insert):
        return [protocol.Accepted(request.id), layer(request)]
    return obliging(request)


class ScriptedRouter:
    """Runs from entering to leaving the ``with`` block, or until ``stop``; ``requests`` is what it was asked.

    ``answer`` gives the replies to a request and runs in the router's thread; with ``raw`` set, frames are
    given and taken as they are. ``security`` is plain or null.
    """

    def __init__(
        self,
        answer: Answer = obliging,
        *,
        raw: Callable[[list[bytes]], Iterable[list[bytes]]] | None = None,
        security: str = "plain",
        token: str = TOKEN,
        port: int = 0,
        heartbeat_ms: int = 0,
    ) -> None:
        self.requests: list[protocol.Request] = []
        self.passwords: list[str] = []
        self._answer = answer
        self._raw = raw
        self._token = token
        self._stopping = threading.Event()
        self._context = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.linger = 0
        self._zap.bind("inproc://zeromq.zap.01")
        self._router = self._context.socket(zmq.ROUTER)
        self._router.linger = 0
        self._router.zap_domain = b"test"
        self._router.maxmsgsize = -1
        if security == "plain":
            self._router.plain_server = True
        if heartbeat_ms:
            self._router.heartbeat_ivl = heartbeat_ms
            self._router.heartbeat_timeout = 3 * heartbeat_ms
        self._router.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.endpoint = self._router.get_string(zmq.LAST_ENDPOINT)
        self.port = int(self.endpoint.rpartition(":")[2])
        self._thread = threading.Thread(target=self._run, name="scripted router")
        self._thread.start()

    def write_connection_file(self, path: Path, **changes: object) -> None:
        values = {
            "protocol_version": protocol.PROTOCOL_VERSION,
            "endpoint": self.endpoint,
            "token": self._token,
            "pid": os.getpid(),
            "daemon_version": "0.0.test",
            **changes,
        }
        new = path.with_suffix(".new")
        new.write_text(json.dumps(values), encoding="utf-8")
        new.chmod(0o600)
        new.replace(path)

    def inserts(self) -> list[protocol.Insert]:
        return [request for request in self.requests if isinstance(request, protocol.Insert)]

    def stop(self) -> None:
        """Ends at once, as a killed daemon does: connections are closed, nothing is sent any more."""
        self._stopping.set()
        self._thread.join()

    def __enter__(self) -> ScriptedRouter:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        poller.register(self._router, zmq.POLLIN)
        try:
            while not self._stopping.is_set():
                for socket, _ in poller.poll(10):
                    if socket is self._zap:
                        self._check_password()
                    else:
                        self._serve()
        finally:
            self._router.close()
            self._zap.close()
            self._context.term()

    def _check_password(self) -> None:
        version, request_id, _domain, _address, _identity, mechanism, *rest = self._zap.recv_multipart()
        good = mechanism == b"NULL"
        if mechanism == b"PLAIN":
            self.passwords.append(rest[1].decode())
            good = rest == [protocol.PLAIN_USERNAME.encode(), self._token.encode()]
        status = b"200" if good else b"400"
        self._zap.send_multipart([version, request_id, status, b"", b"", b""])

    def _serve(self) -> None:
        identity, *frames = self._router.recv_multipart()
        if self._raw is not None:
            for message in self._raw(frames):
                self._router.send_multipart([identity, *message], copy=False)
            return
        request = protocol.decode_request(frames)
        self.requests.append(request)
        for reply in self._answer(request):
            self._router.send_multipart([identity, *protocol.encode(reply)], copy=False)
