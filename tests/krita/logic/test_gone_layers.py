"""A document forgets what it kept of layers that are gone for good, when it is opened and not before."""

import unittest

from insert_object.annotations import OWN_PIXELS, kept_pixels, light_record_of, read_records
from insert_object.desk import Desk
from insert_object.documents import layer_id
from krita import Node
from test_editing import DOG, EditingCase
from test_light import LightCase


class GoneLayers(LightCase):
    def open_again(self):
        """The document as it is after it was saved: nothing can be undone or redone."""
        self.document.done.clear()
        self.document.undone.clear()
        self.look_again()

    def look_again(self):
        self.desk = Desk(self.document, self.link)
        self.settle()

    def kept(self):
        return [name for name in self.document.annotationTypes() if name.startswith(OWN_PIXELS)]

    def test_a_layer_that_was_lit_often_is_kept_once(self):
        layer = self.paste()
        own = self.pixels(layer)
        for _ in range(3):
            layer = self.light(layer)
        self.assertEqual(len(self.kept()), 3)  # which undo may need
        self.open_again()
        self.assertEqual(self.kept(), [OWN_PIXELS + layer_id(layer)])
        self.assertIsNotNone(light_record_of(self.document, layer_id(layer)))
        self.assertEqual(bytes(self.ask(layer).object.data), own)

    def test_what_undo_or_redo_may_bring_back_is_kept(self):
        layer = self.light(self.paste())
        self.document.done.clear()
        layer.remove()
        self.look_again()
        self.document.undo()
        self.look_again()
        self.assertTrue(kept_pixels(self.document, layer_id(layer)))


class GoneObjects(EditingCase):
    open_again, look_again = GoneLayers.open_again, GoneLayers.look_again

    def copy_of(self, layer, name):
        copy = Node(self.document, name, "paintlayer")
        copy.pixels.data[:] = layer.pixels.data
        self.root.addChildNode(copy, None)
        return copy

    def test_the_record_of_an_object_goes_with_its_last_layer(self):
        layer = self.applied(DOG)
        self.open_again()
        self.assertEqual(list(read_records(self.document)), [layer_id(layer)])
        layer.remove()
        self.open_again()
        self.assertEqual(read_records(self.document), {})

    def test_a_copy_is_still_known_when_its_original_is_gone(self):
        for name in ("Copy of dog 42", "my own name"):
            self.setUp()
            layer = self.applied(DOG)
            copy = self.copy_of(layer, name)
            layer.remove()
            self.open_again()
            self.assertEqual(self.desk.edit(copy).wish.seed, 42)


if __name__ == "__main__":
    unittest.main()
