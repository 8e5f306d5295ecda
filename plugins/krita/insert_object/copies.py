"""A layer that was duplicated: Krita gives it another id, so what is known of it is known by its original."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .annotations import read_records
from .documents import bounds_of, layer_id, owned
from .imprints import imprint_of
from .steps import finished
from .translations import tr
from .wire.layer_record import LayerRecord, Recipe
from .wire.protocol import Rect
from .wire.sentences import N_

MAX_COMPARED_PIXELS = 4_000_000  # of a layer without a telling name; more would be felt


def recipe_title(recipe: Recipe) -> str:
    """The name of the layer that a recipe makes."""
    return tr("{object} {seed}", object=recipe.label or recipe.wish.class_name, seed=recipe.wish.seed)


def copied_object(document: Any, node: Any) -> tuple[Any, LayerRecord] | None:
    """The copy of an object that a layer, its shadow or their group belongs to, with its record.

    It is told by its name, which Krita makes of the original's, or by its pixels.
    """
    records = list(read_records(document).values())
    if not records:
        return None
    inside = [child for child in owned(node.childNodes()) if child.type() == "paintlayer"]
    around = node.parentNode()
    beside = owned(around.childNodes()) if around is not None else []
    for candidate in (node, *inside, *(other for other in beside if _is_shadow_of(node, other, records))):
        record = _original(candidate, records) if candidate.type() == "paintlayer" else None
        if record is not None:
            return candidate, _as_it_lies(candidate, record)
    return None


def may_be_copy(name: str, place: Rect, record: LayerRecord) -> bool:
    """Whether a layer of that name and place could be known as a copy of a record's, by name or by pixels."""
    made = record.imprint
    is_alike = made is not None and (made.layer_width, made.layer_height) == (place.width, place.height)
    return is_alike or _tells(name, recipe_title(record.recipe))


def _original(node: Any, records: list[LayerRecord]) -> LayerRecord | None:
    name, place = node.name(), bounds_of(node)
    if _kind_of(name) is not None:
        return None
    named = [record for record in records if _tells(name, recipe_title(record.recipe))]
    alike = [
        record
        for record in named or records
        if record.imprint is not None
        and (record.imprint.layer_width, record.imprint.layer_height) == (place.width, place.height)
    ]
    if alike and place.width * place.height <= MAX_COMPARED_PIXELS:
        now = finished(imprint_of(node))
        same = [record for record in alike if record.imprint and record.imprint.digest == now.digest]
        if same:
            return same[-1]
    return named[-1] if named else None


def _as_it_lies(node: Any, record: LayerRecord) -> LayerRecord:
    """The record with the ids of the copy's own shadows and group, where it has them."""
    around = node.parentNode()
    siblings = owned(around.childNodes()) if around is not None else []
    shadows = [other for other in siblings if _is_shadow_of(other, node, [record])]
    ids = {_kind_of(shadow.name()): layer_id(shadow) for shadow in shadows}
    if not shadows or len(ids) != len(shadows) or len(siblings) != 1 + len(shadows):
        return replace(record, shadow="", cast="", group="")
    return replace(record, shadow=ids.get("shadow", ""), cast=ids.get("cast", ""), group=layer_id(around))


_NAMES = {"cast": N_("cast shadow · {layer}"), "shadow": N_("shadow · {layer}")}  # one has the other in it


def _tells(name: str, words: str) -> bool:
    """Whether a name has these words in it, and not the longer number of another object."""
    return re.search(re.escape(words) + r"(?!\d)", name) is not None


def _kind_of(name: str, title: str = "") -> str | None:
    """Which of an object's shadows a name tells; None: none of them."""
    return next((kind for kind, words in _NAMES.items() if _tells_shadow(name, words, title)), None)


def _tells_shadow(name: str, words: str, title: str) -> bool:
    return _tells(name, tr(words, layer=title)) if title else tr(words, layer="") in name


def _is_shadow_of(shadow: Any, node: Any, records: list[LayerRecord]) -> bool:
    titles = (recipe_title(record.recipe) for record in records)
    return layer_id(shadow) != layer_id(node) and any(
        _kind_of(shadow.name(), title) is not None and _tells(node.name(), title) for title in titles
    )
