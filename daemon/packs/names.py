"""Finding the pack, class or style that a user named, or the nearest to it. Imports nothing but difflib."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from wire.protocol import ClassInfo, ErrorCode, InsertObjectError, PackInfo, Wish


def named(wish: Wish, classes: Sequence[ClassInfo], packs: Sequence[PackInfo] = ()) -> Wish:
    """The wish with the exact names of its pack, class and style.

    ``classes`` are those of the shipped pack, ``packs`` the further ones.

    Raises:
        InsertObjectError: ``bad-request`` for a pack or a style, ``unknown-class`` for a class that the
            wish's pack does not know; the hint suggests the nearest.
    """
    pack = known_pack(wish.pack, packs)
    info = known_class(wish.class_name, pack.classes if pack else classes)
    return replace(
        wish, pack=pack.name if pack else "", class_name=info.name, style=known_style(wish.style, info)
    )


def in_its_pack(wish: Wish, classes: Sequence[ClassInfo], packs: Sequence[PackInfo]) -> Wish:
    """The wish with the pack that alone has its class, where none is named and the shipped one has not.

    Raises:
        InsertObjectError: ``unknown-class``: several packs have it; the hint names them.
    """
    if wish.pack or _has(wish.class_name, classes):
        return wish
    having = [pack.name for pack in packs if _has(wish.class_name, pack.classes)]
    if len(having) > 1:
        raise InsertObjectError(
            ErrorCode.UNKNOWN_CLASS,
            f"More than one model pack has the class “{wish.class_name[:60]}”.",
            f"Choose one with --pack: {', '.join(having)}.",
        )
    return replace(wish, pack="".join(having))


def known_pack(name: str, packs: Sequence[PackInfo]) -> PackInfo | None:
    """The further pack of that name or label, whatever its capitals; None, the shipped one, for no name.

    Raises:
        InsertObjectError: ``bad-request``; the hint names the nearest pack and all there are.
    """
    wanted = name.strip().casefold()
    if not wanted:
        return None
    called = {pack.label.casefold(): pack for pack in packs} | {pack.name.casefold(): pack for pack in packs}
    if wanted in called:  # a name counts more than another pack's label
        return called[wanted]
    hint = "There are no packs but the one that came with the program; leave the name out."
    if packs:
        hint = _suggestion(wanted, [pack.name for pack in packs])
    raise InsertObjectError(ErrorCode.BAD_REQUEST, f"There is no model pack “{name[:60]}”.", hint)


def _has(name: str, classes: Sequence[ClassInfo]) -> bool:
    wanted = name.strip().casefold()
    return any(wanted in (info.name.casefold(), info.label.casefold()) for info in classes)


def known_class(name: str, classes: Sequence[ClassInfo]) -> ClassInfo:
    """The class of that name or label, whatever its capitals.

    Raises:
        InsertObjectError: ``unknown-class``; the hint names the nearest class and all there are.
    """
    wanted = name.strip().casefold()
    for info in classes:
        if wanted in (info.name.casefold(), info.label.casefold()):
            return info
    names = [info.name for info in classes]
    raise InsertObjectError(
        ErrorCode.UNKNOWN_CLASS, f"There is no class “{name[:60]}”.", _suggestion(wanted, names)
    )


def known_style(name: str, info: ClassInfo) -> str:
    """The class's style of that name, whatever its capitals; an empty name stays empty.

    Raises:
        InsertObjectError: ``bad-request``; the hint names the nearest style and all there are.
    """
    wanted = name.strip().casefold()
    for style in ("", *info.styles):
        if wanted == style.casefold():
            return style
    hint = _suggestion(wanted, info.styles) if info.styles else "Leave --style out; the seed decides."
    raise InsertObjectError(ErrorCode.BAD_REQUEST, f"The class {info.name} has no style “{name[:60]}”.", hint)


def _suggestion(wanted: str, names: Sequence[str]) -> str:
    by_fold = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted, by_fold, n=1, cutoff=0.5)
    asked = f"Did you mean “{by_fold[near[0]]}”? " if near else ""
    return f"{asked}Known: {', '.join(names)}."
