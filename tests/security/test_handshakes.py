"""Strangers at both doors: refused before any request is read, logged once, and told nothing of use."""

from __future__ import annotations

import dataclasses
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import zmq
from zmq.utils.monitor import parse_monitor_message

from daemon.home.folders import Folders
from daemon.serving.address import Address
from daemon.serving.keys import KeyPair, KeyRing
from daemon.serving.settings import Settings
from tests.daemon.conftest import ServedEngine, wait_until
from tests.daemon.peer import Peer, an_insert, report_of
from tests.security.studio import CurvePeer
from tests.stand_in_engine import StandInEngine
from wire.protocol import encode

SILENCE_SECONDS = 0.6
TELLING = (b"insert", b"object", b"python", b"dog", b"token", b"key", b"user", b"password", b"traceback")


@dataclass
class Doors:
    """A service with a door on the loopback and one for other computers, both reached here."""

    served: ServedEngine
    keys: KeyRing
    client: KeyPair  # it is allowed

    def port(self, door: str) -> int:
        endpoint = self.served.connection["endpoint"] if door == "local" else self.remote_endpoint
        return int(str(endpoint).rpartition(":")[2])

    @property
    def remote_endpoint(self) -> str:
        return str(report_of(self.served.peer(greeted=""))["listens_for_others_at"])

    @property
    def token(self) -> bytes:
        return str(self.served.connection["token"]).encode()

    def insertions(self) -> list[str]:
        return [call for call in self.served.engine.calls if call.startswith("insert")]


@pytest.fixture
def doors(folders: Folders) -> Iterator[Doors]:
    keys = KeyRing(folders.remote)
    keys.new_server()
    client = KeyPair.new()
    keys.allow("desk", client.public)
    settings = dataclasses.replace(Settings(), listen=Address("127.0.0.1", 0))
    served = ServedEngine(folders, StandInEngine(), settings)
    yield Doors(served, keys, client)
    served.end()


@pytest.fixture
def folders(tmp_path: object) -> Folders:
    return Folders.default({"INSERT_OBJECT_HOME": f"{tmp_path}/home"})


def greeting(mechanism: bytes, version: bytes = b"\x03\x00", *, as_server: bytes = b"\0") -> bytes:
    return b"\xff" + bytes(8) + b"\x7f" + version + mechanism.ljust(20, b"\0") + as_server + bytes(31)


def command(name: bytes, body: bytes = b"") -> bytes:
    content = bytes([len(name)]) + name + body
    return b"\x04" + bytes([len(content)]) + content


def message() -> bytes:
    parts = [bytes(part) for part in encode(an_insert())]
    frames = [
        struct.pack(">BQ", 3 if number < len(parts) - 1 else 2, len(part)) + part
        for number, part in enumerate(parts)
    ]
    return b"".join(frames)


READY = command(b"READY", b"\x0bSocket-Type\x00\x00\x00\x06DEALER")
INITIATE = command(b"INITIATE", b"\x0bSocket-Type\x00\x00\x00\x06DEALER")
STRANGERS = {
    "http": b"GET /connection.json HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"\r\n" * 40,
    "http upgrade": b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ZWS2.0\r\n\r\n"
    + b"\r\n" * 40,
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(60),
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(80),
    "zmtp 1": b"\x01\x00" + b"\x07\x00insert",
    "zmtp 2": b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00" + message(),
    "zmtp 3 without security": greeting(b"NULL") + READY + message(),
    "zmtp 3 with kerberos": greeting(b"GSSAPI") + READY + message(),
    "a mechanism nobody knows": greeting(b"OPEN") + READY + message(),
    "ready before hello": greeting(b"PLAIN") + READY + message(),
    "initiate before hello": greeting(b"PLAIN") + INITIATE + message(),
    "ready before the keys": greeting(b"CURVE") + READY + message(),
    "zeroes for keys": greeting(b"CURVE")
    + command(b"HELLO", b"\x01\x00" + bytes(192))
    + INITIATE
    + message(),
    "a server": greeting(b"PLAIN", as_server=b"\x01") + command(b"WELCOME") + READY + message(),
    "nothing but ones": b"\xff" * 4096,
}


def answer_to(port: int, spoken: bytes, seconds: float = SILENCE_SECONDS) -> bytes:
    received = b""
    with socket.create_connection(("127.0.0.1", port), 5) as stranger:
        try:
            stranger.sendall(spoken)
            stranger.settimeout(seconds)
            while part := stranger.recv(4096):
                received += part
        except OSError:
            return received  # silence, or the door was shut
    return received


