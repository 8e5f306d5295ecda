"""Switches a Python plug-in on and off in Krita's file of settings, leaving every other line as it is."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

SECTION = "[python]"


def enable_plugin(settings: Path, module: str) -> None:
    """Writes ``enable_<module>=true`` into the section ``[python]``; the file need not exist.

    Raises:
        OSError: the file cannot be read or written; it is then as it was.
    """
    lines = _without(_read(settings), module)
    entry = f"enable_{module}=true{_line_end(lines)}"
    start = _section_start(lines)
    if start is None:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += _line_end(lines)
        lines += [_line_end(lines)] if lines else []
        lines += [f"{SECTION}{_line_end(lines)}", entry]
    else:
        if not lines[start].endswith("\n"):
            lines[start] += _line_end(lines)
        lines.insert(start + 1, entry)
    _write(settings, lines)


def disable_plugin(settings: Path, module: str) -> None:
    """Takes the line out again, and with it a section or a file that held nothing else.

    Raises:
        OSError: the file cannot be read or written; it is then as it was.
    """
    before = _read(settings)
    lines = _without(before, module)
    if lines == before:
        return
    start = _section_start(lines)
    if start is not None and not _section_lines(lines, start):
        del lines[start : _section_end(lines, start)]
        if start == len(lines) and lines and not lines[-1].strip():
            del lines[-1]  # the empty line that enable_plugin put before the section
    if lines:
        _write(settings, lines)
    else:
        settings.unlink()


def _read(settings: Path) -> list[str]:
    try:
        content = settings.read_bytes()
    except FileNotFoundError:
        return []
    # Any byte survives the way to text and back; line ends stay as they are.
    return content.decode("utf-8", "surrogateescape").splitlines(keepends=True)


def _write(settings: Path, lines: list[str]) -> None:
    target = settings.resolve()  # a link stays a link
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    descriptor, name = tempfile.mkstemp(prefix=".kritarc-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write("".join(lines).encode("utf-8", "surrogateescape"))
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _line_end(lines: list[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


def _section_start(lines: list[str]) -> int | None:
    return next((i for i, line in enumerate(lines) if line.strip() == SECTION), None)


def _section_end(lines: list[str], start: int) -> int:
    """The index after the section's last line."""
    following = (i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith("["))
    return next(following, len(lines))


def _section_lines(lines: list[str], start: int) -> list[str]:
    """What the section holds, without empty lines."""
    return [line for line in lines[start + 1 : _section_end(lines, start)] if line.strip()]


def _without(lines: list[str], module: str) -> list[str]:
    """The lines without the plug-in's own in the section ``[python]``."""
    start = _section_start(lines)
    if start is None:
        return list(lines)
    end = _section_end(lines, start)
    own = re.compile(rf"\s*enable_{re.escape(module)}\s*=")
    inside = [line for line in lines[start + 1 : end] if not own.match(line)]
    return [*lines[: start + 1], *inside, *lines[end:]]
