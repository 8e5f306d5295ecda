"""A preview that is in the document, as the document remembers it: a file that is saved meanwhile, or that
Krita saves by itself before it crashes, opens with something that can be applied or discarded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .documents import find_layer, layer_id
from .herd_layers import HerdLayers, herd_again
from .history import Kept, LightChoice, Variation
from .object_layers import ObjectLayers, lit_layers_of, object_of
from .qt import QtCore
from .wire.kept_json import pass_over, read_map
from .wire.layer_record import Recipe
from .wire.protocol import MAX_SEED, MalformedMessage, Wish, from_plain, to_plain

PENDING_ANNOTATION = "insert_object_preview"
_VERSION = 1


@dataclass(frozen=True)
class Pending:
    """The ids of the preview's layers and of those that are hidden for it."""

    layer: str
    shadow: str = ""
    group: str = ""
    hidden: tuple[str, ...] = ()
    is_light: bool = False
    cast: str = ""
    herd: tuple[str, ...] = ()  # the layers of a herd's objects
    seed: int = field(default=0, metadata={"within": (0, MAX_SEED)})  # that the herd was made of
    strength: float = 1.0  # of a light
    shadows: Wish | None = None  # that came with it
    adjustments: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Found:
    """A preview that was found in a document that was opened."""

    layers: ObjectLayers
    variation: Variation  # without pixels
    replaces: ObjectLayers | None
    hidden: tuple[Any, ...]


def remember_preview(
    document: Any, layers: ObjectLayers, hidden: tuple[Any, ...], variation: Variation
) -> None:
    """Notes that these layers are a preview of a variation, for which others are hidden."""
    shadow, group, cast = (
        layer_id(node) if node is not None else "" for node in (layers.shadow, layers.group, layers.cast)
    )
    herd = tuple(layer_id(one.layer) for one in layers.members) if isinstance(layers, HerdLayers) else ()
    is_light, seed = variation.keeps is not None, variation.recipe.wish.seed
    ids = tuple(map(layer_id, hidden))
    pending = Pending(layer_id(layers.layer), shadow, group, ids, is_light, cast, herd, seed)
    light = variation.keeps
    if light is not None:
        choice, numbers = light.choice, light.adjustments
        pending = replace(pending, strength=choice.strength, shadows=choice.shadows, adjustments=numbers)
    text = json.dumps({"version": _VERSION, **to_plain(pending)}).encode("ascii")
    document.setAnnotation(PENDING_ANNOTATION, "A preview of Insert Object", QtCore.QByteArray(text))


def forget_preview(document: Any) -> None:
    """There is none any more."""
    if PENDING_ANNOTATION in document.annotationTypes():
        document.removeAnnotation(PENDING_ANNOTATION)


def find_preview(document: Any) -> Found | None:
    """The preview that a document was saved with; None where there is none, or nothing of it is left."""
    pending = _read(document)
    layer = find_layer(document, pending.layer) if pending is not None else None
    if pending is None or layer is None or not layer.locked():  # as every preview is
        return None
    others = (pending.shadow, pending.group, pending.cast)
    layers = ObjectLayers(layer, *(find_layer(document, identity) for identity in others))
    layers = herd_again(document, layers.group, pending.herd) or layers
    hidden = [node for node in (find_layer(document, one) for one in pending.hidden) if node is not None]
    replaced = object_of(document, hidden[0]) if hidden else None
    edited = replaced[0] if replaced is not None else None
    if edited is None and hidden:
        edited = lit_layers_of(document, hidden[0]) or ObjectLayers(hidden[0])
    made = object_of(document, layer)
    recipe = made[1].recipe if made is not None else Recipe(Wish())
    keeps = None
    if pending.is_light and edited is not None:
        record = replaced[1] if replaced is not None else None
        choice = LightChoice(pending.strength, pending.shadows)
        keeps = Kept(edited.layer.name(), record, choice, pending.adjustments)
        recipe = choice.wished(recipe)
        if choice.shadows is None:  # those that are there stay
            edited = ObjectLayers(edited.layer)
    bounds = layer.bounds()
    variation = Variation(recipe, bounds.x(), bounds.y(), None, keeps=keeps)
    if isinstance(layers, HerdLayers):
        found = (object_of(document, one.layer) for one in layers.members)
        variation.recipe = recipe.with_seed(pending.seed)
        variation.herd = tuple(Variation(each[1].recipe, 0, 0, None) for each in found if each is not None)
    return Found(layers, variation, edited, tuple(hidden))


def _read(document: Any) -> Pending | None:
    """What a document says; None where it says nothing or what cannot be: files come from anywhere."""
    if PENDING_ANNOTATION not in document.annotationTypes():
        return None
    plain = read_map(bytes(document.annotation(PENDING_ANNOTATION)), "a preview")
    if plain is None or plain.get("version") != _VERSION:
        return None
    try:
        return from_plain(Pending, plain, "the preview")
    except MalformedMessage as error:
        pass_over("a preview", str(error))
        return None
