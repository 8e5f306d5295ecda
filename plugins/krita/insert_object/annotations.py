"""The recipes of a document's layers, kept inside the document (a .kra file saves them)."""

from __future__ import annotations

from typing import Any

from .documents import layer_id
from .qt import QtCore
from .recipes import LayerRecord, records_from_json, records_to_json

ANNOTATION = "insert_object"


def read_records(document: Any) -> dict[str, LayerRecord]:
    """Layer id to record for every layer that Insert Object made in this document."""
    if ANNOTATION not in document.annotationTypes():
        return {}
    return records_from_json(bytes(document.annotation(ANNOTATION)))


def record_of(document: Any, node: Any) -> LayerRecord | None:
    """How this layer was made, or None where Insert Object did not make it."""
    return read_records(document).get(layer_id(node))


def remember_layer(document: Any, identity: str, record: LayerRecord) -> None:
    """Keeps a layer's record; it stays when the layer is removed, since undo may bring the layer back."""
    records = read_records(document)
    records[identity] = record
    _write(document, records)


def _write(document: Any, records: dict[str, LayerRecord]) -> None:
    text = QtCore.QByteArray(records_to_json(records))
    document.setAnnotation(ANNOTATION, "How the layers of Insert Object were made", text)
