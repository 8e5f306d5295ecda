"""The ZMTP state machine on its own: whatever way the bytes are cut, and whatever they are."""

from __future__ import annotations

import random
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import zmtp
from wire.zmtp import Dealer, Phase, Plain

PLAIN = Plain(b"insert-object", b"secret")
ROUTER_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00"


def greeting(mechanism: bytes = b"NULL", *, version: bytes = b"\x03\x01") -> bytes:
    return b"\xff" + bytes(7) + b"\x01\x7f" + version + mechanism.ljust(20, b"\0") + bytes(32)


def frame(body: bytes, flags: int = 0) -> bytes:
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return struct.pack(">BQ", flags | 2, len(body)) + body


def message(*bodies: bytes) -> bytes:
    return b"".join(frame(body, int(body_no < len(bodies) - 1)) for body_no, body in enumerate(bodies))


def command(body: bytes) -> bytes:
    return frame(body, 4)


def ready_dealer(max_message_bytes: int = zmtp.DEFAULT_MAX_MESSAGE_BYTES) -> Dealer:
    dealer = Dealer(max_message_bytes=max_message_bytes)
    assert dealer.receive(greeting() + command(ROUTER_READY)) == []
    assert dealer.phase is Phase.READY
    dealer.take_outgoing()
    return dealer


def written(dealer: Dealer) -> bytes:
    return b"".join(bytes(part) for part in dealer.take_outgoing())


MESSAGES = [
    [b"short"],
    [b""],
    [b"header", b"x" * 255, b"y" * 256, b""],
    [b"long", bytes(range(256)) * 300],
]
CONVERSATION = (
    greeting(b"PLAIN")
    + command(b"\x07WELCOME")
    + command(ROUTER_READY)
    + b"".join(message(*frames) for frames in MESSAGES)
)


def test_messages_arrive_whole_when_bytes_come_one_by_one() -> None:
    dealer = Dealer(PLAIN)
    arrived = [frames for byte in CONVERSATION for frames in dealer.receive(bytes([byte]))]
    assert arrived == MESSAGES


def test_messages_arrive_whole_for_every_split_in_two() -> None:
    conversation = CONVERSATION[:1100] + message(b"end", b"z" * 300)
    expected = Dealer(PLAIN).receive(conversation)
    assert len(expected) >= 3
    for split in range(len(conversation) + 1):
        dealer = Dealer(PLAIN)
        assert dealer.receive(conversation[:split]) + dealer.receive(conversation[split:]) == expected


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.binary(max_size=600), min_size=1, max_size=4), max_size=4),
    st.integers(0, 2**32),
    st.integers(1, 400),
)
def test_messages_arrive_whole_however_they_are_cut(
    messages: list[list[bytes]], seed: int, longest: int
) -> None:
    stream = b"".join(message(*frames) for frames in messages)
    generator = random.Random(seed)
    dealer = ready_dealer()
    arrived = []
    while stream:
        count = generator.randint(1, longest)
        arrived += dealer.receive(stream[:count])
        stream = stream[count:]
    assert arrived == messages


def test_a_long_frame_is_read_into_its_own_memory() -> None:
    dealer = ready_dealer()
    size = 3_000_000
    dealer.receive(struct.pack(">BQ", 2, size))
    room = dealer.receive_buffer()
    assert len(room) >= 1_000_000
    room[:] = b"\x07" * len(room)
    filled = len(room)
    assert dealer.received(filled) == []
    [[body]] = dealer.receive(b"\x07" * (size - filled))
    assert body == b"\x07" * size


def test_a_claimed_size_takes_memory_only_as_bytes_arrive() -> None:
    dealer = ready_dealer()
    tracemalloc.start()
    try:
        dealer.receive(struct.pack(">BQ", 2, 500_000_000) + b"only this")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [1001, 2**40, 2**63, 2**64 - 1])
