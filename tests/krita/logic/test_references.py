"""Look and shape from a layer, a selection or a picture file: what is sent, and what a layer keeps of it."""

import tempfile
import unittest
from pathlib import Path

from insert_object.annotations import read_records
from insert_object.desk import Desk
from insert_object.qt import Qt, QtCore, QtGui
from insert_object.reference_button import ReferenceButton
from insert_object.reference_picture import of_file, of_layer, of_selection, shape_in
from insert_object.selection import read_selection
from insert_object.wire.protocol import InsertObjectError, PixelFormat, PixelFrame, Rect
from insert_object.wire.reference import Model, Reference
from krita import Krita, Node
from scripted import ScriptedLink, done_reply, form_of, layer_reply, picture, settle

BOX = (20, 20, 16, 16)


def cut_out(width=40, height=20):
    """A picture whose left half is red, and transparent beyond."""
    row = b"\xff\x00\x00\xff" * (width // 2) + bytes(4 * (width - width // 2))
    return PixelFrame(width, height, PixelFormat.RGBA8, row * height)


def read(steps):
    """What a reading returns at its end."""
    found = []

    def to_the_end():
        found.append((yield from steps))

    list(to_the_end())
    return found[0]


class Reading(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)

    def test_a_layer_is_read_where_it_shows_something(self):
        node = self.document.createNode("cut-out", "paintlayer")
        node.setPixelData(QtCore.QByteArray(b"\x00\x00\xff\xff" * 64), 10, 12, 8, 8)
        self.document.rootNode().addChildNode(node, None)
        reference = read(of_layer(node))
        self.assertEqual((reference.pixels.width, reference.pixels.height), (8, 8))
        self.assertEqual(bytes(reference.pixels.data[:4]), b"\xff\x00\x00\xff")
        self.assertEqual(reference.name, "cut-out")

    def test_an_empty_layer_is_refused_in_words(self):
        node = self.document.createNode("empty", "paintlayer")
        self.document.rootNode().addChildNode(node, None)
        with self.assertRaisesRegex(InsertObjectError, "shows nothing"):
            read(of_layer(node))

    def test_a_rectangle_gives_a_look_and_another_selection_a_shape_too(self):
        reference = read(of_selection(self.document, self.document, read_selection(self.document)))
        self.assertIsNone(reference.outline)
        selection = self.document.selection()
        selection.select(20, 20, 16, 8, 0)
        reference = read(of_selection(self.document, self.document, read_selection(self.document)))
        self.assertEqual(reference.outline.width, 16)
        self.assertLess(reference.outline.height, 16)

    def test_a_local_selection_gives_its_shape_where_the_picture_has_none(self):
        mask = Node(self.document, "local", "selectionmask")
        local, self.document._selection = self.document.selection(), None
        local.select(20, 20, 16, 8, 0)
        mask.selection = lambda: local
        self.document.activeNode().addChildNode(mask, None)
        selected = read_selection(self.document)
        reference = read(of_selection(self.document, self.document, selected))
        self.assertLess(reference.outline.height, 16)
        mask.remove()  # before the canvas was free for the reading
        with self.assertRaisesRegex(InsertObjectError, "Nothing is selected"):
            read(of_selection(self.document, self.document, selected))

    def test_nothing_selected_is_said(self):
        with self.assertRaisesRegex(InsertObjectError, "Nothing is selected"):
            read(of_selection(self.document, self.document, None))

    def test_a_file_is_read_and_what_is_none_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "red.png"
            image = QtGui.QImage(600, 300, QtGui.QImage.Format.Format_ARGB32)
            image.fill(Qt.GlobalColor.red)
            image.save(str(path))
            reference = of_file(path)
            self.assertEqual((reference.pixels.width, reference.pixels.height), (256, 128))
            self.assertEqual(bytes(reference.pixels.data[:4]), b"\xff\x00\x00\xff")
            self.assertEqual(reference.name, "red.png")
            path.write_bytes(b"no picture")
            with self.assertRaisesRegex(InsertObjectError, "cannot be read"):
                of_file(path)

    def test_a_shape_stands_in_the_box_of_the_window(self):
        shape = shape_in(Reference(cut_out()), Rect(110, 100, 20, 40), Rect(100, 90, 60, 60), (60, 60))
        filled = {divmod(place, 60) for place, value in enumerate(bytes(shape.data)) if value > 128}
        rows, columns = {row for row, _ in filled}, {column for _, column in filled}
        self.assertEqual((min(columns), max(columns)), (10, 29))
        self.assertEqual((min(rows), max(rows)), (30, 49))
        self.assertIsNone(
            shape_in(
                Reference(PixelFrame(1, 1, PixelFormat.RGBA8, b"\xff" * 4)), *[Rect(0, 0, 9, 9)] * 2, (9, 9)
            )
        )


class Sending(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.link = ScriptedLink()
        self.desk = Desk(self.document, self.link)

    def insert(self, **model):
        form = form_of("dog", "", 42, 1)
        form = form.__class__(form.wish, 1, model=Model(Reference(cut_out(), "horse.png"), **model))
        self.desk.insert(form)
        settle(self.desk)
        return self.link.sent[-1]

    def test_look_and_shape_go_into_the_request_and_into_the_layers_record(self):
        request = self.insert(shape=True)
        self.assertEqual(request.reference, cut_out())
        self.assertEqual(
            (request.mask.width, request.mask.height), (request.scene.width, request.scene.height)
        )
        self.assertIn(255, bytes(request.mask.data))
        self.desk.take(layer_reply(request))
        self.desk.take(done_reply(request))
        settle(self.desk)
        self.desk.apply()
        settle(self.desk)
        (record,) = read_records(self.document).values()
        self.assertEqual(record.recipe.look.frame(), cut_out())
        self.assertIsNotNone(record.recipe.shape)
        recipe = self.desk.edit(
            self.desk.preview.layers.layer if self.desk.preview.layers else self.document.activeNode()
        )
        self.assertEqual(recipe.look.frame(), cut_out())

    def test_the_shape_alone_leaves_the_look_to_the_seed(self):
        request = self.insert(look=False, shape=True)
        self.assertIsNone(request.reference)
        self.assertIsNotNone(request.mask)


class Button(unittest.TestCase):
    def setUp(self):
        self.button, self.heard = ReferenceButton(), []
        self.button.changed.connect(lambda: self.heard.append(self.button.model))

    def test_it_names_what_is_taken_of_what(self):
        self.assertEqual(self.button.text(), "None")
        self.button.take(Reference(cut_out(), "horse.png"))
        self.assertEqual(self.button.text(), "horse.png: look")
        self.button.shape_action.trigger()
        self.assertEqual(self.button.text(), "horse.png: look and shape")
        self.button.look_action.trigger()
        self.assertEqual((self.heard[-1].look, self.heard[-1].shape), (False, True))
        self.button.shape_action.trigger()
        self.assertIsNone(self.heard[-1])

    def test_a_shape_is_offered_only_where_there_is_one(self):
        self.button.take(Reference(PixelFrame(1, 1, PixelFormat.RGBA8, b"\xff" * 4), "photo"))
        self.assertFalse(self.button.shape_action.isVisible())
