#!/usr/bin/env python3
"""Makes an environment of its own and runs every check: format, lint, types and tests.

    python3 tests/run.py [--fast] [arguments for pytest …]

The environment is kept in the user's cache folder (or in the folder that INSERT_OBJECT_TEST_ENVIRONMENT
names) and made anew when the pinned packages change. ``--fast`` leaves out slow tests and real editors.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from installer.environment import (  # noqa: E402 - found through the line above
    TORCH_LOCK,
    Environment,
    clean_environ,
    find_python,
)
from installer.failure import InstallFailure  # noqa: E402

TEST_LOCK = ROOT / "tests" / "requirements.lock"
READY = "ready"  # file in the environment's folder, written last
THREADS = "2"  # more than the cores at hand make every test slower


def cache_folder() -> Path:
    """Where this system's programs keep what they can make again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def environment_folder(python: Path) -> Path:
    """The environment that belongs to this Python and these pins."""
    chosen = os.environ.get("INSERT_OBJECT_TEST_ENVIRONMENT")
    if chosen:
        return Path(chosen)
    pins = hashlib.sha256(str(python).encode())
    for lock in (TORCH_LOCK, TEST_LOCK):
        pins.update(lock.read_bytes())
    return cache_folder() / "insert-object" / "tests" / pins.hexdigest()[:16]


def prepared_environment() -> Environment:
    """The environment with everything the tests need, made if it is not there."""
    python = find_python()
    environment = Environment(environment_folder(python))
    if (environment.folder / READY).exists():
        say(f"Using the environment in {environment.folder}")
        return environment
    say(f"Making an environment in {environment.folder} with {python}")
    shutil.rmtree(environment.folder, ignore_errors=True)
    environment.create(python)
    say("Installing the pinned packages (a minute or two)")
    environment.install_locked(TEST_LOCK)
    say("Installing PyTorch (about 200 MB)")
    environment.install_torch()
    (environment.folder / READY).touch()
    return environment


def say(line: str) -> None:
    print(f"== {line}", flush=True)


def check(environment: Environment, *command: str) -> bool:
    """Runs ``python -m COMMAND`` in the checkout and tells whether it was content."""
    say(" ".join(command))
    started = time.monotonic()
    environ = clean_environ({name: THREADS for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")})
    done = subprocess.run(
        [str(environment.python), "-m", *command],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if command[0] != "pytest":  # pytest says it itself, in the line that should stand last
        verdict = "FAILED" if done.returncode else "ok"
        say(f"{' '.join(command)}: {verdict}, {time.monotonic() - started:.0f} s")
    return done.returncode == 0


def main() -> int:
    """Exit code 0: every check passed; 1: one did not; 2: the environment could not be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--fast", action="store_true", help="leave out slow tests and those that drive a real GIMP or Krita"
    )
    options, for_pytest = parser.parse_known_args()
    try:
        environment = prepared_environment()
    except InstallFailure as failure:
        print(f"{failure.details}\n{failure}".strip(), file=sys.stderr)
        return 2
    if options.fast:
        for_pytest = ["-m", "not editors and not slow", *for_pytest]
    checks = [("ruff", "format", "--check"), ("ruff", "check"), ("mypy",)]
    failed = [" ".join(command) for command in checks if not check(environment, *command)]
    if failed:
        say(f"Not content: {', '.join(failed)}; the tests run all the same")
    return 0 if check(environment, "pytest", *for_pytest) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
