"""Pixels keep their values on the way between Krita and the wire."""

import random
import unittest
from unittest import mock

from insert_object import pixels
from insert_object.colour_spaces import Space
from insert_object.pixels import QtGui, in_space, packed, read_coverage, read_scene, write_layer
from insert_object.wire.protocol import PixelFormat, PixelFrame, Rect
from krita import Selection
from scripted import picture

Format = QtGui.QImage.Format


def finished(steps):
    """The result of a generator that yields now and then."""
    result = []

    def run():
        result.append((yield from steps))

    for _ in run():
        pass
    return result[0]


class Pixels(unittest.TestCase):
    def setUp(self):
        self.document = picture(50, 40)
        data = random.Random(1).randbytes(50 * 40 * 4)
        self.data = bytearray(data)
        self.data[3::4] = b"\xff" * (50 * 40)
        self.document.rootNode().childNodes()[0].pixels.data[:] = self.data

    def test_rows_are_packed_whatever_their_width(self):
        for width in (1, 3, 4, 7):
            image = QtGui.QImage(width, 5, Format.Format_Grayscale8)
            image.fill(9)
            self.assertEqual(packed(image), b"\x09" * (width * 5))

    def test_a_scene_at_its_own_size_is_the_picture_bit_for_bit_in_any_strips(self):
        for strip in (10**6, 100, 50):
            with mock.patch.object(pixels, "QUICK_STRIP", strip):
                frame = finished(read_scene(self.document, Rect(0, 0, 50, 40), (50, 40)))
            self.assertEqual((frame.format, frame.data), (PixelFormat.BGRA8, bytes(self.data)))

    def test_a_scene_is_scaled_down_to_the_size_asked_for(self):
        self.document.rootNode().childNodes()[0].pixels.data[:] = bytes((10, 20, 30, 255)) * 2000
        for size in ((25, 20), (12, 10), (7, 6)):
            frame = finished(read_scene(self.document, Rect(0, 0, 50, 40), size))
            self.assertEqual((frame.width, frame.height), size)
            self.assertEqual(frame.data, bytes((10, 20, 30, 255)) * (size[0] * size[1]))

    def test_coverage_keeps_the_shape_of_the_selection(self):
        selection = Selection(50, 40)
        selection.select(10, 10, 20, 10, 255)
        frame = finished(read_coverage(selection, Rect(0, 0, 50, 40), (25, 20)))
        self.assertEqual(len(frame.data), 25 * 20)
        self.assertEqual((frame.data[0], frame.data[7 * 25 + 10]), (0, 255))

    def test_a_layer_is_written_and_read_back_with_its_alpha(self):
        node = self.document.createNode("n", "paintlayer")
        frame = PixelFrame(3, 2, PixelFormat.RGBA8, bytes(range(1, 25)))
        for strip in (10**6, 3):
            with mock.patch.object(pixels, "QUICK_STRIP", strip):
                finished(write_layer(node, frame, 5, 6))
                back = finished(read_scene(node, Rect(5, 6, 3, 2), (3, 2)))
            order = [
                (frame.data[i + 2], frame.data[i + 1], frame.data[i], frame.data[i + 3])
                for i in range(0, 24, 4)
            ]
            self.assertEqual(back.data, bytes(value for pixel in order for value in pixel))

    def test_sixteen_bits_change_their_order_and_nothing_else(self):
        frame = PixelFrame(1, 2, PixelFormat.RGBA16, bytes(range(16)))
        space = Space("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")
        expected = bytes((4, 5, 2, 3, 0, 1, 6, 7, 12, 13, 10, 11, 8, 9, 14, 15))
        self.assertEqual(in_space(frame, space), expected)

    def test_a_linear_profile_is_not_taken_for_srgb(self):
        self.assertFalse(Space("RGBA", "U8", "sRGB-elle-V2-g10.icc").is_srgb)
        self.assertEqual(Space("GRAYA", "F32", "").wire_depth, 16)
