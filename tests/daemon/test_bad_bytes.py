"""Damaged messages from a client that may speak: each costs itself, never the daemon."""

from __future__ import annotations

import random

import msgpack

from tests.daemon.conftest import RunDaemon, Serve
from tests.daemon.peer import an_insert
from wire.protocol import (
    Buffer,
    Cancel,
    Error,
    ErrorCode,
    Hello,
    StatusRequest,
    encode,
)

MESSAGES = 400


def damaged(chooser: random.Random) -> list[Buffer]:
    """A message with flipped bytes, lost or doubled frames, or fields of another kind."""
    message = chooser.choice(
        [an_insert(variations=1), Hello("h", "fuzz"), Cancel("c", "x"), StatusRequest("s")]
    )
    frames: list[Buffer] = [bytes(frame) for frame in encode(message)]
    kind = chooser.randrange(4)
    if kind == 0:
        header = bytearray(frames[0])
        for _ in range(chooser.randrange(1, 6)):
            header[chooser.randrange(len(header))] = chooser.randrange(256)
        frames[0] = bytes(header)
    elif kind == 1:
        frames[0] = bytes(frames[0])[: chooser.randrange(len(frames[0]))]
    elif kind == 2:
        frames = chooser.choice([frames[1:] or [b""], frames + frames, [frames[0], b"x"]])
    else:
        fields = msgpack.unpackb(frames[0])
        name = chooser.choice(list(fields))
        fields[name] = chooser.choice([None, -1, 2**63, "", "x" * 5000, [], {}, [1, 2], True, 0.5, b"\xff"])
        frames[0] = msgpack.packb(fields)
    return frames


def test_hundreds_of_damaged_messages_leave_the_daemon_as_it_was(serve: Serve) -> None:
    served = serve()
    hostile, other = served.peer(), served.peer()
    chooser = random.Random(1)
    for number in range(MESSAGES):
        hostile.send_raw(damaged(chooser))
        while (reply := hostile.receive_or_none(0)) is not None:
            if isinstance(reply, Error):
                assert reply.code is not ErrorCode.INTERNAL, reply
        if number % 100 == 0:
            assert other.ask(an_insert())[-1].TYPE == "done"
    assert other.ask(an_insert())[-1].TYPE == "done"
    assert served.thread.is_alive()


def test_what_a_client_calls_itself_cannot_pass_for_a_line_of_the_log(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process()
    daemon.peer(greeted="me\n2026-01-01 00:00:00,000 WARNING daemon: all is \x1b[31mlost\u202e")
    lines = [line for line in daemon.log().splitlines() if "all is" in line]
    assert lines
    assert all(r"me\n2026" in line and r"\x1b" in line and r"\u202e" in line for line in lines)
