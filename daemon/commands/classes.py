"""``insert-object classes``: what the daemon's model packs can insert."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from daemon.client import Client
from daemon.packs.names import known_pack
from wire.protocol import ClassInfo


def run(options: argparse.Namespace) -> int:
    """Prints one class per line, its name, label and styles, or a JSON list of all.

    Raises:
        InsertObjectError: ``bad-request`` for a pack that is not there.
    """
    with Client.connect() as client:
        shipped, packs = client.classes, client.packs
    asked = known_pack(options.pack, packs)
    groups: list[tuple[str, str, Sequence[ClassInfo]]] = [("", "", shipped)]
    groups += [(pack.name, pack.label, pack.classes) for pack in packs]
    if asked is not None:
        groups = [(asked.name, "", asked.classes)]
    if options.json:
        listed = [
            {"name": info.name, "label": info.label, "styles": list(info.styles), "pack": pack}
            for pack, _, classes in groups
            for info in classes
        ]
        print(json.dumps(listed))
        return 0
    for pack, label, classes in groups:
        if label:
            print(f"\n--pack {pack}  ({label})")
        _show(classes)
    return 0


def _show(classes: Sequence[ClassInfo]) -> None:
    width = max((len(info.name) for info in classes), default=0)
    for info in classes:
        styles = f"  styles: {', '.join(info.styles)}" if info.styles else ""
        print(f"{info.name:<{width}}  {info.label}{styles}".rstrip())
