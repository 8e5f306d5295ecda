#!/usr/bin/env python3
"""Makes an environment of its own and runs every check: format, lint, types and tests.

    python3 tests/run.py [--fast] [arguments for pytest …]

The environment is kept in the user's cache folder (or in one of its own in the folder that
INSERT_OBJECT_TEST_ENVIRONMENT names) and made again when the pinned packages change. ``--fast`` leaves out
slow tests and real editors. Without arguments for pytest, those in real editors, which mostly wait, run
beside the others.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from installer.computer.environment import (  # noqa: E402 - found through the line above
    Environment,
    clean_environ,
    find_python,
    torch_lock,
)
from installer.computer.failure import InstallFailure  # noqa: E402
from installer.computer.file_lock import file_lock  # noqa: E402

TEST_LOCK = ROOT / "tests" / "requirements.lock"
READY = "ready"  # file in the environment's folder, written last
THREADS = 2  # more than the cores at hand make every test slower
IN_EDITORS = ("tests/gimp", "tests/krita")


def cache_folder() -> Path:
    """Where this system's programs keep what they can make again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def environment_folder(kind: str, python: Path, *locks: Path) -> Path:
    """The environment that belongs to this Python and these pins.

    It is a folder of its own in one that the user named, too: what else is there stays.
    """
    pins = hashlib.sha256(str(python).encode())
    for lock in locks:
        pins.update(lock.read_bytes())
    named = os.environ.get("INSERT_OBJECT_TEST_ENVIRONMENT")
    parent = Path(named).absolute() if named else cache_folder() / "insert-object" / kind
    return parent / pins.hexdigest()[:16]


def prepared(folder: Path, python: Path, fill: Callable[[Environment], None]) -> Environment:
    """The environment in that folder, made and filled if it is not there; of two runs one makes it.

    Raises:
        InstallFailure: it could not be made.
    """
    environment = Environment(folder)
    lock = folder.with_name(f"{folder.name}.lock")
    with file_lock(lock, on_wait=lambda: say("Another run is making the environment; waiting for it")):
        if (folder / READY).exists():
            say(f"Using the environment in {folder}")
            return environment
        say(f"Making an environment in {folder} with {python}")
        shutil.rmtree(folder, ignore_errors=True)
        environment.create(python)
        fill(environment)
        (folder / READY).touch()
    return environment


def environment_for_tests() -> Environment:
    """The environment with everything the tests need; raises as ``prepared`` does."""
    python = find_python()
    folder = environment_folder("tests", python, torch_lock(), TEST_LOCK)
    return prepared(folder, python, install_test_packages)


def install_test_packages(environment: Environment) -> None:
    """Installs everything the tests need."""
    say("Installing the pinned packages (a minute or two)")
    environment.install_locked(TEST_LOCK)
    say("Installing PyTorch (about 200 MB)")
    environment.install_torch()


def say(line: str) -> None:
    print(f"== {line}", flush=True)


def environ(threads: int) -> dict[str, str]:
    """The environment variables of a check that may use so many threads."""
    return clean_environ({name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")})


def check(environment: Environment, *command: str) -> bool:
    """Runs ``python -m COMMAND`` in the checkout and tells whether it was content."""
    say(" ".join(command))
    started = time.monotonic()
    done = subprocess.run(
        [str(environment.python), "-m", *command],
        cwd=ROOT,
        env=environ(THREADS),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if command[0] != "pytest":  # pytest says it itself, in the line that should stand last
        verdict = "FAILED" if done.returncode else "ok"
        say(f"{' '.join(command)}: {verdict}, {time.monotonic() - started:.0f} s")
    return done.returncode == 0


def check_beside_each_other(environment: Environment) -> bool:
    """Runs the editors' tests beside the others; the last line sums up all, as pytest would."""
    say(f"pytest, {' and '.join(IN_EDITORS)} beside the others")
    started = time.monotonic()
    pytest = [str(environment.python), "-m", "pytest"]
    others = [f"--ignore={folder}" for folder in IN_EDITORS]
    options: dict[str, Any] = {
        "cwd": ROOT,
        "env": environ(THREADS // 2),
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.STDOUT,
    }
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in IN_EDITORS]
        beside = [
            subprocess.Popen([*pytest, folder], stdout=file, **options)
            for folder, file in zip(IN_EDITORS, kept, strict=True)
        ]
        last = ""
        with subprocess.Popen([*pytest, *others], stdout=subprocess.PIPE, text=True, **options) as shown:
            for line in shown.stdout or ():
                print(line, end="", flush=True)
                last = line if line.strip() else last
        codes = [shown.returncode]
        summaries = [last]
        for run, file in zip(beside, kept, strict=True):
            codes.append(run.wait())
            file.seek(0)
            text = file.read()
            print(text, flush=True)
            summaries.append(text.rstrip().rpartition("\n")[2])
    counts: dict[str, int] = {}
    for summary in summaries:
        for number, what in re.findall(r"(\d+) ([a-z]+)", summary.partition(" in ")[0]):
            counts[what] = counts.get(what, 0) + int(number)
    words = ", ".join(f"{number} {what}" for what, number in counts.items())
    print(f"===== {words} in {time.monotonic() - started:.2f}s =====", flush=True)
    return not any(codes)


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
        environment = environment_for_tests()
    except InstallFailure as failure:
        print(f"{failure.details}\n{failure}".strip(), file=sys.stderr)
        return 2
    if options.fast:
        for_pytest = ["-m", "not editors and not slow", *for_pytest]
    checks = [("ruff", "format", "--check"), ("ruff", "check"), ("mypy",)]
    failed = [" ".join(command) for command in checks if not check(environment, *command)]
    if failed:
        say(f"Not content: {', '.join(failed)}; the tests run all the same")
    passed = check(environment, "pytest", *for_pytest) if for_pytest else check_beside_each_other(environment)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
