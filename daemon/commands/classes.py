"""``insert-object classes``: what the daemon's weights can insert."""

from __future__ import annotations

import argparse
import json

from daemon.client import Client


def run(options: argparse.Namespace) -> int:
    """Prints one class per line, its name, label and styles, or a JSON list."""
    with Client.connect() as client:
        classes = client.classes
    if options.json:
        listed = [{"name": info.name, "label": info.label, "styles": list(info.styles)} for info in classes]
        print(json.dumps(listed, ensure_ascii=False))
        return 0
    width = max((len(info.name) for info in classes), default=0)
    for info in classes:
        styles = f"  styles: {', '.join(info.styles)}" if info.styles else ""
        print(f"{info.name:<{width}}  {info.label}{styles}".rstrip())
    return 0
