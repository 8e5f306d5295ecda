"""The plug-in's words in other languages: complete, compiled, and shown by GIMP."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

from plugins.gimp.po import catalogues
from plugins.profiles.plugin_files import PluginConfig
from tests.gimp.harness import Gimp, make_profile
from tests.gimp.provision import GimpPlace

LANGUAGES = ("fr", "de", "zh_CN")


def words_of(language: str) -> dict[str, str]:
    return catalogues.translations(catalogues.read_catalogue(catalogues.HERE / f"{language}.po"))


def test_every_text_is_translated_and_compiled() -> None:
    assert catalogues.problems() == []
    assert {path.stem for path in catalogues.HERE.glob("*.po")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_one_that_gettext_reads(language: str) -> None:
    with catalogues.compiled_path(language).open("rb") as file:
        words = gettext.GNUTranslations(file)
    texts = words_of(language)
    assert texts
    assert all(words.gettext(source) == text for source, text in texts.items())


def test_a_line_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "xx.po"
    bad.write_text('msgid "a"\nno word\nmsgstr "b"\n', encoding="utf-8")
    with pytest.raises(catalogues.BadCatalogue, match=r"xx\.po, line 2"):
        catalogues.read_catalogue(bad)


def test_a_catalogue_is_compiled_anew_only_where_its_words_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "PLUG_IN", tmp_path)
    path = tmp_path / "de.po"
    for word, changed in (("Hund", True), ("Hund", False), ("Katze", True)):
        before = (
            catalogues.compiled_path("de").read_bytes() if catalogues.compiled_path("de").exists() else b""
        )
        path.write_text(f'msgid "dog"\nmsgstr "{word}"\n', encoding="utf-8")
        catalogues.compile_catalogue(path)
        assert (catalogues.compiled_path("de").read_bytes() != before) is changed
        with catalogues.compiled_path("de").open("rb") as file:
            assert gettext.GNUTranslations(file).gettext("dog") == word


def test_gimp_shows_the_translated_words(gimp_place: GimpPlace, tmp_path: Path) -> None:
    config = PluginConfig(tmp_path / "connection.json", ())
    profile = make_profile(tmp_path / "profile", gimp_place, config)
    gimp = Gimp(gimp_place, profile, language="de_DE.UTF-8")
    try:
        assert gimp.menu_of_procedure()["label"] == "_Objekt einfügen..."
        image = gimp.make_image(100, 100)["image"]
        gimp.select_rectangle(image, 1, 1, 4, 4)
        error = gimp.insert(image)["error"]
        assert gimp.help_page() == "insert-object.de.html"
        assert gimp.class_label({"de": "Hund", "fr": "Chien"}) == "Hund"
        assert gimp.class_label({"fr": "Chien"}) == "dog"
        assert error == "Der Rahmen ist zu klein für ein Objekt. Ziehen Sie einen größeren."
    finally:
        gimp.close()


ALWAYS_THERE = (
    "_Model pack:",
    "C_lass:",
    "S_tyle:",
    "_Seed:",
    "_New Seed",
    "Contact shado_w",
    "_Flip horizontally",
    "_Preview on the picture",
    "_Before",
    "_Retry",
    "_Help",
    "R_eset",
    "_Cancel",
)
FOR_NEW_OBJECTS = ("Selection is the _object's shape", "_Insert")
FOR_EDITED_OBJECTS = ("_Keep the layer's shape", "_Apply")
OF_THE_QUESTION = ("Only _light and shadow", "New layer _above", "_Repaint", "_Cancel")
OF_LIGHT = ("_Strength:", "Show how it was _before", "_Retry", "_Help", "R_eset", "_Cancel", "_Apply")


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
@pytest.mark.parametrize(
    "words",
    [
        ALWAYS_THERE + FOR_NEW_OBJECTS,
        ALWAYS_THERE + FOR_EDITED_OBJECTS,
        OF_THE_QUESTION,
        (*OF_LIGHT, "Contact shado_w"),
        (*OF_LIGHT, "Make a new contact shado_w"),
    ],
)
def test_every_control_of_the_dialog_has_a_letter_of_its_own(language: str, words: tuple[str, ...]) -> None:
    texts = {} if language == "en" else words_of(language)
    shown = [texts.get(text, text) for text in words]
    letters = [text.partition("_")[2][:1].lower() for text in shown]
    assert all(letters)
    assert len(set(letters)) == len(letters), shown
    assert set(words) <= set(catalogues.source_texts())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_page_names_every_control_as_the_dialog_does(language: str) -> None:
    texts = words_of(language)
    help_folder = catalogues.PLUG_IN / "help"
    page = (help_folder / f"insert-object.{language}.html").read_text(encoding="utf-8")
    english = (help_folder / "insert-object.html").read_text(encoding="utf-8")
    for tag in ("<h2>", "<dt>", "<li>", "<kbd>", "<code>"):
        assert page.count(tag) == english.count(tag)
    controls = ("_Model pack:", "C_lass:", "S_tyle:", "_Seed:", "_New Seed", "Contact shado_w", "_Retry")
    for text in (*controls, "_Preview on the picture", "Selection is the _object's shape", "_Insert"):
        shown = re.sub(r"\(_.\)", "", texts[text]).replace("_", "").rstrip(" :：")
        assert shown in page, shown
