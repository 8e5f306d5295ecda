"""A process in the daemon's place: ``python stand_in_daemon.py CONNECTION_FILE [BEHAVIOUR]``.

BEHAVIOUR: ``obliging`` answers everything; ``dies-on-insert`` dies at each insertion; ``dies-once`` only when
no file of that name lies beside the connection file; ``fails`` ends at once with exit code 3; ``version-0``
obliges, but says that it speaks an older protocol. A ``shutdown`` ends the process after its answer.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from wire import protocol

from .scripted_router import ScriptedRouter, obliging


def main(connection_file: Path, behaviour: str) -> int:
    if behaviour == "fails":
        return 3
    ended = threading.Event()
    once = connection_file.with_name("dies-once")

    def answer(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Insert) and behaviour == "dies-on-insert":
            os._exit(9)
        if isinstance(request, protocol.Insert) and behaviour == "dies-once" and not once.exists():
            once.touch()
            os._exit(9)
        if isinstance(request, protocol.Shutdown):
            threading.Timer(0.1, ended.set).start()
        return obliging(request)

    with ScriptedRouter(answer) as router:
        version = 0 if behaviour == "version-0" else protocol.PROTOCOL_VERSION
        router.write_connection_file(connection_file, protocol_version=version)
        ended.wait(60)
    connection_file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "obliging"))
