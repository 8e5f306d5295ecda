"""Every word has a translation in every language, and no failure leaves a slot."""

import ast
import json
import re
import unittest
from pathlib import Path

import insert_object
from insert_object import translations
from insert_object.messages import Tone, message_for
from insert_object.slots import safe_slot
from insert_object.wire import sentences
from insert_object.wire.protocol import ErrorCode, InsertObjectError

FOLDER = Path(insert_object.__file__).parent
LANGUAGES = ("fr", "de", "zh")


def words_in_the_source():
    """Every text given to ``tr`` or raised as a sentence or a hint."""
    shared = (sentences.NOTHING_SELECTED, sentences.PACK_IS_GONE.replace("“{pack}”", "{0}"))
    found = {*sentences.STAGES.values(), *sentences.STATES.values(), *shared, sentences.PACK_IS_GONE_HINT}
    found |= {*sentences.OF_THE_CLIENT, *sentences.OF_THE_SERVICE}
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            texts = node.args[
                : {"tr": 1, "N_": 1, "InsertObjectError": 3}.get(getattr(node.func, "id", ""), 0)
            ]
            found |= {text.value for text in texts if isinstance(text, ast.Constant)}
    return found


class Words(unittest.TestCase):
    def test_every_word_is_translated_with_the_same_places(self):
        words = words_in_the_source()
        self.assertGreater(len(words), 45)
        for language in LANGUAGES:
            texts = translations.catalogue(language)
            self.assertEqual(sorted(words - set(texts)), [], language)
            for english, translated in texts.items():
                places = re.findall(r"{\w+}", english)
                self.assertEqual(
                    sorted(re.findall(r"{\w+}", translated)), sorted(places), (language, english)
                )
                self.assertTrue(translated.strip(), (language, english))

    def test_catalogues_have_no_two_entries_of_one_word(self):
        for language in LANGUAGES:
            pairs = json.loads(
                (FOLDER / "translations" / f"{language}.json").read_text(encoding="utf-8"),
                object_pairs_hook=list,
            )
            self.assertEqual(len(pairs), len(dict(pairs)))

    def test_variants_of_a_language_share_its_catalogue_and_others_have_none(self):
        self.assertEqual(translations.catalogue("de_AT"), translations.catalogue("de"))
        self.assertEqual(translations.catalogue("zh_CN")["Insert"], "插入")
        self.assertEqual(translations.catalogue("C"), {})

    def test_a_sentence_of_the_daemon_is_translated_around_its_numbers(self):
        kept, translations._current = translations._current, lambda: translations.catalogue("de")
        try:
            translated = translations.tr_sentence("The box is 4 × 5 pixels, too small.")
            unknown = translations.tr_sentence("Something else with 3 numbers.")
            gone = translations.tr_sentence("The model pack “lamps 2” is not there any more.")
        finally:
            translations._current = kept
        self.assertEqual(translated, "Der Rahmen misst 4 × 5 Pixel, zu klein.")
        self.assertEqual(gone, "Das Modellpaket “lamps 2” ist nicht mehr da.")
        self.assertEqual(unknown, "Something else with 3 numbers.")


class Slots(unittest.TestCase):
    def setUp(self):
        self.shown = []

    def show_message(self, message):
        self.shown.append(message)

    @safe_slot
    def slot(self, error):
        raise error

    def test_a_failure_with_words_is_shown_in_its_words(self):
        self.slot(InsertObjectError(ErrorCode.BUSY, "It is busy.", "Wait."))
        self.assertEqual((self.shown[0].text, self.shown[0].tone), ("It is busy. Wait.", Tone.PROBLEM))

    def test_a_fault_is_shown_plainly_with_its_traceback_at_hand(self):
        with self.assertLogs("insert_object", "ERROR"):
            self.slot(ZeroDivisionError("x"))
        self.assertIn("Your picture is unharmed", self.shown[0].text)
        self.assertIn("Traceback", self.shown[0].details)

    def test_the_kind_of_a_fault_is_named(self):
        with self.assertLogs("insert_object", "ERROR"):
            self.assertIn("KeyError", message_for(KeyError("y")).text)
