"""Whatever the plug-in calls a menu of GIMP, this GIMP calls it so, too, in each language."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from plugins.gimp.po import catalogues
from tests.gimp.provision import GimpPlace

LANGUAGES = ("de", "fr", "zh_CN")
GONE_IN_3_2 = "Discard Text Information"
NEW_IN_3_2 = "Layer ▸ Rasterize"
OURS = ("Insert _object...", "Light layer li_ke the scene...")


def bare(label: str) -> str:
    """A menu's label without its underlined letter and its dots."""
    return re.sub(r"\(_.\)|_", "", label).rstrip(".… ")


def gimp_words(place: GimpPlace, language: str) -> Catalog:
    """GIMP's own catalogue of a language."""
    share = (place.root or Path("/")) / "usr" / "share" / "locale"
    with (share / language / "LC_MESSAGES" / "gimp30.mo").open("rb") as file:
        return read_mo(file)


def menu_names(place: GimpPlace, language: str) -> set[str]:
    """What GIMP calls its tools, menus and their entries; in English where nobody has translated one."""
    texts = {} if language == "en" else {text: words_of(language)[text] for text in OURS}
    ours = {bare(texts.get(text, text)) for text in OURS}
    catalogues_of_gimp = [gimp_words(place, other) for other in LANGUAGES]
    english = {text_of(one): one.context or "" for of in catalogues_of_gimp for one in of if one.string}
    wanted = {text for text, context in english.items() if context.endswith(("-action", "command"))}
    if language == "en":
        return ours | {bare(text) for text in wanted}
    theirs = [one for one in gimp_words(place, language) if text_of(one) in wanted]
    shown = {str(one.string) for one in theirs if (one.context or "").endswith(("-action", "command"))}
    return ours | {bare(text) for text in (*shown, *(wanted - {text_of(one) for one in theirs}))}


def text_of(message: Message) -> str:
    """The English text; of one with a plural its singular."""
    return message.id if isinstance(message.id, str) else message.id[0]


def words_of(language: str) -> dict[str, str]:
    return catalogues.translations(catalogues.read_catalogue(catalogues.HERE / f"{language}.po"))


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_menus_are_called_as_gimp_calls_them(gimp_place: GimpPlace, language: str) -> None:
    names = menu_names(gimp_place, language)
    texts = {} if language == "en" else words_of(language)
    gone = GONE_IN_3_2 if gimp_place.version() >= "3.2" else NEW_IN_3_2
    source = [text for text in catalogues.source_texts() if "▸" in text and gone not in text]
    said = [texts.get(text, text) for text in source]
    assert said
    for sentence in said:
        steps = [part.strip() for part in sentence.split("▸")]
        for before, after in itertools.pairwise(steps):
            assert any(ends_with(before, name) for name in names), (sentence, before)
            assert any(ends_with(after[::-1], name[::-1]) for name in names), (sentence, after)


def ends_with(text: str, name: str) -> bool:
    """Whether a text ends with a name that is not the end of a longer word."""
    if not name or not text.endswith(name):
        return False
    rest = text[: -len(name)]
    return not (rest[-1:].isalnum() and name[0].isascii() and rest[-1].isascii())
