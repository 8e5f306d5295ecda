"""A layer in another colour space than the picture is lit and edited in its colours, not in its bytes."""

import unittest

from insert_object.annotations import light_record_of
from insert_object.documents import layer_id
from insert_object.editing import Way
from krita_pictures import SRGB
from test_editing import CAT, DOG, tree
from test_light import CAST, OWN, PLACE, LightCase

LIT = tuple(value + 40 for value in OWN)


class OtherSpaces(LightCase):
    """The picture has 8 bits, the layer 16."""

    def deep(self, layer):
        layer.setColorSpace("RGBA", "U16", SRGB)
        self.document.setActiveNode(layer)
        return layer

    def seen(self):
        """Of the picture, inside of the cut-out and at its transparent corner."""
        inside, corner = (bytes(self.document.pixelData(PLACE[0] + x, PLACE[1], 1, 1)) for x in (5, 0))
        return tuple(inside), tuple(corner)

    def test_it_is_lit(self):
        bare = self.seen()[1]
        self.light(self.deep(self.paste()))
        self.assertEqual(tree(self.root), ["Background", "cut-out"])
        self.assertEqual(self.seen(), ((*LIT, 255), bare))

    def test_it_is_lit_again_from_its_own_pixels_which_strength_0_brings_back(self):
        bare = self.seen()[1]
        for shadows in (None, CAST):
            self.setUp()
            lit = self.light_at(self.deep(self.paste()), 0.5, shadows)
            lit = self.light(lit)
            self.assertEqual(self.seen(), ((*LIT, 255), bare))
            self.assertIsNotNone(light_record_of(self.document, layer_id(lit)))
            self.light_at(lit, 0.0)
            self.assertEqual(self.seen(), ((*OWN, 255), bare))

    def test_an_object_that_was_converted_is_edited(self):
        layer = self.applied(DOG)
        layer.setColorSpace("RGBA", "U16", SRGB)
        self.desk.edit(layer)
        self.desk.answer(Way.REPAINT)  # the conversion may have changed its colours
        self.insert(CAT)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7"])
        self.assertEqual(tuple(bytes(self.document.pixelData(22, 22, 1, 1))), (50, 101, 0, 255))


if __name__ == "__main__":
    unittest.main()
