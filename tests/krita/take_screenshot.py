"""Makes the README's picture of Krita at work: ``python -m tests.krita.take_screenshot PNG``.

It inserts into the demo photo with the shipped weights, in a profile of its own, on a display of its own.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tests.conftest import end_daemon
from tests.krita.harness import ARTIFACTS, HERE, KritaProfile, daemon_config
from tests.krita.provision import find_krita


def run_with_weights(script: str, root: Path | None = None) -> None:
    """Runs a script of ``inside`` in Krita's window, with the daemon and the shipped weights.

    Raises:
        SystemExit: one of its promises was not kept.
    """
    with tempfile.TemporaryDirectory(prefix="insert-object-krita-") as folder:
        home = Path(folder) / "daemon"
        home.mkdir()
        profile = KritaProfile(Path(folder), find_krita(root))
        profile.install(daemon_config(home, "-m", "daemon.command_line", "daemon", "run"))
        try:
            results = profile.run_windowed([HERE / "inside" / script], Path(folder) / "results.json")
        finally:
            end_daemon(home)
    for name, result in results.items():
        if result["failure"] is not None:
            raise SystemExit(f"{name}: {result['failure']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, help="the PNG to write")
    options = parser.parse_args()
    picture: Path = options.picture
    run_with_weights("screenshot.py")
    picture.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ARTIFACTS / "readme.png", picture)


if __name__ == "__main__":
    main()
