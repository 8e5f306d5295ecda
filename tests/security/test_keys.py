"""Keys: made, shown, allowed and withdrawn; and what cannot be done without one."""

from __future__ import annotations

import contextlib
import json
import stat
import threading
import time
from pathlib import Path

import pytest
import zmq

from daemon.command_line import main
from daemon.commands import doctor
from daemon.home.folders import Folders
from daemon.home.private_files import PrivateFileError
from daemon.remote.upstream import Upstream, read_upstream
from daemon.serving.address import Address, BadAddress
from daemon.serving.guest_list import LEAST_PAUSE_SECONDS, GuestList
from daemon.serving.keys import KeyPair, KeyProblem, KeyRing, public_key
from tests.conftest import RunCli
from tests.daemon.conftest import wait_until
from tests.daemon.peer import Peer, an_insert, new_id, report_of, the_error
from tests.security.conftest import OpenBox, OpenDesk, posix
from wire.protocol import (
    Error,
    ErrorCode,
    Shutdown,
    StatusRequest,
    Welcome,
    decode_request,
    encode,
)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "remote")


# --- Files ------------------------------------------------------------------------------------------


@posix
def test_a_secret_key_lies_in_a_private_file_and_is_shown_nowhere(ring: KeyRing) -> None:
    pair = ring.new_server()
    assert ring.server() == pair
    assert stat.S_IMODE(ring.server_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(ring.server_file.parent.stat().st_mode) == 0o700
    assert pair.secret.hex() not in f"{pair!r} {pair} {ring!r}"
    assert repr(pair.secret) not in repr(pair)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_secret_key_that_others_could_read_is_not_used(ring: KeyRing, mode: int) -> None:
    ring.new_client()
    ring.client_file.chmod(mode)
    with pytest.raises(PrivateFileError, match="open to other users"):
        ring.client()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"public": 1, "secret": 2}', b"\xff", b"x" * 100])
def test_a_damaged_key_is_told_without_a_word_of_what_it_holds(ring: KeyRing, content: bytes) -> None:
    ring.new_server()
    ring.server_file.write_bytes(content)
    with pytest.raises(KeyProblem, match="damaged") as told:
        ring.server()
    assert told.value.__cause__ is None


def test_half_a_secret_never_appears_in_the_chain_of_errors(ring: KeyRing) -> None:
    secret = ring.new_server().secret.hex()
    ring.server_file.write_text(json.dumps({"public": secret, "secret": secret[:-2]}))
    with pytest.raises(KeyProblem) as told:
        ring.server()
    error: BaseException | None = told.value
    assert secret[:20] not in str(error) and told.value.__suppress_context__


def test_each_key_is_a_new_one(ring: KeyRing) -> None:
    assert len({ring.new_server().secret for _ in range(20)}) == 20


@posix
def test_a_client_key_that_somebody_else_could_have_written_lets_nobody_in(
    ring: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    key = KeyPair.new().public
    ring.allow("desk", key)
    with contextlib.closing(GuestList(ring.allowed)) as guests:
        assert guests.lets_in(key, time.monotonic())
        (ring.clients_folder / "desk.key").chmod(0o666)
        shown = time.monotonic()
        wait_until(lambda: guests.lets_in(key, shown) is False, 5)
    assert sum("No other computer can come in" in record.message for record in caplog.records) == 1


def test_unknown_keys_are_looked_up_by_a_thread_of_its_own_and_not_once_for_each() -> None:
    readers: list[int] = []

    def read() -> dict[bytes, str]:
        readers.append(threading.get_ident())
        return {}

    with contextlib.closing(GuestList(read)) as guests:
        began = time.monotonic()
        assert {guests.lets_in(KeyPair.new().public, began) for _ in range(1000)} == {None}
        wait_until(lambda: guests.lets_in(KeyPair.new().public, began) is False, 5)
    own, *others = readers  # the first look is before anybody can ask
    assert own == threading.get_ident() and own not in others
    assert len(others) <= 2 + (time.monotonic() - began) / LEAST_PAUSE_SECONDS


def test_a_key_that_is_allowed_while_its_client_knocks_opens() -> None:
    key = KeyPair.new().public
    names: dict[bytes, str] = {}
    with contextlib.closing(GuestList(lambda: dict(names))) as guests:
        shown = time.monotonic()
        names[key] = "desk"
        wait_until(lambda: guests.lets_in(key, shown) is not None, 5)
        assert guests.lets_in(key, shown) is True


def test_files_that_are_no_keys_count_for_nothing(ring: KeyRing) -> None:
    key = KeyPair.new().public
    ring.allow("desk", key)
    for name, content in (("note.txt", "hello"), ("empty.key", ""), (".hidden.key", key.hex())):
        path = ring.clients_folder / name
        path.write_text(content)
        path.chmod(0o600)
    assert ring.allowed() == {key: "desk"}


@pytest.mark.parametrize("name", ["", "../up", "a/b", "x" * 65, ".dot", "a b", "ä"])
def test_a_clients_name_cannot_lead_out_of_the_folder(ring: KeyRing, name: str) -> None:
    with pytest.raises(KeyProblem, match="not a name"):
        ring.allow(name, KeyPair.new().public)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 66, "\0" * 64])
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyProblem):
        public_key(text)


