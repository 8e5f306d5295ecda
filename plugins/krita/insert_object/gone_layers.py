"""What a document still keeps of layers that are gone for good; files would grow without an end otherwise."""

from __future__ import annotations

from typing import Any

from .annotations import forget_layers, known_layers, read_records
from .canvas import Steps
from .copies import may_be_copy
from .documents import bounds_of, layer_id, walk


def forget_gone(document: Any) -> Steps:
    """Lets go of the records and own pixels of layers that are not in a document which was just opened.

    Where it is changed already, undo may bring one back: then they stay until it is opened again. The record
    of an object stays as long as a layer may be its copy, which is known by it alone.
    """
    if document.modified():
        return
    nodes = {layer_id(node): node for node in walk(document.rootNode())}
    gone = known_layers(document) - set(nodes)
    originals = {layer: record for layer, record in read_records(document).items() if layer in gone}
    for node in nodes.values() if originals else ():
        yield
        if node.type() == "paintlayer":
            name, place = node.name(), bounds_of(node)
            gone -= {layer for layer, record in originals.items() if may_be_copy(name, place, record)}
    if gone and not document.modified():  # meanwhile
        forget_layers(document, gone)
