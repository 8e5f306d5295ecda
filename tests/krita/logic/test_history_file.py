"""The history comes back with the document, its menu keeps and deletes, and nothing crafted is believed."""

import json
import unittest

from insert_object.desk import Desk
from insert_object.history_file import ANNOTATION
from insert_object.qt import QtCore, QtGui, QtWidgets
from insert_object.strip import Strip
from insert_object.thumbnails import from_jpeg
from krita import Krita
from scripted import ScriptedLink, done_reply, form_of, layer_reply, picture, settle

BOX = (20, 20, 16, 16)


def jpeg(width, height):
    image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    buffer = QtCore.QBuffer()
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG")
    return bytes(buffer.data())


class Histories(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.link = ScriptedLink()
        self.desk = Desk(self.document, self.link)
        self.desk.insert(form_of("dog", "", 42, 3))
        settle(self.desk)
        request = self.link.sent[-1]
        for index in range(3):
            self.desk.take(layer_reply(request, index))
        self.desk.take(done_reply(request))
        settle(self.desk)

    def again(self):
        """The desk of a Krita that opens the document anew."""
        return Desk(self.document, self.link)

    def seeds(self, desk):
        return [item.recipe.wish.seed for item in desk.history.items]

    def text(self):
        return bytes(self.document.annotation(ANNOTATION))

    def put(self, text):
        self.document.setAnnotation(ANNOTATION, "", QtCore.QByteArray(text))

    def test_the_variations_come_back_with_how_they_looked(self):
        desk = self.again()
        self.assertEqual(self.seeds(desk), [42, 43, 44])
        strip = Strip()
        strip.show_all(desk.history.items)
        colour = strip.item(0).icon().pixmap(QtCore.QSize(160, 160)).toImage().pixelColor(80, 80)
        apart = max(abs(a - b) for a, b in zip((colour.red(), colour.green(), colour.blue()), (200, 100, 50)))  # noqa: B905
        self.assertLessEqual(apart, 4)

    def test_one_that_came_back_is_made_again_when_it_is_chosen(self):
        desk = self.again()
        desk.choose(desk.history.items[1])
        settle(desk)
        request = self.link.sent[-1]
        self.assertEqual((request.wish.seed, request.variations), (43, 1))
        desk.take(layer_reply(request))
        desk.take(done_reply(request))
        settle(desk)
        self.assertIs(desk.preview.variation, desk.history.items[1])
        self.assertEqual(self.seeds(desk), [42, 43, 44])

    def test_the_menu_keeps_deletes_and_copies(self):
        strip = Strip()
        strip.mark_wanted.connect(self.desk.kept.mark)
        strip.delete_wanted.connect(self.desk.kept.delete)
        first, second, _third = self.desk.history.items

        def press(variation, words):
            action = next(one for one in strip.menu_of(variation).actions() if one.text() == words)
            action.trigger()
            settle(self.desk)

        press(first, "Keep")
        press(second, "Delete")
        press(first, "Copy its numbers")
        self.assertEqual(QtWidgets.QApplication.clipboard().text(), "--class dog --seed 42 --no-shadow")
        self.assertEqual(
            [(item.recipe.wish.seed, item.marked) for item in self.again().history.items],
            [(42, True), (44, False)],
        )
        press(first, "Keep no longer")
        self.assertFalse(self.again().history.items[0].marked)

    def test_wrong_entries_are_left_out_with_one_line_in_the_log(self):
        plain = json.loads(self.text())
        plain["variations"][0]["recipe"]["wish"]["seed"] = float("inf")
        self.put(json.dumps(plain).encode())
        with self.assertLogs("insert_object", "WARNING") as told:
            self.assertEqual(self.seeds(self.again()), [43, 44])
        self.assertEqual(len(told.output), 1)
        self.put(b"[" * 100_000)
        with self.assertLogs("insert_object", "WARNING") as told:
            self.assertEqual(self.seeds(self.again()), [])
        self.assertEqual(len(told.output), 1)

    def test_only_a_small_jpeg_is_a_thumbnail(self):
        self.assertEqual(from_jpeg(jpeg(160, 160)).width(), 160)
        for data in (b"", b"\xff\xd8\xff no picture", jpeg(193, 10), jpeg(4000, 3000)):
            self.assertIsNone(from_jpeg(data))