# --- Addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://gpu-box:7411", "tcp://gpu-box:7411"),
        ("192.168.1.20:7411", "tcp://192.168.1.20:7411"),
        ("tcp://[fd00::7]:7411", "tcp://[fd00::7]:7411"),
        (" tcp://*:7411 ", "tcp://0.0.0.0:7411"),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, endpoint: str) -> None:
    assert Address.parse(text).endpoint == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpu-box",
        "tcp://gpu-box",
        "tcp://gpu-box:0",
        "gpu-box:70000",
        "ipc:///tmp/x",
        "a:1;tcp://b:2",
        "[x]:1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(text)


# --- Commands ---------------------------------------------------------------------------------------


def test_the_commands_lead_from_nothing_to_a_studio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def at(place: str, *command: str) -> str:
        monkeypatch.setenv("INSERT_OBJECT_HOME", str(tmp_path / place))
        assert main(["daemon", *command]) == 0
        return capsys.readouterr().out.strip()

    server = at("box", "keys", "server")
    assert at("box", "keys", "server") == server
    client = at("desk", "keys", "client")
    assert at("box", "keys", "allow", "desk", client) == "desk may use this computer."
    assert at("box", "keys", "list") == f"desk  {client}"
    at("desk", "upstream", "tcp://gpu-box:7411", "--server-key", server)
    assert at("desk", "upstream") == f"tcp://gpu-box:7411  {server}"
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "desk")})
    assert read_upstream(folders.upstream_file) == Upstream(Address("gpu-box", 7411), bytes.fromhex(server))
    assert at("desk", "upstream", "none") == "This computer makes the objects itself."
    assert at("desk", "upstream") == "This computer itself."
    assert at("box", "keys", "forbid", "desk") == "desk may not use this computer any more."
    assert at("box", "keys", "list") == "No other computer may use this one."
    assert at("box", "keys", "server", "--renew") != server


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("run", "--listen", "tcp://0.0.0.0:7411"), "has no such key yet"),
        (("run", "--listen", "nonsense"), "has no such key yet"),
        (("run", "--upstream", "tcp://gpu-box:7411"), "Without its key"),
        (("run", "--upstream", "tcp://gpu-box:7411", "--server-key", "00" * 32), "has no such key yet"),
        (("run", "--listen", "tcp://:1", "--upstream", "tcp://b:2"), "cannot both listen"),
        (("upstream", "tcp://gpu-box:7411"), "Without its key"),
        (("upstream", "gpu-box", "--server-key", "00" * 32), "does not name a computer"),
        (("keys", "allow", "desk", "12"), "This is not a key"),
        (("keys", "forbid", "desk"), "No client is called desk"),
    ],
)
@pytest.mark.usefixtures("insert_object_home")
def test_what_is_missing_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], told: str
) -> None:
    assert main(["daemon", *command]) == 2
    said = capsys.readouterr().err
    assert told in said and len(said.splitlines()) == 1


@pytest.mark.usefixtures("insert_object_home")
def test_the_same_key_is_not_allowed_under_two_names(capsys: pytest.CaptureFixture[str]) -> None:
    key = KeyPair.new().shown
    assert main(["daemon", "keys", "allow", "desk", key]) == 0
    assert main(["daemon", "keys", "allow", "other", key]) == 2
    assert "already, as desk" in capsys.readouterr().err
    assert main(["daemon", "keys", "allow", "desk", key]) == 0


def test_a_daemon_that_a_plug_in_starts_forwards_once_that_is_set(
    open_box: OpenBox, run_cli: RunCli, insert_object_home: Path
) -> None:
    box = open_box()
    folders = Folders.default({"INSERT_OBJECT_HOME": str(insert_object_home)})
    box.ring.allow("desk", KeyRing(folders.remote).new_client().public)
    run_cli("daemon", "upstream", box.endpoint, "--server-key", box.key.shown)
    assert run_cli("classes").stdout.startswith("dog")  # starts the daemon as the plug-ins do
    assert run_cli("daemon", "stop").returncode == 0
    assert run_cli("daemon", "stop").stdout == "The service does not run.\n"


