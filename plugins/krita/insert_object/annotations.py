"""The recipes of a document's layers, kept inside the document (a .kra file saves them)."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from .entries import Entries, entries_from_json, entries_to_json
from .qt import QtCore
from .wire.layer_record import LayerRecord
from .wire.light_record import LightRecord, packed

ANNOTATION = "insert_object"
LIGHT_ANNOTATION = "insert_object_light"
_WHAT = {  # what Krita is told of each
    ANNOTATION: "How the layers of Insert Object were made",
    LIGHT_ANNOTATION: "How layers were given light",
}
OWN_PIXELS = "insert_object_own_"  # and the layer's id: pixels that light can be taken off to


def read_records(document: Any) -> dict[str, LayerRecord]:
    """Layer id to record for every layer that Insert Object made in this document."""
    records = {layer: LayerRecord.from_map(entry) for layer, entry in _entries(document).items()}
    return {layer: record for layer, record in records.items() if record is not None}


def record_with(document: Any, identity: str) -> tuple[str, LayerRecord] | None:
    """The record of the object whose layer, shadows or group has that id, with its layer's id."""
    for layer, entry in _entries_with(_entries(document), identity):
        record = LayerRecord.from_map(entry)
        return (layer, record) if record is not None else None
    return None


def light_records_with(document: Any, identity: str) -> Iterator[tuple[str, LightRecord]]:
    """The ids and records of lit layers that have that id themselves, or whose shadow or group has it."""
    for layer, entry in _entries_with(_entries(document, LIGHT_ANNOTATION), identity):
        record = LightRecord.from_map(entry)
        if record is not None:
            yield layer, record


def _entries_with(entries: Entries, identity: str) -> Iterator[tuple[str, Any]]:
    for layer, entry in entries.items():
        if identity in (layer, entry.get("shadow"), entry.get("cast"), entry.get("group")):
            yield layer, entry


def groups_of_objects(document: Any) -> frozenset[str]:
    """The ids of the groups that hold an object and its shadows; nothing else belongs into them."""
    entries = (*_entries(document).values(), *_entries(document, LIGHT_ANNOTATION).values())
    groups = (entry.get("group") for entry in entries)
    return frozenset(group for group in groups if group and isinstance(group, str))


def remember_layer(document: Any, identity: str, record: LayerRecord) -> None:
    """Keeps a layer's record; it stays when the layer is removed, since undo may bring the layer back."""
    _keep(document, {**_entries(document), identity: record.to_map()})


def known_layers(document: Any) -> frozenset[str]:
    """The ids of all layers of which something is kept, whether they are still there or not."""
    names = document.annotationTypes()
    own = (name[len(OWN_PIXELS) :] for name in names if name.startswith(OWN_PIXELS))
    return frozenset((*_entries(document), *_entries(document, LIGHT_ANNOTATION), *own))


def forget_layers(document: Any, identities: Set[str]) -> None:
    """Lets go of all that is kept of layers that no undo brings back."""
    for name in _WHAT:
        entries = _entries(document, name)
        left = {layer: entry for layer, entry in entries.items() if layer not in identities}
        if len(left) < len(entries):
            _keep(document, left, name)
    for name in document.annotationTypes():
        if name.startswith(OWN_PIXELS) and name[len(OWN_PIXELS) :] in identities:
            document.removeAnnotation(name)


def light_record_of(document: Any, identity: str) -> LightRecord | None:
    """How a layer was given the scene's light; None where it was not."""
    return LightRecord.from_map(_entries(document, LIGHT_ANNOTATION).get(identity))


def kept_pixels(document: Any, identity: str) -> bytes:
    """A lit layer's own pixels, packed; empty where there are none."""
    name = OWN_PIXELS + identity
    return bytes(document.annotation(name)) if name in document.annotationTypes() else b""


def remember_light(document: Any, identity: str, record: LightRecord, own: bytes | None) -> None:
    """Keeps how a layer was lit, and its own pixels before; None: they are the ones that it has."""
    entries = {**_entries(document, LIGHT_ANNOTATION), identity: record.to_map()}
    _keep(document, entries, LIGHT_ANNOTATION)
    if own is None:
        return
    pixels = QtCore.QByteArray(packed(own))
    document.setAnnotation(OWN_PIXELS + identity, "A layer's own pixels before it was lit", pixels)


def _entries(document: Any, name: str = ANNOTATION) -> Entries:
    if name not in document.annotationTypes():
        return {}
    return entries_from_json(bytes(document.annotation(name)))


def _keep(document: Any, entries: Entries, name: str = ANNOTATION) -> None:
    document.setAnnotation(name, _WHAT[name], QtCore.QByteArray(entries_to_json(entries)))
