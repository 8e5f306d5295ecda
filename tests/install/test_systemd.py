"""The systemd unit under a real systemd, in namespaces of its own, which keep it from the computer's."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = next((p for p in ("/lib/systemd/systemd", "/usr/lib/systemd/systemd") if Path(p).exists()), None)
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--cgroup")

MANAGER = """\
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
mkdir -m 700 -p /run/user/0
export XDG_RUNTIME_DIR=/run/user/0
{systemd} --user >&2 &
for _ in $(seq 100); do
    systemctl --user show-environment >/dev/null 2>&1 && exec {python} {script} {home}
    sleep 0.1
done
echo "systemd --user does not run here" >&2
exit 77
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Not in the folder for temporary files, of which the unit has one of its own."""
    hidden = [path for path in (Path.home(), ROOT, Path(sys.executable)) if path.is_relative_to("/tmp")]
    if hidden:
        pytest.skip(f"the unit has a /tmp of its own, so it cannot see {hidden[0]}")
    with tempfile.TemporaryDirectory(prefix=".insert-object-test-", dir=Path.home()) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or SYSTEMD is None or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs root, systemd and namespaces",
)
def test_the_unit_lives_under_a_real_systemd(home: Path) -> None:
    python = home / "data" / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(  # the daemon of the checkout, whose networks are missing and so load at once
        f"#!/bin/sh\nshift\nexport PYTHONPATH={shlex.quote(str(ROOT))} INSERT_OBJECT_WEIGHTS=/nonexistent\n"
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    python.chmod(0o755)
    script = MANAGER.format(
        systemd=SYSTEMD,
        python=shlex.quote(sys.executable),
        script=shlex.quote(str(Path(__file__).with_name("inside_systemd.py"))),
        home=shlex.quote(str(home)),
    )
    done = subprocess.run(
        [*NAMESPACES, "sh", "-c", script],
        env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no systemd user manager can be had: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "starts with every session" in found.pop("remark")
    assert found.pop("writes_the_home") is False, "it is shut in"
    assert [name for name, is_so in found.items() if not is_so] == []