def test_a_frame_over_the_limit_is_refused_at_its_header(size: int) -> None:
    dealer = ready_dealer(max_message_bytes=1000)
    with pytest.raises(zmtp.MessageTooLarge):
        dealer.receive(struct.pack(">BQ", 2, size))
    assert dealer.phase is Phase.FAILED


def test_the_limit_counts_all_frames_of_a_message_and_starts_anew_with_the_next() -> None:
    dealer = ready_dealer(max_message_bytes=1000)
    for _ in range(3):
        assert len(dealer.receive(message(b"a" * 600, b"b" * 400))) == 1
    with pytest.raises(zmtp.MessageTooLarge):
        dealer.receive(message(b"a" * 600, b"b" * 401))


def test_endless_empty_frames_are_refused() -> None:
    with pytest.raises(zmtp.MessageTooLarge):
        ready_dealer().receive(b"\x01\x00" * 100_000)


def test_a_huge_command_is_refused() -> None:
    with pytest.raises(zmtp.MessageTooLarge):
        Dealer().receive(greeting() + struct.pack(">BQ", 6, 100_000))


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x01\x00", b"\xff" + b"\x00" * 9],
)
def test_a_peer_of_another_protocol_is_known_from_its_first_bytes(answer: bytes) -> None:
    with pytest.raises(zmtp.NotZmtp):
        Dealer(PLAIN).receive(answer)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_peer_of_an_older_version_is_refused_without_waiting_for_a_whole_greeting(version: int) -> None:
    with pytest.raises(zmtp.UnsupportedVersion):
        Dealer().receive(greeting()[:10] + bytes([version]))


@pytest.mark.parametrize("version", [b"\x03\x00", b"\x03\x01", b"\x03\x07", b"\x04\x00"])
def test_a_peer_of_a_newer_version_is_spoken_to_in_version_3(version: bytes) -> None:
    dealer = Dealer()
    dealer.receive(greeting(version=version))
    assert written(dealer)[10:12] == b"\x03\x00"
    assert dealer.phase is Phase.HANDSHAKE


@pytest.mark.parametrize(
    ("security", "offered"), [(PLAIN, b"NULL"), (PLAIN, b"CURVE"), (None, b"PLAIN"), (None, b"")]
)
def test_another_security_mechanism_is_refused(security: Plain | None, offered: bytes) -> None:
    dealer = Dealer(security)
    dealer.take_outgoing()
    with pytest.raises(zmtp.SecurityMismatch):
        dealer.receive(greeting(offered))
    assert dealer.take_outgoing() == [], "the password must not leave for such a peer"


@pytest.mark.parametrize("refusal", [b"\x05ERROR\x03400", b"^RROR\x03400", b"\x05ERROR", b"\x05ERROR\xffx"])
def test_an_error_in_the_handshake_means_access_denied(refusal: bytes) -> None:
    dealer = Dealer(PLAIN)
    with pytest.raises(zmtp.AccessDenied):
        dealer.receive(greeting(b"PLAIN") + command(refusal))


@pytest.mark.parametrize(
    "bytes_after_greeting",
    [
        command(b"\x07WELCOME"),
        message(b"too early"),
        command(b""),
        command(b"\x09READY"),
        command(b"\x05READY\x0bSocket-Type\x00\x00\x00\xffROUTER"),
        command(b"\x05READY\x0bSocket-Type"),
        command(b"\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"),
        command(b"\x05READY"),
        b"\x08\x00",
        b"\x05\x00",
        b"\xff\xff",
    ],
)
def test_what_breaks_the_handshake_is_a_protocol_violation(bytes_after_greeting: bytes) -> None:
    dealer = Dealer()
    with pytest.raises(zmtp.ProtocolViolation):
        dealer.receive(greeting() + bytes_after_greeting)


def test_a_plain_peer_may_not_skip_the_password() -> None:
    with pytest.raises(zmtp.ProtocolViolation):
        Dealer(PLAIN).receive(greeting(b"PLAIN") + command(ROUTER_READY))


def test_a_failed_conversation_stays_failed() -> None:
    dealer = Dealer()
    for _ in range(2):
        with pytest.raises(zmtp.NotZmtp):
            dealer.receive(b"HTTP")


