"""The plug-in's words: translation, and errors as a painter reads them."""

from __future__ import annotations

from pathlib import Path

from gi.repository import GLib

from wire.protocol import ClassInfo, ErrorCode, InsertObjectError

_HELP = Path(__file__).resolve().parent / "help"


def _(text: str) -> str:
    """The text in the user's language; GIMP has set up the catalogue beside the plug-in."""
    return str(GLib.dgettext(None, text))


def N_(text: str) -> str:
    """Marks a text for translation where it is translated later."""
    return text


class Refusal(InsertObjectError):
    """The plug-in itself cannot do what was asked; sentence and hint are in the user's language already."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


# The daemon speaks English. In other languages its errors are told in these words, one for each code.
_ERRORS = {
    ErrorCode.UNAUTHORISED: N_(
        "The Insert Object service did not accept this plug-in. Run the installer again."
    ),
    ErrorCode.VERSION: N_(
        "The Insert Object service and this plug-in are of different versions. Run the installer again."
    ),
    ErrorCode.UNKNOWN_CLASS: N_("The Insert Object service does not know this class. Choose another one."),
    ErrorCode.BOX_TOO_SMALL: N_("The box is too small for an object. Draw a larger one."),
    ErrorCode.BOX_OUTSIDE: N_("The box lies outside the picture. Draw it on the picture."),
    ErrorCode.TOO_LARGE: N_("The picture is too large for the Insert Object service."),
    ErrorCode.BUSY: N_("The Insert Object service has too much to do. Try again in a moment."),
    ErrorCode.OUT_OF_MEMORY: N_("There was not enough memory. Close other programs and try again."),
    ErrorCode.MODEL_MISSING: N_("The networks' weights are missing. Run the installer again."),
    ErrorCode.MODEL_CORRUPT: N_("The networks' weights are damaged. Run the installer again."),
}

# What the client says about the service itself, where the sentence has no parts that vary.
_CLIENT_SENTENCES = (
    N_("The Insert Object service is not running."),
    N_("The Insert Object service stops before it is ready."),
    N_("The Insert Object service stopped twice while it worked on this."),
    N_("The Insert Object service did not accept this program's key (unauthorised)."),
    N_("The plug-in is not fully installed."),
    N_("The plug-in does not know how to start the Insert Object service."),
    N_(
        "This editor runs in a sandbox (Flatpak or Snap), from which the Insert Object service "
        "cannot be started."
    ),
    N_("Start it in a terminal: insert-object daemon start"),
    N_("Run install.py of Insert Object again."),
    N_("Run insert-object doctor in a terminal; it says where the service's log is."),
)


def explain(error: InsertObjectError) -> str:
    """What happened and what to do, in the user's language as far as the plug-in knows it."""
    known = _ERRORS.get(error.code)
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
