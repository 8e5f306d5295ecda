"""Whether somebody else could have written what this user is about to trust.

Who can write a plug-in's configuration decides which program is started, and who can write its folder can
lay another configuration there. So both must be the user's own (or root's) to write, as the daemon demands of
its own files.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

_ACCESS_LIST = "system.posix_acl_access"


def writable_by_others(path: Path, state: os.stat_result) -> bool:
    """Whether another user than root may write a file or folder, or make it writable for themselves.

    Args:
        path: where it is, for a look at its access list.
        state: what ``os.stat`` or ``os.fstat`` says of it.
    """
    if sys.platform == "win32":
        return False  # a user's own folders are private there by their access lists
    if state.st_uid not in (os.getuid(), 0) or state.st_mode & stat.S_IWOTH:
        return True
    return bool(state.st_mode & stat.S_IWGRP) and not (
        _is_private_group(state.st_gid) and not _has_access_list(path)
    )


def folder_of_others(path: Path) -> Path | None:
    """The folder that others could lay another file in under this name; None if there is none.

    Looked at are the folder that the path names and, if a link leads elsewhere, the one that it leads to.
    """
    for folder in dict.fromkeys((path.parent, Path(os.path.realpath(path)).parent)):
        try:
            state = folder.stat()
        except OSError:
            continue  # it is not there, and so is no file in it
        if writable_by_others(folder, state):
            return folder
    return None


def _is_private_group(group: int) -> bool:
    """Whether a group has this user as its only member, as many systems make one for each user."""
    try:
        import grp
        import pwd

        user, found = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except (ImportError, KeyError):
        return False
    only_member = set(found.gr_mem) <= {user.pw_name}
    return group == user.pw_gid and found.gr_name == user.pw_name and only_member


def _has_access_list(path: Path) -> bool:
    """Whether the bits of the group stand for an access list, which may name anybody."""
    if not hasattr(os, "getxattr"):
        return False  # elsewhere than on Linux, lists do not show in the bits
    try:
        os.getxattr(path, _ACCESS_LIST)
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.ENOTSUP)
    return True
