"""A second user on the same computer, a real one: what can be read, reached, planted and taken over."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from daemon.home.private_files import PrivateFileError, make_private_folder, read_private_file
from tests.daemon.conftest import DaemonProcess
from tests.daemon.peer import an_insert, report_of
from tests.program import ROOT, program_environment
from tests.security.conftest import needs_root
from tests.security.studio import PROGRAM, Desk, GpuBox
from wire.connection import ConnectionUnavailable, read_connection

pytestmark = needs_root
NOBODY, PAINTER = 65534, 54321

# Everything is imported first: our Python may lie where another user cannot go.
_AS_USER = f"""
import json, os, pathlib, socket, stat, sys, time, zmq
sys.path.insert(0, {str(ROOT)!r})
import encodings.ascii, encodings.idna, tests.daemon.peer
from wire.session import Session
from wire.connection import Config, is_gone
from wire.protocol import InsertObjectError
os.setgroups([])
os.setgid(%d)
os.setuid(%d)
"""


def start_as(user: int, script: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts a script as another user."""
    return subprocess.Popen(
        [sys.executable, "-c", _AS_USER % (user, user) + script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def run_as(user: int, script: str, *arguments: object) -> str:
    """Runs a script as another user; what it prints."""
    with start_as(user, script, *arguments) as process:
        try:
            output, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, errors
    return str(output)


def as_nobody(script: str, *arguments: object) -> str:
    return run_as(NOBODY, script, *arguments)


@pytest.fixture
def commons() -> Iterator[Path]:
    """A folder that everybody may enter and nobody owns alone, like /tmp."""
    made = Path(tempfile.mkdtemp(prefix="insert-object-commons-"))
    made.chmod(0o1777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def daemon(commons: Path) -> Iterator[DaemonProcess]:
    """A daemon whose home lies where others can look; started with the most generous umask."""
    (commons / "home").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        made = DaemonProcess(commons / "home")
        made.wait_for_connection()
    finally:
        os.umask(before)
    yield made
    made.end()


# --- Reading ----------------------------------------------------------------------------------------


def test_another_user_can_read_no_file_of_the_daemon_and_list_no_folder(daemon: DaemonProcess) -> None:
    daemon.peer().ask(an_insert())
    files = [path for path in daemon.folders.data.parent.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"connection.json", "daemon.lock", "daemon.log"}
    script = """
for name in sys.argv[1:]:
    for attempt in (lambda: open(name, "rb").read(), lambda: open(name, "ab"), lambda: os.unlink(name),
                    lambda: os.listdir(os.path.dirname(name)), lambda: os.stat(name),
                    lambda: os.link(name, "/tmp/insert-object-stolen"),
                    lambda: os.rename(os.path.dirname(name), os.path.dirname(name) + "-moved")):
        try:
            attempt()
        except PermissionError:
            continue
        print("could", name)
"""
    assert as_nobody(script, *files) == ""


def test_another_user_sees_no_secret_in_the_list_of_processes(tmp_path: Path) -> None:
    box = GpuBox(tmp_path / "box")
    desk = Desk(tmp_path / "desk", box.endpoint, box.key.public)
    try:
        desk.wait_for_connection()
        secrets = [box.key.secret.hex(), desk.ring.client().secret.hex()]
        secrets += [str(process.connection()["token"]) for process in (box, desk)]
        pids = [box.process.pid, desk.process.pid]
        script = """
for pid in sys.argv[1:]:
    print(open(f"/proc/{pid}/cmdline").read(), open(f"/proc/{pid}/status").read())
    for name in ("environ", "mem", "maps", "fd", "cwd"):
        try:
            print(os.listdir(f"/proc/{pid}/fd") if name == "fd" else open(f"/proc/{pid}/{name}").read())
            print("could read", name)
        except PermissionError:
            continue
"""
        seen = as_nobody(script, *pids)
        assert "could read" not in seen
        for pid in pids:
            process = psutil.Process(pid)
            seen += " ".join(process.cmdline()) + str(process.environ())
        for process in (box, desk):
            seen += str(report_of(process.peer(greeted=""))) + process.log()
        doctor = subprocess.run(
            [*PROGRAM, "doctor", "--json"],
            env=program_environment(desk.home),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        seen += doctor.stdout + doctor.stderr
        assert "stand-in" in seen
        assert not [secret for secret in secrets if secret in seen]
    finally:
        desk.end()
        box.end()


# --- Reaching ---------------------------------------------------------------------------------------


def test_another_user_gets_no_answer_at_the_port_however_often_a_token_is_guessed(
    daemon: DaemonProcess,
) -> None:
    script = """
from tests.daemon.peer import Peer, an_insert
guesses = [None, "insert-object", "0" * 43] + [os.urandom(32).hex() for _ in range(17)]
peers = [Peer(sys.argv[1], guess) for guess in guesses]
for peer in peers:
    peer.try_to_send(an_insert())
time.sleep(0.8)
print(sum(peer.socket.poll(0) != 0 for peer in peers))
for peer in peers:
    peer.close()
"""
    assert as_nobody(script, daemon.connection()["endpoint"]) == "0\n"
    report = report_of(daemon.peer())
    assert sum(report["refused_peers"].values()) >= 20
    assert report["requests_finished"] == {}
    assert daemon.log().count("Refused a peer: wrong user name or token") == 1


# --- Planting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        ("os.mkdir(home); os.chmod(home, 0o777)", "belongs to another user|cannot be written"),
        ("os.symlink('/etc', home)", "is a link|belongs to another|not a folder"),
        ("os.mkfifo(home)", "not a folder|cannot be written"),
        ("open(home, 'w').close()", "not a folder|cannot be written"),
    ],
)
def test_a_data_folder_that_another_user_has_put_there_is_refused(
    commons: Path, plant: str, told: str
) -> None:
    as_nobody(f"home = sys.argv[1]\n{plant}", commons / "data")
    before = sorted(Path("/etc").iterdir())
    with pytest.raises(PrivateFileError) as refused:
        make_private_folder(commons / "data")
    assert re.search(told, refused.value.sentence)
    assert sorted(Path("/etc").iterdir()) == before
    assert stat.S_IMODE(Path("/etc").stat().st_mode) == 0o755


def test_a_file_that_belongs_to_another_user_is_not_read(commons: Path) -> None:
    planted = commons / "upstream.json"
    as_nobody("open(sys.argv[1], 'w').write('{}'); os.chmod(sys.argv[1], 0o600)", planted)
    with pytest.raises(PrivateFileError, match="belongs to another user"):
        read_private_file(planted)


@pytest.mark.parametrize("how", ["its own file", "a link to its own file"])
def test_a_plug_in_believes_no_connection_file_of_another_user(commons: Path, how: str) -> None:
    content = json.dumps(
        {
            "protocol_version": 1,
            "endpoint": "tcp://127.0.0.1:4000",
            "token": "t",
            "pid": os.getpid(),
            "daemon_version": "0.1.0",
        }
    )
    path = commons / "connection.json"
    script = "place = sys.argv[1] + '.real' if sys.argv[3] != 'its own file' else sys.argv[1]\n"
    script += "open(place, 'w').write(sys.argv[2]); os.chmod(place, 0o644)\n"
    script += "place == sys.argv[1] or os.symlink(place, sys.argv[1])"
    as_nobody(script, path, content, how)
    with pytest.raises(ConnectionUnavailable, match="can be written by other users"):
        read_connection(path)


def test_the_daemons_files_are_ours_when_another_user_could_only_watch_them_being_made(
    commons: Path,
) -> None:
    """The attacker lays whatever fits, in a loop, while the daemon's folders are made in a shared one."""
    script = """
end = time.monotonic() + 6
while time.monotonic() < end and not os.path.exists(sys.argv[1] + "/stop"):
    for name in ("home", "home/data", "home/data/connection.json"):
        for lay in (lambda p: os.symlink("/etc/passwd", p), os.mkdir):
            try:
                lay(os.path.join(sys.argv[1], name))
            except OSError:
                continue
"""
    before = Path("/etc/passwd").read_bytes()
    attacker = start_as(NOBODY, script, commons)
    daemon = DaemonProcess(commons / "home")
    try:
        if daemon.process.poll() is None:
            try:
                daemon.wait_for_connection()
            except AssertionError:
                assert daemon.process.poll() == 2  # it saw that the place was taken, and said so
        if daemon.process.poll() is None:
            assert daemon.folders.connection_file.stat().st_uid == 0
            assert stat.S_IMODE(daemon.folders.data.stat().st_mode) == 0o700
    finally:
        (commons / "stop").touch()
        attacker.communicate(timeout=20)
        daemon.end()
    assert Path("/etc/passwd").read_bytes() == before


# --- Taking over ------------------------------------------------------------------------------------


_SQUATTER = """
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
server.settimeout(4)
print(os.getpid(), flush=True)
while True:
    try:
        line, _ = server.accept()
    except TimeoutError:
        break
    line.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00" + b"PLAIN".ljust(20, b"\\0") + b"\\x01" + bytes(31))
    print("heard", line.recv(4096), flush=True)
"""
_PAINTER = """
folder = pathlib.Path(sys.argv[1])
folder.mkdir(0o700)
file = folder / "connection.json"
values = {"protocol_version": 1, "endpoint": "tcp://127.0.0.1:" + sys.argv[2], "token": "t",
          "pid": int(sys.argv[3]), "daemon_version": "0.1.0"}
file.write_text(json.dumps(values))
print(is_gone(int(sys.argv[3])))
with Session(Config(file, ()), "test", autostart=False) as session:
    try:
        session.wait_ready(5)
    except InsertObjectError as error:
        print(error)
"""


def test_port_and_process_id_of_a_crashed_daemon_in_another_users_hands_get_no_word(commons: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start_as(NOBODY, _SQUATTER, port) as squatter:
        assert squatter.stdout is not None
        pid = int(squatter.stdout.readline())
        said = run_as(PAINTER, _PAINTER, commons / "painter", port, pid)
        output, errors = squatter.communicate(timeout=20)
    assert said.splitlines()[0] == "True"
    assert "is not running" in said
    assert output == "", errors
