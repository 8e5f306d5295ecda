"""Two computers and a cable: who taps it sees no picture, and who has no key gets nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.painting.scene import window_pixels
from daemon.serving.keys import KeyPair, KeyRing
from tests.daemon.peer import an_insert
from tests.program import run_program
from tests.security.namespaces import BOX_ADDRESS, DESK_ADDRESS, Network, network, why_not
from tests.security.studio import Desk, GpuBox, StudioProcess
from tests.stand_in_engine import stand_in_colour
from wire.protocol import MAX_WINDOW_PIXELS, ErrorCode, InsertObjectError, Rect, encode

PORT = 7411
BOX = f"tcp://{BOX_ADDRESS}:{PORT}"
PIECE = 24  # bytes in a row that would be no accident
STEP = 480  # from one piece that is looked for to the next


@pytest.fixture(scope="module")
def cable() -> Iterator[Network]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with network() as made:
        yield made


@pytest.fixture
def box(cable: Network, tmp_path: Path) -> Iterator[GpuBox]:
    made = GpuBox(tmp_path / "box", listen=BOX, prefix=cable.in_box)
    made.wait_for_connection()
    yield made
    made.end()


@pytest.fixture
def desk(box: GpuBox, cable: Network, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "desk", BOX, box.key.public, prefix=cable.in_desk)
    box.ring.allow("desk", made.ring.client().public)
    made.wait_for_connection()
    yield made
    made.end()


def run_at(desk: StudioProcess, cable: Network, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs ``insert-object`` on the desk's computer."""
    return run_program(desk.home, *map(str, arguments), inside=cable.in_desk)


def photo(path: Path) -> np.ndarray:
    """A picture of noise, so that each piece of it is like no other: uint8 (480, 640, 3)."""
    pixels = np.random.default_rng(3).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def pieces_seen(recording: bytes, secret: bytes) -> int:
    """How many pieces of a secret are in a recording."""
    starts = range(0, len(secret) - PIECE, STEP)
    return sum(secret[start : start + PIECE] in recording for start in starts)


def test_the_tap_does_see_what_is_not_encrypted(cable: Network, tmp_path: Path) -> None:
    secret = np.random.default_rng(3).bytes(30_000) + b"".join(map(bytes, encode(an_insert())))
    receiver = (
        "import socket, sys\n"
        f"with socket.create_server(({BOX_ADDRESS!r}, 7500)) as server:\n"
        "    print('ready', flush=True)\n"
        "    line, _ = server.accept()\n"
        "    while line.recv(65536): pass\n"
        "    line.close()\n"
    )
    sender = (
        f"import socket, sys; line = socket.create_connection(({BOX_ADDRESS!r}, 7500))\n"
        "line.sendall(sys.stdin.buffer.read())"
    )
    with (
        cable.tapped(tmp_path / "recording"),
        subprocess.Popen([*cable.in_box, sys.executable, "-c", receiver], stdout=subprocess.PIPE) as server,
    ):
        assert server.stdout is not None
        server.stdout.readline()
        subprocess.run([*cable.in_desk, sys.executable, "-c", sender], input=secret, check=True)
        server.wait(10)
    recording = (tmp_path / "recording").read_bytes()
    assert pieces_seen(recording, secret[:30_000]) > 0.9 * 30_000 / STEP  # some are cut by packets
    assert b"class_name" in recording and b"dog" in recording


def test_who_taps_the_cable_sees_no_pixel_no_token_and_no_class(
    cable: Network, box: GpuBox, desk: Desk, tmp_path: Path
) -> None:
    picture = photo(tmp_path / "photo.png")
    with cable.tapped(tmp_path / "recording"):
        done = run_at(
            desk,
            cable,
            *("insert", tmp_path / "photo.png", "--box", "200,150,200,160", "--class", "dog", "--seed", 5),
            *("-o", tmp_path / "out.png", "--layer", tmp_path / "layer.png"),
        )
        assert run_at(desk, cable, "classes").stdout.startswith("dog")
    assert done.returncode == 0, done.stderr
    colour = bytes(stand_in_colour("dog", 5, 0))
    layer = np.asarray(Image.open(tmp_path / "layer.png").convert("RGBA"))
    assert (layer[layer[..., 3] == 255][:, :3] == list(colour)).all()
    recording = (tmp_path / "recording").read_bytes()
    assert len(recording) > 200_000  # the scene went over the cable
    _, scene = window_pixels(picture, Rect(200, 150, 200, 160), MAX_WINDOW_PIXELS)
    assert pieces_seen(recording, bytes(scene.data)) == 0
    assert pieces_seen(recording, picture.tobytes()) == 0
    assert (colour + b"\xff") * 8 not in recording
    secrets = [b"dog", b"Dog", b"class_name", b"insert-object", b"stand-in"]
    secrets += [str(process.connection()["token"]).encode() for process in (box, desk)]
    for pair in (box.key, desk.ring.client()):
        secrets += [pair.secret, pair.secret.hex().encode(), pair.public.hex().encode()]
    secrets.append(desk.ring.client().public)  # not even who is calling can be told
    # three letters come up by accident: in a recording of N random bytes about N / 2^24 times
    assert not [secret for secret in secrets if len(secret) > 4 and secret in recording]
    assert sum(recording.count(word) for word in (b"dog", b"Dog")) <= 2


