"""Nobody without the token is heard, and nobody learns the token from us."""

from __future__ import annotations

import json
import logging
import socket
import stat
import struct
import sys
import time

import psutil
import pytest
import zmq

from daemon.home.lifecycle import running_pid
from daemon.serving.door import MAX_FRAME_BYTES
from daemon.serving.security import new_token
from tests.conftest import RunCli
from tests.daemon.conftest import DaemonProcess, RunDaemon, Serve, ServedEngine, wait_until
from tests.daemon.peer import Peer, an_insert, new_id
from wire.protocol import Hello, StatusRequest, encode

SILENCE_SECONDS = 0.5


def port_of(served: ServedEngine) -> int:
    return int(served.connection["endpoint"].rpartition(":")[2])


def refusals(served: ServedEngine) -> dict[str, int]:
    report = served.peer().ask(StatusRequest(new_id()))[-1].report  # type: ignore[union-attr]
    return dict(report["refused_peers"])


def everything_received(connection: socket.socket, seconds: float = SILENCE_SECONDS) -> bytes:
    received = b""
    connection.settimeout(seconds)
    try:
        while part := connection.recv(4096):
            received += part
    except OSError:
        return received  # silence, or reset by the peer
    return received


@pytest.mark.parametrize(
    ("token", "user"),
    [
        (None, ""),
        ("wrong", "insert-object"),
        ("{token}", "somebody"),
        ("{token}x", "insert-object"),
        ("{token:.20}", "insert-object"),
    ],
)
def test_a_peer_without_the_right_name_and_token_is_not_heard(
    serve: Serve, token: str | None, user: str
) -> None:
    served = serve()
    shown = token and token.format(token=served.connection["token"])
    if token == "{token:.20}":
        shown = served.connection["token"][:20]
    stranger = Peer(served.connection["endpoint"], shown, user=user)
    served.peers.append(stranger)
    stranger.try_to_send(Hello(new_id(), "stranger"))
    stranger.try_to_send(an_insert())
    assert stranger.receive_or_none(SILENCE_SECONDS) is None
    assert not any(call.startswith("insert") for call in served.engine.calls)
    assert sum(refusals(served).values()) >= 1


def test_the_token_of_an_earlier_daemon_opens_nothing(serve: Serve) -> None:
    served = serve()
    late = Peer(served.connection["endpoint"], new_token())
    served.peers.append(late)
    late.try_to_send(Hello(new_id()))
    assert late.receive_or_none(SILENCE_SECONDS) is None


@pytest.mark.parametrize(
    "spoken",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"\r\n" * 50,
        b"\x16\x03\x01" + bytes(200),  # TLS
        b"\xff" + bytes(8) + b"\x7f",  # half a ZMTP greeting
        b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32),  # another mechanism
        b"\x01\x00",  # ZMTP 1.0, which knows no security
    ],
)
def test_other_protocols_on_the_port_learn_nothing_and_disturb_nobody(serve: Serve, spoken: bytes) -> None:
    served = serve()
    with socket.create_connection(("127.0.0.1", port_of(served))) as stranger:
        stranger.sendall(spoken)
        answer = everything_received(stranger)
        assert served.peer().ask(an_insert())[-1].TYPE == "done"
    for word in (b"insert", b"python", b"dog", served.connection["token"].encode()):
        assert word not in answer.lower()
    assert len(answer) < 256  # a greeting and an error at most


def test_a_refusal_is_logged_once_and_then_counted(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    served = serve()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port_of(served))) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"\r\n" * 50)
            everything_received(stranger)
    wait_until(lambda: refusals(served).get("no handshake of ours") == 5)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1


def test_clients_that_leave_in_good_order_are_not_counted_as_refused(serve: Serve) -> None:
    served = serve()
    for _ in range(5):
        served.peer().close()
    with socket.create_connection(("127.0.0.1", port_of(served))) as stranger:  # comes after them all
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"\r\n" * 50)
        everything_received(stranger)
    wait_until(lambda: bool(refusals(served)))
    assert refusals(served) == {"no handshake of ours": 1}


def test_a_replayed_handshake_without_its_connection_opens_nothing(serve: Serve) -> None:
    served = serve()
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"PLAIN".ljust(20, b"\0") + bytes(32)
    # INITIATE before HELLO, as one who skips the password would send it
    initiate = b"\x08INITIATE\x0bSocket-Type\x00\x00\x00\x06DEALER"
    message = encode(an_insert())[0]
    with socket.create_connection(("127.0.0.1", port_of(served))) as stranger:
        stranger.sendall(greeting + b"\x04" + bytes([len(initiate)]) + initiate)
        stranger.sendall(b"\x02" + struct.pack(">Q", len(message)) + bytes(message))
        assert b"READY" not in everything_received(stranger)
    assert not any(call.startswith("insert") for call in served.engine.calls)


