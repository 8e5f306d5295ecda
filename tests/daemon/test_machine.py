"""How many threads are worth running, never more than the machine, the affinity and the cgroup give; and
that other programs go first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from daemon.home import machine


def lay(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_a_version_2_quota_is_read(tmp_path: Path) -> None:
    lay(tmp_path, membership="0::/user/app\n")
    lay(tmp_path / "mounts" / "user" / "app", cpu__max="150000 100000\n")
    assert machine.cgroup_cpus(tmp_path / "membership", tmp_path / "mounts") == 1.5


def test_the_tightest_quota_of_all_levels_counts(tmp_path: Path) -> None:
    lay(tmp_path, membership="0::/user/app\n")
    lay(tmp_path / "mounts" / "user", cpu__max="100000 100000\n")
    lay(tmp_path / "mounts" / "user" / "app", cpu__max="max 100000\n")
    lay(tmp_path / "mounts", cpu__max="400000 100000\n")
    assert machine.cgroup_cpus(tmp_path / "membership", tmp_path / "mounts") == 1.0


def test_a_version_1_quota_is_read(tmp_path: Path) -> None:
    lay(tmp_path, membership="5:memory:/x\n4:cpu,cpuacct:/docker/1\n")
    lay(
        tmp_path / "mounts" / "cpu,cpuacct" / "docker" / "1",
        cpu__cfs_quota_us="200000",
        cpu__cfs_period_us="100000",
    )
    assert machine.cgroup_cpus(tmp_path / "membership", tmp_path / "mounts") == 2.0


@pytest.mark.parametrize("content", ["max 100000", "", "x y", "100000 0"])
def test_no_quota_or_an_unreadable_one_is_no_limit(tmp_path: Path, content: str) -> None:
    lay(tmp_path, membership="0::/\n")
    lay(tmp_path / "mounts", cpu__max=content)
    assert machine.cgroup_cpus(tmp_path / "membership", tmp_path / "mounts") is None
    assert machine.cgroup_cpus(tmp_path / "none", tmp_path / "mounts") is None


def test_threads_are_at_least_one_and_at_most_the_physical_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    assert 1 <= machine.cpu_threads() <= cores
    monkeypatch.setattr(machine, "cgroup_cpus", lambda: 0.5)
    assert machine.cpu_threads() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity")
def test_threads_stay_within_the_affinity() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert machine.cpu_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is read as Linux tells it")
@pytest.mark.parametrize("own_session", [True, False])
def test_the_service_makes_way_for_other_programs(own_session: bool) -> None:
    script = (
        "import os; from pathlib import Path; from daemon.home.machine import make_way; make_way();"
        "group = Path('/proc/self/autogroup');"
        "print(os.nice(0), group.read_text() if group.exists() else '')"
    )
    group = Path("/proc/self/autogroup")  # empty where a container's own group takes precedence
    shared = group.read_text(encoding="ascii").split() if group.exists() else []
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
    )
    niceness, *told = ran.stdout.split()
    assert int(niceness) >= machine.NICENESS
    if shared:  # only a session of its own may be told, not the one that the user works in
        assert told[-1] == (str(machine.NICENESS) if own_session else shared[-1])


def test_threads_that_wait_soon_sleep_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is as before afterwards
        monkeypatch.delenv(name)
    machine.let_threads_sleep()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["GOMP_SPINCOUNT"] == str(machine.SPINS)
    monkeypatch.setenv("GOMP_SPINCOUNT", "0")
    machine.let_threads_sleep()
    assert os.environ["GOMP_SPINCOUNT"] == "0"
