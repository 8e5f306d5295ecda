"""What this computer is: processors we may use, memory, versions of what we stand on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from wire import __version__
from wire.protocol import PROTOCOL_VERSION

PACKAGES = ("torch", "numpy", "pillow", "pyzmq", "msgpack", "safetensors")
SPINS = 3000  # turns that a thread waits before it sleeps
NICENESS = 5  # of 19: other programs have three times our share of a processor that all want
_AUTOGROUP = Path("/proc/self/autogroup")
_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def cpu_threads() -> int:
    """How many threads are worth running: physical cores, within our affinity and the cgroup's quota.

    Two threads on one core make a network several times slower, so the count is rounded down.
    ``OMP_NUM_THREADS`` lowers it further, as users of numeric programs expect.
    """
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    quota = cgroup_cpus()
    asked = os.environ.get("OMP_NUM_THREADS", "")
    limits = [
        cores,
        allowed,
        math.floor(quota + 0.01) if quota is not None else cores,
        int(asked) if asked.isdecimal() else cores,
    ]
    return max(1, min(limits))


def let_threads_sleep() -> None:
    """Lets OpenMP's threads soon fall asleep while they wait for each other; told before torch is loaded.

    Threads that spin for long make an insertion 15 to 30 times slower where one other program wants a
    processor, and threads that sleep at once take 1.4 times as long where none does. ``SPINS`` turns cost a
    fifth in the one case and little in the other (docs/speed.md). Only GNU's OpenMP counts turns.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def make_way() -> None:
    """Lets other programs go first where they want a processor too: an editor's window must not stutter
    while an object is computed. On an idle computer nothing gets slower.

    Linux shares processors out between sessions before it looks at niceness (``autogroup`` in
    https://man7.org/linux/man-pages/man7/sched.7.html), so the session is told as well. Where a system does
    not have the one or the other, it stays as it is.
    """
    with contextlib.suppress(OSError, psutil.Error):
        own = psutil.Process()
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else max(NICENESS, own.nice()))
    with contextlib.suppress(OSError):
        if os.getpid() == os.getsid(0):
            _AUTOGROUP.write_text(str(NICENESS), encoding="ascii")


def cgroup_cpus(membership: Path = _MEMBERSHIP, mounts: Path = _CGROUPS) -> float | None:
    """Processors that the cgroup grants (version 1 or 2, every level above counts), or None for no limit.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max) and
    https://docs.kernel.org/scheduler/sched-bwc.html (cpu.cfs_quota_us).
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None  # no Linux, or no cgroups
    limits: list[float] = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [mounts / controllers, mounts / "cpu", mounts] if controllers else [mounts]
        for root in roots:
            limits += _quotas(root, group.lstrip("/"))
    return min(limits, default=None)


def _quotas(root: Path, group: str) -> list[float]:
    """The quotas of a cgroup and of all above it, in processors."""
    found: list[float] = []
    folder = root / group
    while folder == root or root in folder.parents:
        quotas = (_quota_v2(folder), _quota_v1(folder))
        found.extend(quota for quota in quotas if quota is not None)
        if folder == root:
            break
        folder = folder.parent
    return found


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        period = int((folder / "cpu.cfs_period_us").read_text(encoding="ascii"))
        return quota / period if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def about_program() -> dict[str, Any]:
    """Versions and the computer, as plain values for a bug report. Imports none of the packages."""
    return {
        "insert_object": __version__,
        "protocol": PROTOCOL_VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version_of(name) for name in PACKAGES},
        "cpu_threads": cpu_threads(),
        "logical_cpus": psutil.cpu_count() or 0,
        "cgroup_cpus": cgroup_cpus(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
    }


def resident_mb(pid: int | None = None) -> int:
    """Resident memory of a process (default: this one) in MiB."""
    return int(psutil.Process(pid).memory_info().rss) // 2**20


def _version_of(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