def test_a_client_with_a_key_that_is_not_allowed_gets_nothing(
    cable: Network, box: GpuBox, tmp_path: Path
) -> None:
    stranger = Desk(tmp_path / "stranger", BOX, box.key.public, prefix=cable.in_desk)
    try:
        stranger.wait_for_connection()
        found = run_at(stranger, cable, "classes")
        assert found.returncode == 2
        assert "does not let this one in" in found.stderr
        assert "dog" not in found.stdout + found.stderr
        assert "says hello" not in box.log()
        assert box.log().count("a key that is not allowed") == 1
        box.ring.allow("stranger", stranger.ring.client().public)
        assert run_at(stranger, cable, "classes").stdout.startswith("dog")
    finally:
        stranger.end()


def test_a_server_that_cannot_prove_its_key_is_not_trusted_with_anything(
    cable: Network, tmp_path: Path
) -> None:
    impostor = GpuBox(tmp_path / "impostor", listen=BOX, prefix=cable.in_box)
    right_key = KeyPair.new().public
    deceived = Desk(tmp_path / "desk", BOX, right_key, prefix=cable.in_desk)
    try:
        impostor.wait_for_connection()
        deceived.wait_for_connection()
        impostor.ring.allow("desk", deceived.ring.client().public)  # the impostor is eager
        photo(tmp_path / "photo.png")
        with cable.tapped(tmp_path / "recording"):
            found = run_at(
                deceived,
                cable,
                *("insert", tmp_path / "photo.png", "--box", "200,150,200,160", "--class", "dog"),
                *("-o", tmp_path / "out.png"),
            )
        assert found.returncode == 2, deceived.log()
        assert "not the computer whose key you gave" in found.stderr
        assert not (tmp_path / "out.png").exists()
        assert "says hello" not in impostor.log()
        assert len((tmp_path / "recording").read_bytes()) < 20_000  # greetings and first messages
    finally:
        deceived.end()
        impostor.end()


_PLAIN_PEER = """
import sys, zmq
context = zmq.Context()
for user, password in ((None, None), ("insert-object", sys.argv[2])):
    peer = context.socket(zmq.DEALER)
    peer.setsockopt(zmq.LINGER, 0)
    if user:
        peer.plain_username, peer.plain_password = user.encode(), password.encode()
    peer.connect(sys.argv[1])
    try:
        peer.send(bytes.fromhex(sys.argv[3]), zmq.NOBLOCK)
    except zmq.Again:
        pass
    print(peer.poll(800))
    peer.close()
context.term()
"""


def test_a_peer_without_encryption_is_refused_even_with_the_token(cable: Network, box: GpuBox) -> None:
    token = str(box.connection()["token"])
    message = bytes(encode(an_insert())[0]).hex()
    asked = subprocess.run(
        [*cable.in_desk, sys.executable, "-c", _PLAIN_PEER, BOX, token, message],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert asked.stdout.split() == ["0", "0"]
    assert "no handshake of ours" in box.log()


def _address(text: str) -> tuple[str, int]:
    """An address as /proc/net/tcp writes it."""
    host, _, port = text.partition(":")
    return ".".join(str(part) for part in reversed(bytes.fromhex(host))), int(port, 16)


def test_the_loopbacks_door_is_not_to_be_had_from_the_network(cable: Network, box: GpuBox) -> None:
    shown = subprocess.run(
        [*cable.in_box, "cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in shown.stdout.splitlines()]
    listening = {_address(line[1]) for line in lines if line[3] == "0A"}
    local = int(str(box.connection()["endpoint"]).rpartition(":")[2])
    assert listening == {("127.0.0.1", local), (BOX_ADDRESS, PORT)}
    knock = f"import socket; socket.create_connection(({BOX_ADDRESS!r}, {local}), 2)"
    tried = subprocess.run(
        [*cable.in_desk, sys.executable, "-c", knock], capture_output=True, text=True, check=False
    )
    assert "ConnectionRefusedError" in tried.stderr


@pytest.mark.slow
def test_a_cut_cable_is_noticed_within_fifteen_seconds(cable: Network, desk: Desk) -> None:
    assert run_at(desk, cable, "classes").returncode == 0
    subprocess.run([*cable.in_box, "ip", "link", "set", cable.interface, "down"], check=True)
    try:
        began = time.monotonic()
        while json.loads(run_at(desk, cable, "daemon", "status", "--json").stdout)["state"] == "ready":
            assert time.monotonic() - began < 16
        assert "cannot be reached" in run_at(desk, cable, "classes").stderr
    finally:
        subprocess.run([*cable.in_box, "ip", "link", "set", cable.interface, "up"], check=True)
    assert run_at(desk, cable, "classes").stdout.startswith("dog")


def test_listening_on_the_network_is_impossible_without_a_key(cable: Network, tmp_path: Path) -> None:
    home = tmp_path / "keyless"
    found = run_program(home, "daemon", "run", "--listen", BOX, inside=cable.in_box, seconds=30)
    assert found.returncode == 2
    assert found.stderr.splitlines() == [
        "insert-object: This computer has no such key yet. Make one: insert-object daemon keys server"
    ]
    with pytest.raises(InsertObjectError) as refused:
        KeyRing(home / "data" / "remote").server()
    assert refused.value.code is ErrorCode.BAD_REQUEST
    assert DESK_ADDRESS not in found.stderr