def test_idle_strangers_do_not_keep_clients_out(serve: Serve) -> None:
    served = serve()
    strangers = [socket.create_connection(("127.0.0.1", port_of(served))) for _ in range(50)]
    try:
        assert served.peer().ask(an_insert())[-1].TYPE == "done"
    finally:
        for stranger in strangers:
            stranger.close()


def test_a_frame_beyond_the_limit_ends_that_connection_alone(serve: Serve) -> None:
    served = serve()
    rude, polite = served.peer(), served.peer()
    before = psutil.Process().memory_info().rss
    rude.send_raw([b"x", bytes(MAX_FRAME_BYTES + 1)])
    assert rude.receive_or_none(SILENCE_SECONDS) is None
    assert polite.ask(an_insert())[-1].TYPE == "done"
    assert psutil.Process().memory_info().rss - before < 2.5 * MAX_FRAME_BYTES  # the sender is in here, too


def test_a_claimed_size_of_a_terabyte_costs_nothing(serve: Serve) -> None:
    served = serve()
    token = served.connection["token"].encode()
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"PLAIN".ljust(20, b"\0") + bytes(32)
    hello = b"\x05HELLO\x0dinsert-object" + bytes([len(token)]) + token
    initiate = b"\x08INITIATE\x0bSocket-Type\x00\x00\x00\x06DEALER"
    before = psutil.Process().memory_info().rss
    with socket.create_connection(("127.0.0.1", port_of(served))) as rude:
        rude.sendall(greeting + b"\x04" + bytes([len(hello)]) + hello)
        time.sleep(0.1)
        rude.sendall(b"\x04" + bytes([len(initiate)]) + initiate)
        rude.sendall(b"\x02" + struct.pack(">Q", 10**12) + b"pixels")
        everything_received(rude)
    assert psutil.Process().memory_info().rss - before < 30 * 2**20
    assert served.peer().ask(an_insert())[-1].TYPE == "done"


def test_it_listens_on_the_loopback_alone(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    daemon.wait_for_connection()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(daemon.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_the_token_is_in_no_log_status_doctor_or_process_list(
    run_daemon_process: RunDaemon, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon: DaemonProcess = run_daemon_process()
    token = str(daemon.wait_for_connection()["token"])
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(daemon.folders.data.parent))
    Peer(str(daemon.connection()["endpoint"]), "wrong").close()
    daemon.peer().ask(an_insert("nonsense"))
    texts = [
        run_cli(*command).stdout
        for command in (("daemon", "status"), ("daemon", "status", "--json"), ("doctor",), ("daemon", "logs"))
    ]
    process = psutil.Process(daemon.process.pid)
    texts += [daemon.log(), " ".join(process.cmdline()), str(process.environ())]
    assert json.loads(texts[1])["device"] == "stand-in"
    assert running_pid(daemon.folders) == daemon.process.pid
    assert not any(token in text for text in texts)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 40


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the user's folder private by itself")
@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_files_and_folders_are_private_whatever_the_umask(run_daemon_process: RunDaemon, umask: int) -> None:
    import os

    before = os.umask(umask)
    try:
        daemon = run_daemon_process()
        daemon.wait_for_connection()
    finally:
        os.umask(before)
    folders = daemon.folders
    for path in (folders.data, folders.logs):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (folders.connection_file, folders.lock_file, folders.log_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_right_token_from_another_computer_is_refused() -> None:
    from daemon.serving.security import Doorkeeper, Refusals

    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    doorkeeper = Doorkeeper(context, "token", counted := Refusals())
    asker = context.socket(zmq.REQ)
    asker.connect("inproc://zeromq.zap.01")

    def asked(address: bytes, mechanism: bytes, *credentials: bytes) -> bytes:
        asker.send_multipart([b"1.0", b"1", b"insert-object", address, b"", mechanism, *credentials])
        doorkeeper.answer()
        return asker.recv_multipart()[2]

    try:
        good = (b"insert-object", b"token")
        assert asked(b"127.0.0.1", b"PLAIN", *good) == b"200"
        assert asked(b"192.168.1.7", b"PLAIN", *good) == b"400"
        assert asked(b"127.0.0.1", b"NULL") == b"400"
        assert asked(b"127.0.0.1", b"PLAIN", b"insert-object", bytes(10_000)) == b"400"
        assert sum(counted.counts.values()) == 3
    finally:
        asker.close()
        doorkeeper.close()
        context.term()
