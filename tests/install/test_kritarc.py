"""Krita's file of settings: one line is added and taken out, everything else stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.profiles.kritarc import disable_plugin, enable_plugin

ENABLED = b"enable_insert_object=true"
FILES = {
    "empty": b"",
    "other sections": b"[theme]\nTheme=Krita dark.colors\n",
    "python section": b"[python]\nenable_tenbrushes=true\n\n[theme]\nTheme=x\n",
    "python section last": b"[theme]\nTheme=x\n\n[python]\nenable_tenbrushes=true\n",
    "no line end at the end": b"[theme]\nTheme=x",
    "windows line ends": b"[python]\r\nenable_tenbrushes=true\r\n",
    "bytes that are no text": b"[a]\nname=\xff\xfe\x80\n",
    "a line of that name elsewhere": b"[other]\nenable_insert_object=false\n",
}


@pytest.fixture(params=FILES, ids=lambda name: name.replace(" ", "-"))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "kritarc"
    path.write_bytes(FILES[request.param])
    return path


def python_section(content: bytes) -> list[bytes]:
    lines = content.splitlines()
    start = lines.index(b"[python]") + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith(b"[")), len(lines))
    return lines[start:end]


def test_the_plug_in_is_enabled_once_in_the_section_python(settings: Path) -> None:
    enable_plugin(settings, "insert_object")
    once = settings.read_bytes()
    enable_plugin(settings, "insert_object")
    assert settings.read_bytes() == once
    assert python_section(once).count(ENABLED) == 1
    assert once.count(b"[python]") == 1


def test_every_other_line_stays_as_it_is(settings: Path) -> None:
    before = settings.read_bytes()
    enable_plugin(settings, "insert_object")
    after = settings.read_bytes().replace(ENABLED, b"").splitlines()
    assert [line for line in before.splitlines() if line] == [
        line for line in after if line and (line != b"[python]" or b"[python]" in before)
    ]


def test_disabling_brings_the_old_file_back(settings: Path) -> None:
    before = settings.read_bytes()
    enable_plugin(settings, "insert_object")
    disable_plugin(settings, "insert_object")
    after = settings.read_bytes() if settings.exists() else b""
    assert after == before or after == before + b"\n"  # a last line may have got its line end


def test_a_plug_in_that_was_switched_off_is_switched_on(tmp_path: Path) -> None:
    settings = tmp_path / "kritarc"
    settings.write_bytes(b"[python]\nenable_insert_object=false\n")
    enable_plugin(settings, "insert_object")
    assert settings.read_bytes() == b"[python]\n" + ENABLED + b"\n"


def test_a_missing_file_is_made_and_removed_again(tmp_path: Path) -> None:
    settings = tmp_path / "config" / "kritarc"
    enable_plugin(settings, "insert_object")
    assert settings.read_bytes() == b"[python]\n" + ENABLED + b"\n"
    disable_plugin(settings, "insert_object")
    assert not settings.exists()


def test_disabling_what_is_not_enabled_changes_nothing(settings: Path) -> None:
    before, time = settings.read_bytes(), settings.stat().st_mtime_ns
    disable_plugin(settings, "insert_object")
    assert (settings.read_bytes(), settings.stat().st_mtime_ns) == (before, time)


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "kritarc"
    real.parent.mkdir()
    real.write_text("[theme]\n")
    real.chmod(0o640)
    link = tmp_path / "kritarc"
    link.symlink_to(real)
    enable_plugin(link, "insert_object")
    assert link.is_symlink()
    assert ENABLED in real.read_bytes()
    assert real.stat().st_mode & 0o777 == 0o640
