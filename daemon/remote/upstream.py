"""Which other computer does the work: read from a file, so that the plug-ins need not know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from daemon.home.private_files import (
    OTHERS_MAY_WRITE,
    PrivateFileError,
    make_private_folder,
    read_private_file,
    unwritable,
    write_private_file,
)
from daemon.serving.address import Address, BadAddress
from daemon.serving.keys import KeyProblem, public_key

SET_HINT = "Say it again: insert-object daemon upstream tcp://HOST:PORT --server-key KEY"


@dataclass(frozen=True)
class Upstream:
    """The computer that requests are forwarded to, and the public key that it must prove to hold."""

    address: Address
    server_key: bytes

    def write(self, path: Path) -> None:
        """Keeps it for every daemon that is started from now on. Raises PrivateFileError."""
        make_private_folder(path.parent)
        content = {"address": self.address.endpoint, "server_key": self.server_key.hex()}
        write_private_file(path, json.dumps(content, indent=1).encode())


def read_upstream(path: Path) -> Upstream | None:
    """The other computer that this one shall use, or None when it does its work itself.

    Raises:
        PrivateFileError: the file is damaged, or others can write it: they could have pictures sent to them.
    """
    try:
        values = json.loads(read_private_file(path, denied=OTHERS_MAY_WRITE))
        return Upstream(Address.parse(values["address"]), public_key(values["server_key"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be read: {error.strerror}.", SET_HINT) from error
    except (BadAddress, KeyProblem, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PrivateFileError(f"The file {path} is damaged.", SET_HINT) from error


def forget_upstream(path: Path) -> None:
    """Makes this computer do its work itself again. Raises PrivateFileError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
