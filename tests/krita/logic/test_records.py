"""What is kept of a document's layers comes back whole, and nothing damaged is believed."""

import json
import unittest

from insert_object.entries import entries_from_json, entries_to_json
from insert_object.history import History, Variation
from insert_object.wire.layer_record import LayerRecord
from insert_object.wire.protocol import Rect
from scripted import Asked, layer_reply, recipe_of

RECIPE = recipe_of("dog", 42, Rect(-5, 10, 200, 100), style="brown")
RECORD = LayerRecord(RECIPE, Rect(1, 2, 3, 4), shadow="{shadow}", group="{group}")


class Entries(unittest.TestCase):
    def test_the_annotation_keeps_every_record(self):
        entries = {"{a}": RECORD.to_map(), "{b}": LayerRecord(RECIPE, Rect(0, 0, 1, 1)).to_map()}
        read = entries_from_json(entries_to_json(entries))
        self.assertEqual(read, entries)
        self.assertEqual(LayerRecord.from_map(read["{a}"]), RECORD)

    def test_a_damaged_entry_is_left_out_and_the_others_stay(self):
        text = json.dumps({"version": 2, "layers": {"good": RECORD.to_map(), "none": None, "list": []}})
        self.assertEqual(list(entries_from_json(text.encode())), ["good"])

    def test_anything_else_is_no_records(self):
        deep = b"[" * 100_000
        for text in (
            b"",
            b"[]",
            b'{"layers": 3}',
            b'{"version": 2, "layers": 3}',
            b"\xff\xfe",
            b"null",
            deep,
        ):
            self.assertEqual(entries_from_json(text), {})


class Histories(unittest.TestCase):
    @staticmethod
    def variation(seed, *, live=False, side=8):
        recipe = RECIPE.with_seed(seed)
        return Variation(recipe, 0, 0, layer_reply(Asked(recipe), side=side).pixels, live)

    def test_live_variations_replace_each_other_and_lasting_ones_stay(self):
        history = History()
        for item in (
            self.variation(1),
            self.variation(2, live=True),
            self.variation(3, live=True),
            self.variation(4),
        ):
            history.add(item)
        self.assertEqual([item.recipe.wish.seed for item in history.items], [1, 4])

    def test_the_oldest_pixels_go_first_and_their_recipes_stay(self):
        history = History(kept_bytes=2 * 8 * 8 * 4)
        for seed in range(4):
            history.add(self.variation(seed))
        self.assertEqual([item.pixels is None for item in history.items], [True, True, False, False])
        self.assertEqual([item.recipe.wish.seed for item in history.items], [0, 1, 2, 3])

    def test_the_newest_pixels_stay_however_large(self):
        history = History(kept_bytes=1)
        history.add(self.variation(1))
        self.assertIsNotNone(history.items[0].pixels)

    def test_shadows_count_as_pixels_and_go_with_them(self):
        pixels = self.variation(1).pixels
        items = [Variation(RECIPE.with_seed(n), 0, 0, pixels, shadow=pixels) for n in range(3)]
        history = History(kept_bytes=2 * 8 * 8 * 4)
        for item in items:
            history.add(item)
        self.assertEqual(
            [(i.pixels is None, i.shadow is None) for i in items], [(True, True)] * 2 + [(False, False)]
        )

    def test_a_variation_is_found_by_what_made_it(self):
        history = History()
        history.add(self.variation(1))
        self.assertIs(history.find(RECIPE.with_seed(1)), history.items[0])
        self.assertIsNone(history.find(RECIPE.with_seed(2)))