@pytest.mark.parametrize("door", ["local", "remote"])
@pytest.mark.parametrize("stranger", list(STRANGERS))
def test_a_stranger_is_refused_before_a_request_is_read_and_learns_nothing(
    doors: Doors, door: str, stranger: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(caplog.records)
    answer = answer_to(doors.port(door), STRANGERS[stranger], 0.25)
    assert doors.insertions() == []
    assert len(answer) < 300  # a greeting and a refusal at most
    assert not [word for word in TELLING if word in answer.lower()]
    assert doors.token not in answer
    spoken = [record.getMessage() for record in caplog.records[before:]]
    assert not [line for line in spoken if "class_name" in line or "GET" in line or "websocket" in line]
    peer = (
        doors.served.peer()
        if door == "local"
        else CurvePeer(doors.remote_endpoint, doors.client, doors.keys.server().public)
    )
    doors.served.peers.append(peer)
    peer.greet("a friend")
    assert peer.ask(an_insert())[-1].TYPE == "done"


def test_strangers_are_logged_once_however_many_they_are(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    for spoken in (STRANGERS["http"], STRANGERS["zmtp 3 without security"], STRANGERS["tls"]):
        for door in ("local", "remote"):
            answer_to(doors.port(door), spoken, 0.25)
    peer = doors.served.peer()
    wait_until(lambda: sum(report_of(peer)["refused_peers"].values()) >= 6)
    assert [r.levelno for r in caplog.records].count(logging.WARNING) == 1


@pytest.mark.parametrize("door", ["local", "remote"])
def test_half_a_handshake_is_cut_off_after_a_few_seconds(doors: Doors, door: str) -> None:
    mechanism = b"PLAIN" if door == "local" else b"CURVE"
    with socket.create_connection(("127.0.0.1", doors.port(door)), 10) as half:
        half.sendall(greeting(mechanism))
        began = time.monotonic()
        half.settimeout(10)
        while half.recv(4096):
            pass
        assert 3 < time.monotonic() - began < 8
    peer = doors.served.peer()
    wait_until(lambda: report_of(peer)["refused_peers"] == {"no handshake of ours": 1})


@pytest.mark.parametrize("kind", [zmq.PUB, zmq.SUB, zmq.PUSH, zmq.PULL, zmq.PAIR, zmq.REP])
def test_another_kind_of_socket_is_refused_even_with_the_token(doors: Doors, kind: int) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    other = context.socket(kind)
    other.setsockopt(zmq.LINGER, 0)
    other.setsockopt(zmq.RECONNECT_IVL, -1)
    other.plain_username, other.plain_password = b"insert-object", doors.token
    monitor = other.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
    try:
        other.connect(str(doors.served.connection["endpoint"]))
        assert monitor.poll(5000)
        assert parse_monitor_message(monitor.recv_multipart())["event"] == zmq.EVENT_DISCONNECTED
        assert doors.served.peer().ask(an_insert())[-1].TYPE == "done"
    finally:
        other.disable_monitor()
        monitor.close()
        other.close()
        context.term()


@pytest.mark.parametrize(
    "make",
    [
        lambda doors: Peer(doors.remote_endpoint, None),
        lambda doors: Peer(doors.remote_endpoint, doors.token.decode()),
        lambda doors: CurvePeer(doors.remote_endpoint, KeyPair.new(), doors.keys.server().public),
        lambda doors: CurvePeer(doors.remote_endpoint, doors.client, KeyPair.new().public),
        lambda doors: CurvePeer(
            doors.remote_endpoint,
            KeyPair(doors.client.public, KeyPair.new().secret),
            doors.keys.server().public,
        ),
        lambda doors: CurvePeer(
            str(doors.served.connection["endpoint"]), doors.client, doors.keys.server().public
        ),
    ],
    ids=[
        "nothing to show",
        "the token in place of a key",
        "a key that is not allowed",
        "an allowed key, but another server's",
        "an allowed public key without its secret",
        "an allowed key at the wrong door",
    ],
)
def test_who_lacks_the_right_key_is_not_heard(doors: Doors, make: Callable[[Doors], Peer]) -> None:
    stranger = make(doors)
    doors.served.peers.append(stranger)
    stranger.try_to_send(an_insert())
    assert stranger.receive_or_none(SILENCE_SECONDS) is None
    assert doors.insertions() == []
    watcher = doors.served.peer()
    wait_until(lambda: sum(report_of(watcher)["refused_peers"].values()) >= 1)


class _Recorder:
    """Passes one connection on and keeps what the client said."""

    def __init__(self, port: int) -> None:
        self.said = b""
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        line, _ = self._server.accept()
        with line, socket.create_connection(("127.0.0.1", self._target)) as onward:
            back = threading.Thread(target=self._pass_back, args=(onward, line))
            back.start()
            while part := line.recv(65536):
                self.said += part
                onward.sendall(part)
            onward.shutdown(socket.SHUT_WR)
            back.join()

    def _pass_back(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while part := source.recv(65536):
                target.sendall(part)
        except OSError:
            return  # the client has gone

    def end(self) -> None:
        self._thread.join(10)
        self._server.close()


def test_a_conversation_that_was_recorded_cannot_be_played_again(doors: Doors) -> None:
    recorder = _Recorder(doors.port("remote"))
    friend = CurvePeer(f"tcp://127.0.0.1:{recorder.port}", doors.client, doors.keys.server().public)
    friend.greet("a friend")
    assert friend.ask(an_insert())[-1].TYPE == "done"
    friend.close()
    recorder.end()
    assert len(recorder.said) > 10_000 and b"class_name" not in recorder.said
    assert len(doors.insertions()) == 1
    for replayed in (recorder.said, recorder.said[:400]):
        answer = answer_to(doors.port("remote"), replayed)
        assert len(answer) < 400  # a greeting and a fresh welcome, which the recording has no answer to
        assert len(doors.insertions()) == 1
    watcher = doors.served.peer()
    wait_until(lambda: sum(report_of(watcher)["refused_peers"].values()) >= 1)
