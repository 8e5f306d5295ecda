"""Key pairs of this computer, and the public keys of those that may use it from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from daemon.home.private_files import (
    OTHERS_MAY_WRITE,
    PrivateFileError,
    make_private_folder,
    read_private_file,
    unwritable,
    write_private_file,
)
from wire.protocol import ErrorCode, InsertObjectError

KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENDING = ".key"


class KeyProblem(InsertObjectError):
    """A key that is missing, damaged, or no key at all."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


@dataclass(frozen=True)
class KeyPair:
    """Two halves of a Curve25519 key, 32 bytes each; the public one may be told to anybody."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> KeyPair:
        public, secret = zmq.curve_keypair()
        return cls(z85.decode(public), z85.decode(secret))

    @property
    def shown(self) -> str:
        """The public half for people: 64 hexadecimal digits, which no shell takes apart."""
        return self.public.hex()


def public_key(text: str) -> bytes:
    """The 32 bytes of a public key as it is shown to people.

    Raises:
        KeyProblem: the text is not a key.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyProblem(
            "This is not a key: it must be 64 digits and letters from a to f.",
            "Copy the whole line that “insert-object daemon keys” showed on the other computer.",
        )
    return key


class KeyRing:
    """The keys that one user keeps on this computer. Files are made when they are needed."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is the daemon's folder for remote use."""
        self._folder = folder

    @property
    def server_file(self) -> Path:
        """The pair by which clients know this computer."""
        return self._folder / "server-key.json"

    @property
    def client_file(self) -> Path:
        """The pair by which other computers know this one."""
        return self._folder / "client-key.json"

    @property
    def clients_folder(self) -> Path:
        """One file for each client that may come in: ``NAME.key`` with its public key."""
        return self._folder / "clients"

    def server(self) -> KeyPair:
        """This computer's key as a server.

        Raises:
            KeyProblem: there is none yet, or it is damaged.
            PrivateFileError: its file cannot be trusted.
        """
        return _read_pair(self.server_file, "insert-object daemon keys server")

    def client(self) -> KeyPair:
        """This computer's key as a client; raises as ``server`` does."""
        return _read_pair(self.client_file, "insert-object daemon keys client")

    def new_server(self) -> KeyPair:
        """Makes a new key as a server; an old one is forgotten. Raises PrivateFileError."""
        return _write_pair(self.server_file)

    def new_client(self) -> KeyPair:
        """Makes a new key as a client; an old one is forgotten. Raises PrivateFileError."""
        return _write_pair(self.client_file)

    def allow(self, name: str, key: bytes) -> None:
        """Lets a client in from now on; a key under the same name is replaced.

        Raises:
            KeyProblem: the name is not a usable one.
            PrivateFileError: the file cannot be written.
        """
        path = self._client_path(name)
        make_private_folder(self.clients_folder)
        write_private_file(path, f"{key.hex()}\n".encode())

    def forbid(self, name: str) -> bytes:
        """Keeps a client out from now on; returns the key that it had.

        Raises:
            KeyProblem: no client has this name.
            PrivateFileError: its file cannot be removed.
        """
        path = self._client_path(name)
        allowed = self.allowed()
        try:
            path.unlink()
        except FileNotFoundError as error:
            known = ", ".join(sorted(allowed.values())) or "none"
            raise KeyProblem(f"No client is called {name}.", f"Those allowed: {known}.") from error
        except OSError as error:
            raise unwritable(path, error) from error
        return next((key for key, owner in allowed.items() if owner == name), b"")

    def allowed(self) -> Mapping[bytes, str]:
        """The name of each client that may come in, by its public key. Files that are no keys count for none.

        Raises:
            PrivateFileError: the folder or a file in it can be written by other users.
        """
        try:
            paths = sorted(self.clients_folder.iterdir())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise unwritable(self.clients_folder, error) from error
        make_private_folder(self.clients_folder)  # closes it, should others have had access
        found: dict[bytes, str] = {}
        for path in paths:
            if path.suffix == _ENDING and _NAME.fullmatch(path.stem):
                try:
                    found[public_key(_text(path))] = path.stem
                except KeyProblem:
                    continue  # ``insert-object daemon keys list`` shows who can come in
        return found

    def _client_path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyProblem(
                f"“{name}” is not a name for a client.",
                "Use up to 64 letters, digits, dots and dashes, beginning with a letter or digit.",
            )
        return self.clients_folder / f"{name}{_ENDING}"


def _text(path: Path) -> str:
    try:
        return read_private_file(path, denied=OTHERS_MAY_WRITE).decode("ascii", errors="replace")
    except FileNotFoundError:
        return ""  # removed at this very moment
    except OSError as error:
        raise PrivateFileError(
            f"The key {path} cannot be read: {error.strerror}.", "Give yourself the right to read it."
        ) from error


def _read_pair(path: Path, command: str) -> KeyPair:
    try:
        values = json.loads(read_private_file(path))
        return KeyPair(public_key(values["public"]), public_key(values["secret"]))
    except FileNotFoundError as error:
        raise KeyProblem("This computer has no such key yet.", f"Make one: {command}") from error
    except OSError as error:
        raise KeyProblem(f"The key {path} cannot be read: {error.strerror}.", "Allow it.") from error
    except (KeyProblem, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # nothing of the content may be seen, not even in a chain of errors
        raise KeyProblem(f"The key {path} is damaged.", f"Make a new one: {command} --renew") from None


def _write_pair(path: Path) -> KeyPair:
    pair = KeyPair.new()
    make_private_folder(path.parent)
    content = json.dumps({"public": pair.public.hex(), "secret": pair.secret.hex()}, indent=1)
    write_private_file(path, content.encode())
    return pair
