"""The client as an installed plug-in carries it: a folder of its own, no daemon, no compiled msgpack."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest

from .scripted_router import ScriptedRouter

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from wire import protocol
from wire.connection import Config
from wire.request import insert_request
from wire.session import Session

assert protocol.codec.msgpack.Unpacker.__module__ == "wire.protocol.msgpack.fallback"
scene = protocol.PixelFrame(140, 140, protocol.PixelFormat.RGB8, bytes(140 * 140 * 3))
request = insert_request(
    protocol.Wish("dog", protocol.Rect(50, 50, 100, 100)), 500, 400, scene, variations=2
)
with Session(Config(Path(sys.argv[2]), ()), "carried", autostart=False) as session:
    print(*(reply.TYPE for reply in session.stream(request, 10)))
foreign = {"daemon", "plugins", "zmq", "numpy", "msgpack"}
print(sorted(foreign & set(sys.modules)))
"""


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    """A folder with ``wire/`` as the installer puts it together."""
    wire = tmp_path / "plug-in" / "wire"
    shutil.copytree(ROOT / "wire", wire, ignore=shutil.ignore_patterns("__pycache__"))
    own = Path(msgpack.__file__).parent
    carried = wire / "protocol" / "msgpack"
    carried.mkdir()
    for name in ("__init__.py", "exceptions.py", "ext.py", "fallback.py"):
        shutil.copy(own / name, carried)
    return wire.parent


def test_the_carried_client_needs_nothing_beside_it(carried: Path, tmp_path: Path) -> None:
    connection_file = tmp_path / "connection.json"
    with ScriptedRouter() as router:
        router.write_connection_file(connection_file)
        ended = subprocess.run(
            [sys.executable, "-I", "-W", "error", "-c", PROGRAM, str(carried), str(connection_file)],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["accepted layer layer done", "[]"]
