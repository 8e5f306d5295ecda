"""The annotation that keeps the records of a document's layers. No Krita in here."""

from __future__ import annotations

import json
from typing import Any

from .wire.kept_json import read_map

FORMAT_VERSION = 2

Entries = dict[str, Any]  # layer id to the map of its record


def entries_to_json(entries: Entries) -> bytes:
    """The annotation's text."""
    return json.dumps({"version": FORMAT_VERSION, "layers": entries}, ensure_ascii=False).encode("utf-8")


def entries_from_json(text: bytes) -> Entries:
    """The entries of an annotation, still maps; none where the text is not understood."""
    kept = read_map(text, "how the layers were made")
    layers = kept.get("layers") if kept is not None and kept.get("version") == FORMAT_VERSION else None
    if not isinstance(layers, dict):
        return {}
    return {layer: entry for layer, entry in layers.items() if isinstance(entry, dict)}