def test_doctor_says_which_computer_makes_the_objects_even_if_no_daemon_runs(
    insert_object_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "find_editors", lambda *_: [])
    folders = Folders.default({"INSERT_OBJECT_HOME": str(insert_object_home)})
    assert doctor.examine(folders).values["objects_are_made_by"] == "this computer"
    Upstream(Address("gpu-box", 7411), bytes(32)).write(folders.upstream_file)
    found = doctor.examine(folders)  # there is no key to come with yet
    assert any("daemon keys client" in problem for problem in found.problems)
    KeyRing(folders.remote).new_client()
    assert doctor.examine(folders).values["objects_are_made_by"] == "gpu-box:7411"
    folders.upstream_file.write_text("{}")
    assert any("is damaged" in problem for problem in doctor.examine(folders).problems)


@posix
def test_a_setting_that_others_could_have_written_is_not_followed(
    run_cli: RunCli, insert_object_home: Path
) -> None:
    folders = Folders.default({"INSERT_OBJECT_HOME": str(insert_object_home)})
    Upstream(Address("gpu-box", 7411), bytes(32)).write(folders.upstream_file)
    folders.upstream_file.chmod(0o666)
    done = run_cli("daemon", "run")
    assert done.returncode == 2 and "open to other users" in done.stderr


# --- Who comes in -----------------------------------------------------------------------------------


def test_a_key_that_is_withdrawn_opens_nothing_from_then_on(open_box: OpenBox) -> None:
    box = open_box("--stage-seconds", 0.01)
    keys = KeyPair.new()
    box.ring.allow("desk", keys.public)
    inside = box.remote_peer(keys)
    assert isinstance(inside.greet("desk"), Welcome)
    box.ring.forbid("desk")
    wait_until(lambda: inside.ask(an_insert())[-1].TYPE == "error", 3)
    assert the_error(inside.ask(an_insert())).code is ErrorCode.UNAUTHORISED
    late = box.remote_peer(keys)
    late.try_to_send(an_insert())
    assert late.receive_or_none(0.5) is None


def test_a_desk_that_was_refused_comes_in_as_soon_as_its_key_is_allowed(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box()
    desk = open_desk(box, allowed=False)
    peer = desk.peer(greeted="")
    refused = peer.greet("test")
    assert isinstance(refused, Error) and refused.code is ErrorCode.UNAUTHORISED
    assert "keys client" in refused.hint
    box.ring.allow("desk", desk.ring.client().public)
    assert isinstance(peer.greet("test"), Welcome)
    assert "allowed" in box.log() and desk.ring.client().shown not in box.log()


def test_a_renewed_server_key_is_told_and_the_new_one_taken(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box, server_key=KeyPair.new().public)
    error = desk.peer(greeted="").greet("test")
    assert isinstance(error, Error) and "not the computer whose key you gave" in error.sentence
    assert "Nothing was sent" in error.sentence and "says hello" not in box.log()


def test_other_computers_can_neither_end_the_daemon_nor_see_where_its_files_are(open_box: OpenBox) -> None:
    box = open_box()
    keys = KeyPair.new()
    box.ring.allow("desk", keys.public)
    remote = box.remote_peer(keys)
    remote.greet("desk")
    assert the_error(remote.ask(Shutdown(new_id()))).code is ErrorCode.UNAUTHORISED
    report = json.dumps(report_of(remote))
    assert str(box.home) not in report and "clients_allowed" not in report
    assert str(box.home) in json.dumps(report_of(box.peer()))
    assert box.process.poll() is None


def test_two_programs_of_different_versions_say_so(open_desk: OpenDesk) -> None:
    pair = KeyPair.new()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    newer = context.socket(zmq.ROUTER)
    newer.setsockopt(zmq.LINGER, 0)
    newer.setsockopt(zmq.CURVE_SERVER, 1)
    newer.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
    newer.bind("tcp://127.0.0.1:*")
    try:
        endpoint = newer.getsockopt_string(zmq.LAST_ENDPOINT)
        desk = open_desk(None, endpoint=endpoint, server_key=pair.public)
        assert newer.poll(5000)
        client, *frames = newer.recv_multipart()
        hello = decode_request(frames)
        answer = Error(hello.id, ErrorCode.VERSION, "The plug-in speaks version 1, the service 2.", "")
        newer.send_multipart([client, *encode(answer)])
        peer = desk.peer(greeted="")
        wait_until(lambda: report_of(peer)["state"] == "failed", 5)
        assert "of different versions" in str(report_of(peer)["error"])
    finally:
        newer.close()
        context.term()


def test_a_desk_without_a_connection_still_answers_its_status_at_once(open_desk: OpenDesk) -> None:
    desk = open_desk(None, endpoint="tcp://127.0.0.1:9", server_key=KeyPair.new().public)
    peer: Peer = desk.peer(greeted="")
    began = time.monotonic()
    assert peer.ask(StatusRequest(new_id()))[-1].TYPE == "status"
    assert time.monotonic() - began < 1
