"""The plug-in's words: translation, and errors as a painter reads them."""

from __future__ import annotations

from pathlib import Path

from gi.repository import GLib

from wire.protocol import ClassInfo, ErrorCode, InsertObjectError
from wire.sentences import ERRORS

_HELP = Path(__file__).resolve().parent / "help"


def _(text: str) -> str:
    """The text in the user's language; GIMP has set up the catalogue beside the plug-in."""
    return str(GLib.dgettext(None, text))


class Refusal(InsertObjectError):
    """The plug-in itself cannot do what was asked; sentence and hint are in the user's language already."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def explain(error: InsertObjectError) -> str:
    """What happened and what to do, in the user's language as far as the plug-in knows it."""
    known = ERRORS.get(error.code)
    if known is not None and _(known) != known:
        return _(known)
    if not error.hint:
        return _(error.sentence)
    return f"{_(error.sentence)} {_(error.hint)}"


def class_label(info: ClassInfo) -> str:
    """What a class is called in the user's language, else in English, in small letters."""
    label = info.label_in(*(name.partition(".")[0] for name in GLib.get_language_names()))
    return label.lower() if label == info.label else label


def help_page() -> Path:
    """The help page in the user's language, or in English."""
    for language in GLib.get_language_names():  # like fr_FR.UTF-8, fr_FR, fr.UTF-8, fr, C
        page = _HELP / f"insert-object.{language}.html"
        if page.exists():
            return page
    return _HELP / "insert-object.html"
