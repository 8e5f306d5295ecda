#!/usr/bin/env python3
"""Looks up every pinned package in the database of known vulnerabilities.

    python3 tests/audit.py [arguments for pip-audit …]

pip-audit runs in an environment of its own, kept where tests/run.py keeps its own, with its own pins. It asks
pypi.org about every package that this system would install; ``--vulnerability-service osv`` asks osv.dev.
A package that could not be looked up counts as a failure, so that silence is never taken for safety.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from installer.computer.environment import LOCK, TORCH_LOCK, Environment, clean_environ, find_python  # noqa: E402
from installer.computer.failure import InstallFailure  # noqa: E402
from tests.run import TEST_LOCK, environment_folder, prepared, say  # noqa: E402

AUDIT_LOCK = ROOT / "tests" / "audit.lock"
# The general PyTorch stands for its build for processors, too: advisories name releases, not builds.
AUDITED = (LOCK, TORCH_LOCK, TEST_LOCK, AUDIT_LOCK)
OPTIONS = ("--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off")


def install_pip_audit(environment: Environment) -> None:
    """Installs pip-audit and what it needs."""
    environment.install_locked(AUDIT_LOCK)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: nothing is known against any package; 1: something is, or one could not be looked up;
    2: the environment could not be made.
    """
    try:
        python = find_python()
        folder = environment_folder("audit", python, AUDIT_LOCK)
        environment = prepared(folder, python, install_pip_audit)
    except InstallFailure as failure:
        print(f"{failure.details}\n{failure}".strip(), file=sys.stderr)
        return 2
    files = [part for lock in AUDITED for part in ("--requirement", str(lock))]
    command = [str(environment.python), "-m", "pip_audit", *OPTIONS, *files, *arguments]
    if subprocess.run(command, env=clean_environ(), stdin=subprocess.DEVNULL, check=False).returncode:
        say("Not passed, see above: something is known against a package, or it could not be looked up.")
        return 1
    say("Nothing is known against any pinned package.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
