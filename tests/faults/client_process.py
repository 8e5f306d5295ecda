"""A program that asks for one object and says each stage: ``client_process.py CONNECTION_FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.daemon.peer import an_insert
from wire.connection import Config
from wire.protocol import Layer, Progress
from wire.session import Session


def main() -> int:
    with Session(Config(Path(sys.argv[1]), ()), "victim 1.0", autostart=False) as session:
        print("connecting")
        session.wait_ready(30)
        print("ready")
        for reply in session.stream(an_insert(variations=4), 60):
            print(reply.stage.value if isinstance(reply, Progress) else reply.TYPE)
            if isinstance(reply, Layer):
                assert reply.pixels.data
    return 0


if __name__ == "__main__":
    sys.exit(main())