def test_a_ping_is_answered_with_its_context_even_inside_a_message() -> None:
    dealer = ready_dealer()
    assert dealer.receive(frame(b"one", 1) + command(b"\x04PING\x00\x10context") + frame(b"two")) == [
        [b"one", b"two"]
    ]
    assert written(dealer) == command(b"\x04PONGcontext")


def test_a_flood_of_pings_does_not_pile_up_answers() -> None:
    dealer = ready_dealer()
    for number in range(1000):
        dealer.receive(command(b"\x04PING\x00\x10" + bytes([number % 256])))
    assert written(dealer) == command(b"\x04PONG" + bytes([999 % 256]))


def test_commands_that_are_not_known_are_passed_over_once_the_conversation_is_on() -> None:
    dealer = ready_dealer()
    assert dealer.receive(command(b"\x04PONG") + command(b"\x06FUTURE!") + message(b"m")) == [[b"m"]]


@pytest.mark.parametrize("body", [b"\x04PING", b"\x04PING\x00", b"\x04PING\x00\x00" + bytes(17)])
def test_a_ping_of_the_wrong_size_is_a_protocol_violation(body: bytes) -> None:
    with pytest.raises(zmtp.ProtocolViolation):
        ready_dealer().receive(command(body))


def test_sending_writes_the_frames_of_the_specification() -> None:
    dealer = ready_dealer()
    frames = [b"", b"a" * 255, b"b" * 256, b"c" * 70_000]
    dealer.send(frames)
    assert written(dealer) == message(*frames)


def test_long_frames_are_sent_from_their_own_memory() -> None:
    pixels = bytearray(1_000_000)
    dealer = ready_dealer()
    dealer.send([b"header", memoryview(pixels).cast("B", (1000, 1000))])
    views = [part for part in dealer.take_outgoing() if isinstance(part, memoryview)]
    pixels[5] = 9
    assert [view.nbytes for view in views] == [1_000_000]
    assert views[0][5] == 9


def test_sending_before_the_handshake_ends_or_nothing_at_all_is_refused() -> None:
    with pytest.raises(zmtp.NotReady):
        Dealer().send([b"early"])
    with pytest.raises(ValueError, match="at least one frame"):
        ready_dealer().send([])


def test_the_password_is_sent_only_after_the_peer_said_it_speaks_plain() -> None:
    dealer = Dealer(PLAIN)
    assert b"secret" not in written(dealer)
    dealer.receive(greeting(b"PLAIN"))
    assert written(dealer) == command(b"\x05HELLO\x0dinsert-object\x06secret")


def test_a_password_never_shows_in_a_representation() -> None:
    assert "secret" not in repr(PLAIN)


def test_a_password_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        Plain(b"name", b"x" * 256)


PREFIXES = [b"", greeting(), greeting(b"PLAIN"), greeting() + command(ROUTER_READY)]
PIECES = st.one_of(
    st.binary(max_size=40),
    st.builds(frame, st.binary(max_size=300), st.sampled_from([0, 1, 4])),
    st.sampled_from([command(b"\x04PING\x00\x00x"), command(b"\x07WELCOME"), command(ROUTER_READY)]),
    st.builds(
        lambda flags, size: struct.pack(">BQ", flags, size), st.integers(0, 255), st.integers(0, 2**64 - 1)
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PREFIXES), st.lists(PIECES, max_size=8), st.booleans())
def test_arbitrary_bytes_end_in_messages_or_a_zmtp_error(
    prefix: bytes, pieces: list[bytes], plain: bool
) -> None:
    dealer = Dealer(PLAIN if plain else None, max_message_bytes=10_000)
    try:
        for piece in [prefix, *pieces]:
            for frames in dealer.receive(piece):
                assert sum(map(len, frames)) <= 10_000
            dealer.take_outgoing()
    except zmtp.ZmtpError:
        assert dealer.phase is Phase.FAILED
