"""Messages that claim too much, come too slowly, or never end: they cost their sender alone."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from daemon.serving.intake import MAX_FRAMES, MAX_MESSAGE_BYTES
from tests.daemon.conftest import DaemonProcess, RunDaemon, wait_until
from tests.daemon.peer import Peer, an_insert, report_of, the_error
from wire.protocol import Buffer, Error, ErrorCode, Hello, PixelFormat, PixelFrame, encode
from wire.zmtp import Dealer, Phase, Plain

linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells how much a connection has received"
)
MORE, LONG = 1, 2
PING = b"\x04\x07\x04PING\x00\x00"  # a command of ZMTP 3.1, with no time to live


@contextlib.contextmanager
def raw_line(daemon: DaemonProcess) -> Iterator[socket.socket]:
    """A connection on which the handshake is done and any bytes can follow."""
    connection = daemon.wait_for_connection()
    host, _, port = str(connection["endpoint"]).removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port)), 10) as line:
        dealer = Dealer(Plain(b"insert-object", str(connection["token"]).encode()))
        while dealer.phase is not Phase.READY:
            for part in dealer.take_outgoing():
                line.sendall(part)
            dealer.receive(line.recv(4096))
        yield line


def resident(daemon: DaemonProcess) -> int:
    return int(psutil.Process(daemon.process.pid).memory_info().rss)


def framed(part: Buffer, flags: int) -> bytes:
    return struct.pack(">BQ", flags | LONG, len(part)) + bytes(part)


def works(peer: Peer) -> bool:
    return peer.ask(an_insert())[-1].TYPE == "done"


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 2**20, 2**40, 2**63, 2**64 - 1])
def test_a_frame_that_claims_a_terabyte_costs_nothing_but_its_connection(
    run_daemon_process: RunDaemon, size: int
) -> None:
    daemon = run_daemon_process()
    other = daemon.peer()
    before = resident(daemon)
    with raw_line(daemon) as line:
        line.sendall(struct.pack(">BQ", LONG, size) + b"only this")
        line.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            while line.recv(4096):
                pass
    assert works(other)
    assert resident(daemon) - before < 16 * 2**20


@linux_only
@pytest.mark.parametrize("silence", [0.0, 0.8], ids=["at once", "after a silence"])
@pytest.mark.parametrize(
    "part", [b"\x01\x00" * 500_000, struct.pack(">BQ", MORE | LONG, 2**20) + bytes(2**20)]
)
def test_a_message_that_never_ends_is_cut_off_while_it_grows(
    run_daemon_process: RunDaemon, part: bytes, silence: float
) -> None:
    daemon = run_daemon_process()
    other = daemon.peer()
    before = highest = resident(daemon)
    deadline = time.monotonic() + 30
    with raw_line(daemon) as line, contextlib.suppress(OSError):
        time.sleep(silence)
        line.settimeout(0.5)  # not every system tells a sender at once that nobody listens any more
        while time.monotonic() < deadline:
            line.sendall(part)
            highest = max(highest, resident(daemon))
    wait_until(lambda: "did not end" in daemon.log())
    assert time.monotonic() < deadline, "it was never cut off"
    assert highest - before < 2**30
    assert works(other)


@linux_only
def test_a_large_message_that_comes_slowly_is_not_cut_off(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    daemon.peer()
    reference = PixelFrame(2048, 2048, PixelFormat.RGBA8, bytes(2048 * 2048 * 4))
    request = an_insert(reference=reference)
    parts = encode(request)
    data = b"".join(framed(part, MORE if number < len(parts) - 1 else 0) for number, part in enumerate(parts))
    with raw_line(daemon) as line:
        for start in range(0, len(data), len(data) // 10 + 1):
            line.sendall(data[start : start + len(data) // 10 + 1])
            time.sleep(0.1)
        line.settimeout(5)
        assert b"hello" in line.recv(4096)  # it was read whole, and is refused for want of a hello
    assert "did not end" not in daemon.log()


def test_a_message_of_a_million_parts_is_refused_and_nothing_of_it_kept(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process()
    peer, other = daemon.peer(), daemon.peer()
    peer.send_raw([b"\x80", *[b""] * 60_000])
    error = peer.receive()
    assert isinstance(error, Error)
    assert error.code is ErrorCode.TOO_LARGE
    assert works(peer) and works(other)
    assert report_of(other)["requests_waiting"] == 0


def test_parts_that_are_too_large_together_are_refused_though_each_is_small_enough(
    run_daemon_process: RunDaemon,
) -> None:
    peer = run_daemon_process().peer()
    header = encode(an_insert())[0]
    peer.send_raw([header, *[bytes(MAX_MESSAGE_BYTES // (MAX_FRAMES - 1) + 1)] * (MAX_FRAMES - 1)])
    assert the_error([peer.receive()]).code is ErrorCode.TOO_LARGE
    assert works(peer)


def test_clients_that_send_one_byte_at_a_time_do_not_stop_others(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    other = daemon.peer()
    address = str(daemon.connection()["endpoint"]).removeprefix("tcp://").rpartition(":")
    with contextlib.ExitStack() as lines:
        silent = [
            lines.enter_context(socket.create_connection((address[0], int(address[2])), 5)) for _ in range(40)
        ]
        half = [lines.enter_context(raw_line(daemon)) for _ in range(10)]
        message = framed(bytes(encode(an_insert())[0]), MORE)
        slowest = 0.0
        for number in range(15):
            for line in silent:
                with contextlib.suppress(OSError):  # it may have had its five seconds
                    line.sendall(b"\0" if number else b"\xff")
            for line in half:
                line.sendall(message[number : number + 1])
            began = time.monotonic()
            assert works(other)
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1.0


@linux_only
def test_clients_that_ask_for_nothing_let_the_daemon_sleep(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    process = psutil.Process(daemon.process.pid)
    stays, goes = daemon.peer(), daemon.peer()
    assert works(stays) and works(goes)
    for _ in range(2):
        time.sleep(1.0)
        before = process.num_ctx_switches().voluntary
        time.sleep(3.0)
        assert process.num_ctx_switches().voluntary - before <= 2
        goes.close()
    assert works(stays)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_a_client_that_says_much_pings_and_vanishes_does_not_end_the_daemon(
    run_daemon_process: RunDaemon,
) -> None:
    """libzmq aborts when it must answer a PING behind messages that nobody had read when the line broke."""
    daemon = run_daemon_process()
    other = daemon.peer()
    hello = framed(encode(Hello("h", "a client"))[0], 0)
    with raw_line(daemon) as line:
        daemon.process.send_signal(signal.SIGSTOP)
        line.sendall((hello + PING) * 400)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # gone without goodbye
    daemon.process.send_signal(signal.SIGCONT)
    assert works(other)


def test_the_descriptors_of_clients_that_are_gone_are_closed(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    other = daemon.peer()
    process = psutil.Process(daemon.process.pid)
    before = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    for _ in range(20):
        with raw_line(daemon) as line:
            line.sendall(b"\x01\x05hello")
        peer = Peer(str(daemon.connection()["endpoint"]), str(daemon.connection()["token"]))
        peer.greet("passing by")
        peer.close()
    assert works(other)
    count = process.num_fds if hasattr(process, "num_fds") else process.num_handles
    wait_until(lambda: count() <= before + 2)
