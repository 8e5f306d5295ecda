"""What the pure-Python client costs on the wire: round trips against libzmq's own client, in turns."""

from __future__ import annotations

import socket as sockets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from benchmarks.measure import Timing
from wire.channel import Channel, Waker

MEGABYTES = (1, 4, 16, 64)  # of payload; the daemon takes frames of at most 64 MiB
HEADER = b"a header as long as that of an insertion" * 6
_ROOT = str(Path(__file__).resolve().parents[1])


def wire_times(megabytes: int, repeats: int) -> tuple[Timing, Timing, float]:
    """Round trips of one payload through an echo in a process of its own, ours and libzmq's in turns.

    Both are without security, which costs nothing once the handshake is done.

    Returns:
        Our client's times, libzmq's, and the median of their ratios, pair by pair: on a busy computer both
        of a pair meet the same neighbours.
    """
    payload = bytes(megabytes * 1_000_000)
    with _echo() as port, _our_client(port) as ours, _libzmq_client(port) as theirs:
        for client in (ours, theirs):
            for _ in range(3):
                client(payload)
        pairs = [(_seconds(ours, payload), _seconds(theirs, payload)) for _ in range(repeats)]
    our_times, their_times = zip(*pairs, strict=True)
    return Timing(our_times), Timing(their_times), statistics.median(a / b for a, b in pairs)


def _seconds(client: Callable[[bytes], int], payload: bytes) -> float:
    began = time.perf_counter()
    size = client(payload)
    taken = time.perf_counter() - began
    if size != len(payload):
        raise RuntimeError(f"{size} bytes came back of {len(payload)}")
    return taken


@contextmanager
def _our_client(port: int) -> Iterator[Callable[[bytes], int]]:
    waker = Waker()
    with Channel(("127.0.0.1", port), None, waker) as channel:
        while not channel.is_ready:
            channel.pump(1.0)

        def ask(payload: bytes) -> int:
            channel.send([HEADER, payload])
            while not (messages := channel.pump(10.0)):
                pass
            return len(messages[0][1])

        yield ask
    waker.close()


@contextmanager
def _libzmq_client(port: int) -> Iterator[Callable[[bytes], int]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.connect(f"tcp://127.0.0.1:{port}")

    def ask(payload: bytes) -> int:
        dealer.send_multipart([HEADER, payload], copy=False)
        return len(dealer.recv_multipart(copy=False)[1])

    yield ask
    context.destroy(linger=0)


@contextmanager
def _echo() -> Iterator[int]:
    """A process whose ROUTER sends back what it gets; its port."""
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.wire", str(port)], cwd=_ROOT)
    try:
        _wait_for_listener(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for_listener(port: int, patience: float = 20.0) -> None:
    """Waits until somebody listens there."""
    deadline = time.monotonic() + patience
    while True:
        with sockets.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the echo did not start")
        time.sleep(0.02)


def _serve(port: int) -> None:
    router: zmq.Socket[bytes] = zmq.Context().socket(zmq.ROUTER)
    router.bind(f"tcp://127.0.0.1:{port}")
    while True:
        router.send_multipart(router.recv_multipart(copy=False), copy=False)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
