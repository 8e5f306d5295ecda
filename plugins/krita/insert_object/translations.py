"""The plug-in's own words in the language Krita runs in; Krita's catalogue knows nothing of plug-ins."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from .qt import QtCore

_VALUE = re.compile(r"“[^”]*”|-?\b\d+\b")  # what differs between two sentences of one kind
FOLDER = Path(__file__).with_name("translations")


def catalogue(language: str) -> dict[str, str]:
    """English text to translated text for a locale name such as ``fr_CH``; empty where there is none."""
    path = FOLDER / f"{language.split('_')[0].split('-')[0].lower()}.json"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as file:
        texts: dict[str, str] = json.load(file)
    return texts


@lru_cache(maxsize=1)
def _current() -> dict[str, str]:
    return catalogue(language())


def language() -> str:
    """The language Krita runs in, such as ``fr_CH``."""
    return str(QtCore.QLocale().name())  # Krita sets Qt's default locale to its own language


def tr(text: str, **values: object) -> str:
    """``text`` in the user's language, with ``{name}`` places filled from ``values``."""
    translated = _current().get(text, text)
    return translated.format(**values) if values else translated


def tr_sentence(sentence: str) -> str:
    """A ready sentence of client or daemon; the catalogue has ``{0}``, ``{1}``… for its numbers and names."""
    if sentence in _current():
        return tr(sentence)
    values = _VALUE.findall(sentence)
    count = iter(range(len(values)))
    pattern = _VALUE.sub(lambda _: f"{{{next(count)}}}", sentence)
    return _current()[pattern].format(*values) if pattern in _current() else sentence
