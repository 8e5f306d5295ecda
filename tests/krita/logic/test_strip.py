"""The strip of variations shows what there is, as large as is wished, and reports what the user does."""

import unittest

from insert_object.form import SMALLEST
from insert_object.history import History, Variation
from insert_object.pixels import small_image
from insert_object.qt import QtWidgets
from insert_object.strip import Strip
from insert_object.wire.protocol import PixelFormat, PixelFrame, Rect
from scripted import Asked, layer_reply, recipe_of


class Strips(unittest.TestCase):
    def setUp(self):
        self.strip = Strip()
        self.history = History()
        self.chosen = []
        self.strip.chosen.connect(self.chosen.append)

    def add(self, seed, *, live=False):
        recipe = recipe_of("dog", seed, Rect(0, 0, 20, 20))
        self.history.add(Variation(recipe, 0, 0, layer_reply(Asked(recipe)).pixels, live))
        self.strip.show_all(self.history.items)

    def seeds(self):
        """Those that the thumbnails tell in their tooltips, "dog 5"."""
        return [self.strip.item(row).toolTip().split()[-1] for row in range(self.strip.count())]

    def test_it_shows_the_history_and_only_the_user_chooses(self):
        for seed in (5, 6, 7):
            self.add(seed)
        self.assertEqual(self.seeds(), ["5", "6", "7"])
        self.strip.mark(self.history.items[1])
        self.assertEqual((self.strip.currentRow(), self.chosen), (1, []))
        self.strip.setCurrentRow(2)
        self.assertEqual(self.chosen, [self.history.items[2]])

    def test_a_live_variation_is_replaced_in_place(self):
        self.add(1)
        self.add(2, live=True)
        self.add(3, live=True)
        self.assertEqual(self.seeds(), ["1", "3"])

    def test_thumbnails_have_the_colour_of_the_object(self):
        self.add(1)
        pixmap = self.strip.item(0).icon().pixmap(self.strip.iconSize())
        colour = pixmap.toImage().pixelColor(pixmap.width() // 2, pixmap.height() // 2)
        self.assertEqual((colour.red(), colour.green(), colour.blue()), (200, 100, 50))

    def test_a_long_history_scrolls_sideways_and_shows_the_newest(self):
        for seed in range(30):
            self.add(seed)
        self.strip.resize(290, self.strip.minimumHeight())
        self.strip.show()
        self.strip.scrollToItem(self.strip.item(29))
        QtWidgets.QApplication.processEvents()
        self.assertGreater(self.strip.horizontalScrollBar().maximum(), 1000)
        self.assertEqual(self.strip.verticalScrollBar().maximum(), 0)
        self.assertGreater(self.strip.horizontalScrollBar().value(), 1000)
        self.strip.close()

    def test_thumbnails_have_the_resolution_of_the_screen(self):
        self.strip.devicePixelRatioF = lambda: 2.0
        self.add(1)
        sizes = self.strip.item(0).icon().availableSizes()
        self.assertEqual([(size.width(), size.height()) for size in sizes], [(2 * SMALLEST, 2 * SMALLEST)])

    def test_a_thumbnail_is_large_enough_for_a_face_and_grows_when_the_user_wants(self):
        self.add(1)
        for side in (160, 320):
            self.strip.set_side(side)
            self.strip.resize(400, 400)
            self.strip.show()
            QtWidgets.QApplication.processEvents()
            seen = self.strip.visualItemRect(self.strip.item(0))
            self.assertGreaterEqual(min(seen.width(), seen.height()), side)
            self.assertGreaterEqual(self.strip.minimumHeight(), side)
        self.strip.close()

    def test_thumbnails_stand_in_rows_where_there_is_room_for_two(self):
        for seed in range(6):
            self.add(seed)
        self.strip.resize(360, 400)
        self.strip.show()
        QtWidgets.QApplication.processEvents()
        tops = {self.strip.visualItemRect(self.strip.item(row)).top() for row in range(6)}
        self.assertEqual(len(tops), 3)
        self.assertEqual(self.strip.horizontalScrollBar().maximum(), 0)
        self.strip.close()

    def test_steps_go_to_the_next_variation_and_back_and_stop_at_the_ends(self):
        for seed in (5, 6):
            self.add(seed)
        self.strip.mark(self.history.items[0])
        for by, row in ((1, 1), (1, 1), (-1, 0), (-1, 0)):
            self.strip.step(by)
            self.assertEqual(self.strip.currentRow(), row)

    def test_thumbnails_of_large_and_of_deep_objects_have_their_colours(self):
        for side, wire, colour in ((900, PixelFormat.RGBA8, 4), (40, PixelFormat.RGBA16, 8)):
            pixel = bytes((10, 10, 200, 200, 90, 90, 255, 255)) if colour == 8 else bytes((10, 200, 90, 255))
            frame = PixelFrame(side, side, wire, bytearray(pixel * (side * side)))
            image = small_image(frame, 64, 64)
            seen = image.pixelColor(32, 32)
            self.assertEqual((seen.red(), seen.green(), seen.blue()), (10, 200, 90))
            self.assertEqual((image.width(), image.height()), (64, 64))

    def test_thumbnails_show_the_shadow_below_the_object(self):
        recipe = recipe_of("dog", 1, Rect(3, 4, 20, 20), shadow=True)
        self.history.add(Variation.of(recipe, layer_reply(Asked(recipe))))
        self.strip.show_all(self.history.items)
        image = self.strip.item(0).icon().pixmap(self.strip.iconSize()).toImage()
        foot = image.pixelColor(image.width() // 2, round(image.height() * 0.95))
        self.assertEqual((foot.red(), foot.alpha()), (0, 90))
