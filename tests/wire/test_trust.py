"""A plug-in follows no configuration that another user could have written, nor one in such a folder."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest

from plugins.profiles import EditorKind
from plugins.profiles.plugin_files import PluginConfig, assemble_plugin
from tests.program import ROOT
from wire.connection import Config, ConnectionUnavailable, read_config
from wire.trust import writable_by_others

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users and modes of POSIX")
PROGRAM = ("/bin/insert-object", "daemon", "run")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A plug-in's configuration in a folder of its own, both closed to others."""
    folder = tmp_path / "plug-in"
    folder.mkdir(mode=0o755)
    path = folder / "config.json"
    path.write_text(json.dumps({"connection_file": "/c.json", "start_command": list(PROGRAM)}))
    path.chmod(0o644)
    assert read_config(path) == Config(Path("/c.json"), PROGRAM)
    return path


@pytest.fixture
def shared_group() -> int:
    """A group that is not this user's private one, to which this user may give files."""
    if os.geteuid() == 0:
        return 1
    others = [group for group in os.getgroups() if group != os.getgid()]
    if not others:
        pytest.skip("this user is in no group but their own")
    return others[0]


def refused(path: Path) -> str:
    """What is said instead of reading the configuration."""
    with pytest.raises(ConnectionUnavailable, match="can be written by other users") as told:
        read_config(path)
    assert "install.py" in told.value.hint and "chmod -R go-w" in told.value.hint
    return told.value.sentence


@pytest.mark.parametrize("which", ["file", "folder"])
@pytest.mark.parametrize("mode", [0o002, 0o020])
def test_what_everybody_or_a_group_may_write_is_not_followed(
    config: Path, which: str, mode: int, shared_group: int
) -> None:
    path = config if which == "file" else config.parent
    os.chown(path, -1, shared_group)
    closed = path.stat().st_mode
    path.chmod(closed | mode)
    assert str(path) in refused(config)
    path.chmod(closed)
    assert read_config(config).start_command == PROGRAM


def test_a_folder_of_others_is_refused_before_it_holds_a_configuration(config: Path) -> None:
    config.unlink()
    config.parent.chmod(0o777)
    assert str(config.parent) in refused(config)


def test_a_link_into_a_folder_of_others_is_not_followed(config: Path, tmp_path: Path) -> None:
    common = tmp_path / "common"
    common.mkdir()
    (common / "config.json").write_bytes(config.read_bytes())
    (common / "config.json").chmod(0o644)
    common.chmod(0o777)
    config.unlink()
    config.symlink_to(common / "config.json")
    assert str(common) in refused(config)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_followed(config: Path, which: str) -> None:
    os.chown(config if which == "file" else config.parent, 65534, -1)
    refused(config)


def test_a_group_with_this_user_alone_is_nobody_else(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many systems make a group for each user, and let it write by default."""
    import grp
    import pwd

    user = pwd.getpwuid(os.getuid())
    config.chmod(0o664)
    own = grp.struct_group((user.pw_name, "x", config.stat().st_gid, []))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user.__class__((*user[:3], own.gr_gid, *user[4:])))
    for group, is_private in (
        (own, True),
        (grp.struct_group((own.gr_name, "x", own.gr_gid, ["zoe"])), False),
        (grp.struct_group(("staff", "x", own.gr_gid, [])), False),
    ):
        monkeypatch.setattr(grp, "getgrgid", lambda _, group=group: group)
        assert writable_by_others(config, config.stat()) is not is_private


def test_an_access_list_that_names_somebody_else_is_seen(config: Path) -> None:
    # user 65534 may write; the layout is that of the kernel's posix_acl_xattr.h
    entries = ((1, 6, 2**32 - 1), (2, 6, 65534), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 4, 2**32 - 1))
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)
    try:
        os.setxattr(config, "system.posix_acl_access", packed)
    except (AttributeError, OSError):
        pytest.skip("no access lists on this disk")
    refused(config)


@pytest.mark.parametrize("kind", EditorKind)
def test_an_installed_plug_in_is_closed_to_others_whatever_the_umask(
    kind: EditorKind, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        assemble_plugin(kind, ROOT, tmp_path / "plug-ins" / "plugin", PluginConfig(Path("/c.json"), PROGRAM))
    finally:
        os.umask(before)
    target = tmp_path / "plug-ins" / "plugin"
    assert [path for path in (target, *target.rglob("*")) if path.stat().st_mode & 0o022] == []
    assert read_config(target / "config.json").start_command == PROGRAM
