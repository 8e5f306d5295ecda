"""What is kept of a layer comes back whole, and nothing damaged is believed."""

import json
import unittest

from insert_object.history import History, Variation
from insert_object.recipes import (
    LayerRecord,
    Mask,
    Recipe,
    entries_from_json,
    entries_to_json,
    packed_record,
    unpacked_record,
)
from insert_object.wire.protocol import Rect
from scripted import layer_reply

RECIPE = Recipe("dog", 42, Rect(-5, 10, 200, 100), "brown", Mask(4, 2, bytes(range(8))))


LAMP = Recipe("lamp", 7, Rect(0, 0, 9, 9), pack="lamps", shadow=True)


def kept(records):
    """The annotation of records."""
    return entries_to_json({layer: packed_record(record) for layer, record in records.items()})


def read(text):
    """The records of an annotation that can be understood."""
    records = {layer: unpacked_record(entry) for layer, entry in entries_from_json(text).items()}
    return {layer: record for layer, record in records.items() if record is not None}


class Records(unittest.TestCase):
    def test_records_come_back_as_they_were(self):
        records = {
            "{a}": LayerRecord(RECIPE, Rect(1, 2, 3, 4)),
            "{b}": LayerRecord(Recipe("cat", 0, Rect(0, 0, 9, 9)), Rect(0, 0, 1, 1)),
            "{c}": LayerRecord(LAMP, Rect(0, 0, 1, 1), "{shadow}", "{group}"),
        }
        self.assertEqual(read(kept(records)), records)

    def test_a_record_of_an_earlier_version_has_the_shipped_pack_and_no_shadow(self):
        old = {"class": "dog", "seed": 3, "style": "", "box": [1, 2, 30, 40], "placed": [1, 2, 3, 4]}
        text = json.dumps({"version": 1, "layers": {"{a}": old}}).encode()
        self.assertEqual(
            read(text)["{a}"], LayerRecord(Recipe("dog", 3, Rect(1, 2, 30, 40)), Rect(1, 2, 3, 4))
        )

    def test_damaged_entries_are_left_out_and_the_others_kept(self):
        good = json.loads(kept({"good": LayerRecord(RECIPE, Rect(1, 2, 3, 4))}))
        for name, change in {
            "no class": {"class": None, "seed": "x"},
            "seed": {"seed": -1},
            "box": {"box": [1, 2, 3]},
            "mask": {"mask": [4, 2, "!!!"]},
            "bomb": {"mask": [100000, 100000, good["layers"]["good"]["mask"][2]]},
            "short": {"mask": [5, 5, good["layers"]["good"]["mask"][2]]},
        }.items():
            good["layers"][name] = {**good["layers"]["good"], **change}
        good["layers"]["none"] = None
        self.assertEqual(list(read(json.dumps(good).encode())), ["good"])

    def test_anything_else_is_no_records(self):
        for text in (b"", b"[]", b'{"layers": 3}', b"\xff\xfe", b"null"):
            self.assertEqual(read(text), {})

    def test_the_box_follows_a_layer_that_was_moved_and_scaled(self):
        record = LayerRecord(Recipe("dog", 1, Rect(100, 100, 80, 60)), Rect(110, 120, 40, 20))
        self.assertEqual(record.box_at(Rect(210, 140, 40, 20)), Rect(200, 120, 80, 60))
        self.assertEqual(record.box_at(Rect(0, 0, 80, 40)), Rect(-20, -40, 160, 120))


class Histories(unittest.TestCase):
    @staticmethod
    def variation(seed, *, live=False, side=8):
        request = type("Request", (), {"id": "1", "class_name": "dog", "seed": seed, "box": RECIPE.box})
        return Variation(RECIPE.with_seed(seed), 0, 0, layer_reply(request, side=side).pixels, live)

    def test_live_variations_replace_each_other_and_lasting_ones_stay(self):
        history = History()
        for item in (
            self.variation(1),
            self.variation(2, live=True),
            self.variation(3, live=True),
            self.variation(4),
        ):
            history.add(item)
        self.assertEqual([item.recipe.seed for item in history.items], [1, 4])

    def test_the_oldest_pixels_go_first_and_their_recipes_stay(self):
        history = History(kept_bytes=2 * 8 * 8 * 4)
        for seed in range(4):
            history.add(self.variation(seed))
        self.assertEqual([item.pixels is None for item in history.items], [True, True, False, False])
        self.assertEqual([item.recipe.seed for item in history.items], [0, 1, 2, 3])

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
