"""What a client of another computer is told: nothing of where this computer keeps its files or calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wire.protocol import Error, ErrorCode, Reply, Status

# What is named here is told; whatever else a status may hold one day is not.
_TOLD = frozenset(
    {
        "insert_object",
        "protocol",
        "python",
        "system",
        "packages",
        "cpu_threads",
        "logical_cpus",
        "cgroup_cpus",
        "memory_mb",
        "state",
        "error",
        "device",
        "classes",
        "packs",
        "clients_greeted",
        "engine",
        "requests_waiting",
        "requests_running",
        "requests_finished",
        "pid",
        "resident_mb",
        "uptime_seconds",
        "refused_peers",
        "release_after_minutes",
        "end_after_minutes",
    }
)
_TOLD_OF_ENGINE = frozenset(
    {"device", "torch", "threads", "loaded", "weights", "resolution", "dtype", "packs", "gpu_memory_mib"}
)

# These errors name files and folders: of them the code is told, in words of its own.
_HINT = "Ask who looks after that computer; its log says more."
_WITHOUT_FILES = {
    ErrorCode.MODEL_MISSING: "The computer that makes the objects lacks weights of its networks.",
    ErrorCode.MODEL_CORRUPT: "Weights of the networks are damaged on the computer that makes the objects.",
}


def for_guest(reply: Reply) -> Reply:
    """The reply as a client of another computer may read it."""
    if isinstance(reply, Error) and reply.code in _WITHOUT_FILES:
        return replace(reply, sentence=_WITHOUT_FILES[reply.code], hint=_HINT)
    if isinstance(reply, Status):
        return replace(reply, report=_report_for_guest(reply.report))
    return reply


def _report_for_guest(report: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in report.items() if name in _TOLD}
    engine = report.get("engine")
    if isinstance(engine, Mapping):
        told["engine"] = {name: value for name, value in engine.items() if name in _TOLD_OF_ENGINE}
    if report.get("error"):
        told["error"] = f"The networks cannot be loaded on the computer that makes the objects. {_HINT}"
    return told
