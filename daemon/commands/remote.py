"""``insert-object daemon keys`` and ``daemon upstream``, and what ``daemon run`` takes for remote use."""

from __future__ import annotations

import argparse
import dataclasses
import math
from typing import TYPE_CHECKING

from daemon.home.folders import Folders
from daemon.home.private_files import is_there
from daemon.serving.address import Address
from daemon.serving.settings import Settings
from wire.protocol import ErrorCode, InsertObjectError

if TYPE_CHECKING:
    from daemon.remote.upstream import Upstream
    from daemon.serving.keys import KeyRing

NONE = "none"  # in place of an address: this computer does the work itself


def add_remote_options(run: argparse.ArgumentParser) -> None:
    """Adds to ``daemon run`` what concerns other computers."""
    run.add_argument(
        "--listen", metavar="tcp://HOST:PORT", help="let other computers in, too, if their key is allowed"
    )
    run.add_argument(
        "--upstream",
        metavar="tcp://HOST:PORT",
        help="forward to that computer; “none”: do the work here, whatever “daemon upstream” says",
    )
    run.add_argument("--server-key", metavar="KEY", help="the public key of the computer forwarded to")


def add_remote_parsers(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``keys`` and ``upstream`` to ``daemon``."""
    keys = actions.add_parser("keys", help="keys for using another computer's service", allow_abbrev=False)
    kinds = keys.add_subparsers(metavar="WHAT", required=True)
    for name, what in (("server", "other computers know this one"), ("client", "this one may use others")):
        kind = kinds.add_parser(name, help=f"show the key by which {what}", allow_abbrev=False)
        kind.add_argument("--renew", action="store_true", help="make a new one in its place")
        kind.set_defaults(run=_show_key, kind=name)
    allow = kinds.add_parser("allow", help="let another computer use this one", allow_abbrev=False)
    allow.add_argument("name", metavar="NAME", help="what to call it")
    allow.add_argument("key", metavar="KEY", help="what “daemon keys client” shows there")
    allow.set_defaults(run=_allow)
    forbid = kinds.add_parser("forbid", help="keep another computer out again", allow_abbrev=False)
    forbid.add_argument("name", metavar="NAME")
    forbid.set_defaults(run=_forbid)
    kinds.add_parser("list", help="who may use this computer").set_defaults(run=_list)
    upstream = actions.add_parser(
        "upstream", help="have another computer make the objects", allow_abbrev=False
    )
    upstream.add_argument(
        "address",
        nargs="?",
        metavar="tcp://HOST:PORT",
        help="that computer; “none”: this one; left out: show",
    )
    upstream.add_argument("--server-key", metavar="KEY", help="what “daemon keys server” shows there")
    upstream.set_defaults(run=_upstream)


def with_listening(settings: Settings, options: argparse.Namespace) -> Settings:
    """The settings with the address to listen on; a daemon for others ends only when it is told to.

    Raises:
        InsertObjectError: no address, no key, or an upstream as well.
    """
    if not options.listen:
        return settings
    if options.upstream and options.upstream != NONE:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST, "A service cannot both listen for others and forward.", "Choose one."
        )
    _ring().server()  # said at once, rather than in the log
    is_default = settings.end_after == Settings.end_after
    end_after = settings.end_after if options.end_after or not is_default else math.inf
    return dataclasses.replace(
        settings, listen=Address.parse(options.listen, lowest_port=0), end_after=end_after
    )


def chosen_upstream(folders: Folders, options: argparse.Namespace) -> Upstream | None:
    """The computer to forward to, from the options or from what was set; None: the work is done here.

    Raises:
        InsertObjectError: address or key cannot be used.
    """
    from daemon.remote.upstream import read_upstream

    if options.upstream == NONE or options.listen:
        return None
    if options.upstream:
        return _upstream_of(options.upstream, options.server_key)
    return read_upstream(folders.upstream_file)


def _upstream_of(address: str, key: str | None) -> Upstream:
    from daemon.remote.upstream import Upstream
    from daemon.serving.keys import KeyProblem, public_key

    if not key:
        raise KeyProblem(
            f"Without its key, nobody could tell whether {address[:80]} is the right computer.",
            "Add --server-key and what “insert-object daemon keys server” shows there.",
        )
    return Upstream(Address.parse(address), public_key(key))


def _ring() -> KeyRing:
    from daemon.serving.keys import KeyRing  # imports ZeroMQ

    return KeyRing(Folders.default().remote)


def _show_key(options: argparse.Namespace) -> int:
    ring = _ring()
    is_server = options.kind == "server"
    path = ring.server_file if is_server else ring.client_file
    made = options.renew or not is_there(path)
    if made:
        pair = ring.new_server() if is_server else ring.new_client()
    else:
        pair = ring.server() if is_server else ring.client()
    print(pair.shown)
    return 0


def _allow(options: argparse.Namespace) -> int:
    from daemon.serving.keys import KeyProblem, public_key

    ring = _ring()
    key = public_key(options.key)
    owner = ring.allowed().get(key)
    if owner is not None and owner != options.name:
        raise KeyProblem(f"This key is allowed already, as {owner}.", f"Keep that, or forbid {owner} first.")
    ring.allow(options.name, key)
    print(f"{options.name} may use this computer.")
    return 0


def _forbid(options: argparse.Namespace) -> int:
    _ring().forbid(options.name)
    print(f"{options.name} may not use this computer any more.")
    return 0


def _list(_options: argparse.Namespace) -> int:
    allowed = _ring().allowed()
    for key, name in sorted(allowed.items(), key=lambda item: item[1]):
        print(f"{name}  {key.hex()}")
    if not allowed:
        print("No other computer may use this one.")
    return 0


def _upstream(options: argparse.Namespace) -> int:
    from daemon.remote.upstream import forget_upstream, read_upstream

    folders = Folders.default()
    if options.address == NONE:
        forget_upstream(folders.upstream_file)
        print("This computer makes the objects itself.")
    elif options.address:
        upstream = _upstream_of(options.address, options.server_key)
        _ring().client()  # said at once, rather than by the service
        upstream.write(folders.upstream_file)
        print(f"From now on, {upstream.address.shown} makes the objects.")
    else:
        found = read_upstream(folders.upstream_file)
        print(f"{found.address.endpoint}  {found.server_key.hex()}" if found else "This computer itself.")
        return 0
    _say_if_running(folders)
    return 0


def _say_if_running(folders: Folders) -> None:
    from daemon.home.lifecycle import running_pid

    if running_pid(folders) is not None:
        print("The running service still uses the old setting; end it with “insert-object daemon stop”.")
