"""What an insertion aims at: the selection, an earlier variation, or a layer to be made again."""

from __future__ import annotations

import enum
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from .colour_spaces import Space
from .form import Form
from .pixels import read_coverage, read_scene
from .reference_picture import shape_in
from .selection import SelectionInfo
from .translations import language
from .wire.layer_record import GivenShape, Recipe
from .wire.protocol import MAX_WINDOW_PIXELS, ErrorCode, Insert, InsertObjectError, Rect, Welcome
from .wire.reference import Reference
from .wire.request import SentArea, insert_request, sent_area
from .wire.sentences import NOTHING_SELECTED, PACK_IS_GONE, PACK_IS_GONE_HINT


class Purpose(enum.Enum):
    """Why an object is asked for."""

    INSERT = "insert"  # the user pressed Insert
    LIVE = "live"  # the selection came to rest while Live is on
    AGAIN = "again"  # an old variation whose pixels are gone
    EDIT = "edit"  # a layer gets another seed or class
    LIGHT = "light"  # a layer's own pixels get the light of its place


@dataclass(frozen=True)
class Target:
    """An insertion before the picture was read: what, where, how many, and where its shape comes from."""

    purpose: Purpose
    recipe: Recipe
    variations: int = 1
    shape: Any | None = None  # the Krita selection whose shape is the object's
    outline: Reference | None = None  # a picture whose outline is
    candidates: int = 1  # seeds of which the best are painted
    herds: tuple[tuple[Recipe, ...], ...] = ()  # each object of each variation, where several are wished


def selected_box(selection: SelectionInfo | None) -> Rect:
    """The box of a selection.

    Raises:
        InsertObjectError: nothing is selected.
    """
    if selection is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST, NOTHING_SELECTED, "Draw a selection where the object should be."
        )
    return selection.box


def checked_class(class_name: str) -> str:
    """The class to insert.

    Raises:
        InsertObjectError: none is chosen, since the daemon has not yet told its classes.
    """
    if not class_name:
        raise InsertObjectError(
            ErrorCode.UNKNOWN_CLASS, "No class is chosen.", "Wait until the list of classes has arrived."
        )
    return class_name


def translated_label(class_name: str, pack: str, welcome: Welcome | None) -> str:
    """What a class is called in the user's language; "" where that is as in English, or not known."""
    if welcome is None:
        return ""
    for info in welcome.classes_of(pack):
        label = info.label_in(language())
        if info.name == class_name and label != info.label:
            return label
    return ""


def check_pack(recipe: Recipe, welcome: Welcome | None) -> None:
    """Makes sure that the model pack of an earlier object can still be used, as far as that is known.

    Raises:
        InsertObjectError: the daemon has no such pack.
    """
    if welcome is not None and not welcome.has_pack(recipe.wish.pack):
        raise InsertObjectError(
            ErrorCode.MODEL_MISSING,
            PACK_IS_GONE.format(pack=recipe.wish.pack),
            PACK_IS_GONE_HINT,
        )


def wished_recipe(
    form: Form, seed: int, selection: SelectionInfo | None, edited: Recipe | None, welcome: Welcome | None
) -> Recipe:
    """What a form asks for: an object where something is selected, or in the place of the ``edited`` one.

    Raises:
        InsertObjectError: no class is chosen, or nothing is selected.
    """
    wish = form.wish
    label = translated_label(checked_class(wish.class_name), wish.pack, welcome)
    box = edited.wish.box if edited is not None else selected_box(selection)
    recipe = replace(edited or Recipe(wish), wish=replace(wish, box=box, seed=seed))
    return replace(recipe, label=label, look=form.given_look)


def window_limit(welcome: Welcome | None) -> int:
    """The longest side in pixels that the daemon takes."""
    return min(welcome.limits.window_pixels if welcome else MAX_WINDOW_PIXELS, MAX_WINDOW_PIXELS)


def build_request(
    document: Any, source: Any, target: Target, limit: int
) -> Generator[None, None, tuple[Insert, Recipe]]:
    """Reads what the daemon needs and makes the request, with the recipe that it follows.

    ``source`` is what the scene is read from: the document or a layer. Yields between the strips of it.

    Raises:
        InsertObjectError: the box is too small or outside the picture.
    """
    width, height, recipe = document.width(), document.height(), target.recipe
    area = sent_area(recipe.wish.box, width, height, limit)
    size = (area.width, area.height)
    scene = yield from read_scene(source, area.window, size)
    given = fitting(recipe.shape, area)
    if target.shape is not None:
        coverage = yield from read_coverage(target.shape, area.window, size)
        given = GivenShape.of(coverage.width, coverage.height, bytes(coverage.data))
    if target.outline is not None:
        outline = shape_in(target.outline, recipe.wish.box, area.window, size)
        given = GivenShape.of(outline.width, outline.height, bytes(outline.data)) if outline else None
    made = replace(recipe, shape=given)
    request = insert_request(
        recipe.wish,
        width,
        height,
        scene,
        variations=target.variations,
        candidates=target.candidates,
        depth=Space.of(document).wire_depth,
        preview=target.purpose is Purpose.LIVE,
        mask=given.frame() if given is not None else None,
        reference=recipe.look.frame() if recipe.look is not None else None,
        limit=limit,
    )
    return request, made


def fitting(shape: GivenShape | None, area: SentArea) -> GivenShape | None:
    """The shape if it has the size of what is sent now."""
    if shape is None or (shape.width, shape.height) != (area.width, area.height):
        return None
    return shape
