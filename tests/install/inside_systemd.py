"""Run by a systemd of its own: sets the service up as install.py does and tells what came of it.

``python inside_systemd.py HOME`` prints a JSON object; test_systemd.py says what has to be in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from daemon.home.folders import Folders  # noqa: E402
from daemon.home.lifecycle import running_pid  # noqa: E402
from installer.autostart.systemd import UNIT  # noqa: E402
from installer.autostart_steps import AutostartStep, remove_autostart  # noqa: E402
from installer.computer.places import Places  # noqa: E402
from installer.record import Record  # noqa: E402

PATIENCE_SECONDS = 30.0


def show(name: str) -> str:
    command = ["systemctl", "--user", "show", "--property", name, "--value", UNIT]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def wait_for(condition: Callable[[], object], wanted: object = None) -> bool:
    """Whether the condition comes to give what is wanted (None: anything true) in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = condition()
        if bool(found) if wanted is None else found == wanted:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def writable(pid: int, folder: Path) -> bool:
    """Whether a process that sees what the service sees could write there."""
    file = folder / "probe"
    done = subprocess.run(
        ["nsenter", "--target", str(pid), "--mount", "touch", str(file)], capture_output=True, check=False
    )
    file.unlink(missing_ok=True)
    return done.returncode == 0


def main(home: Path) -> None:
    places = Places(home, home / "data", {**os.environ, "INSERT_OBJECT_HOME": str(home)}, "linux")
    folders = Folders.default(places.environ)
    step = AutostartStep(places, Record.read(places.record))
    found: dict[str, object] = {"remark": step.do()}

    first = int(show("MainPID"))
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{first}/status").read_text().splitlines()
        if ":\t" in line
    )
    found["is_the_daemon"] = running_pid(folders) == first
    found["no_new_privileges"] = status["NoNewPrivs"] == "1"
    found["writes_its_data"] = writable(first, places.data)
    found["writes_its_logs"] = writable(first, places.logs)
    found["writes_the_home"] = writable(first, home)

    os.kill(first, 9)
    found["starts_again_after_a_crash"] = wait_for(lambda: running_pid(folders) not in (None, first))
    wait_for(lambda: (folders.connection_file.exists(), show("SubState")), (True, "running"))
    command = [sys.executable, "-m", "daemon.command_line", "daemon"]
    environ = {**os.environ, "INSERT_OBJECT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "stop"], env=environ, stdout=subprocess.DEVNULL, check=True)
    time.sleep(7)  # longer than RestartSec
    found["stays_ended_when_asked_to"] = (show("ActiveState"), running_pid(folders)) == ("inactive", None)

    with subprocess.Popen([*command, "run"], env=environ) as on_demand:
        wait_for(lambda: running_pid(folders), on_demand.pid)
        wait_for(folders.connection_file.exists)
        subprocess.run(["systemctl", "--user", "restart", UNIT], check=True)
        wait_for(lambda: show("ActiveState"), "inactive")
        found["yields_without_a_fault"] = show("Result") == "success"
        found["leaves_the_other_alone"] = running_pid(folders) == on_demand.pid
        on_demand.terminate()
    remove_autostart(places, step.record)
    found["is_unknown_afterwards"] = show("LoadState") == "not-found"
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
