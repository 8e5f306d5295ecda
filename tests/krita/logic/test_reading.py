"""While the picture is being read for a request it can be cancelled, and what was given up is not sent."""

import unittest
from unittest.mock import patch

import test_desk
from insert_object import herds, lighting
from insert_object.targets import Purpose
from insert_object.view import view_of
from insert_object.wire.protocol import Insert
from krita import Selection
from scripted import settle, until
from test_light import LightCase


def held_up(reading, case):
    """Reading that goes on when the test says so."""

    def held(*arguments):
        case.begun += 1
        while not case.may_go_on:
            yield
        return (yield from reading(*arguments))

    return held


class Reading(test_desk.DeskCase):
    def setUp(self):
        super().setUp()
        self.begun, self.may_go_on = 0, False
        patched = patch.object(herds, "build_request", held_up(herds.build_request, self))
        patched.start()
        self.addCleanup(patched.stop)

    def begin(self, purpose=Purpose.INSERT):
        begun = self.begun
        self.desk.insert(test_desk.FORM, purpose)
        until(lambda: self.begun > begun)

    def go_on(self):
        self.may_go_on = True
        settle(self.desk)

    def view(self):
        return view_of(self.link, self.desk, "")

    def test_it_shows_progress_and_can_be_cancelled(self):
        self.begin()
        view = self.view()
        self.assertTrue(view.can_cancel and not view.can_insert)
        self.assertEqual((view.fraction, view.message.text), (-1.0, "Reading the picture…"))
        self.desk.cancel()
        self.assertEqual(self.desk.message.text, "Cancelled.")
        settle(self.desk)  # it does not even read to the end
        self.assertFalse(self.view().can_cancel)
        self.assertEqual(self.link.sent, [])

    def test_insert_pressed_twice_asks_once(self):
        self.begin()
        self.begin()
        self.go_on()
        self.assertEqual([type(request) for request in self.link.sent], [Insert])
        self.assertEqual(self.desk.job.id, self.link.sent[0].id)

    def test_discard_ends_it_and_no_preview_comes(self):
        self.begin()
        self.desk.discard()
        self.go_on()
        self.assertEqual(self.link.sent, [])
        self.assertFalse(self.desk.is_busy)

    def test_reading_that_fails_frees_the_desk(self):
        whole, small = self.document.selection(), Selection(64, 64)
        small.select(3, 3, 2, 2, 255)
        self.document.setSelection(small)
        self.begin()
        self.assertIn("too small", self.view().message.text)  # at once
        self.go_on()
        self.assertEqual((self.desk.is_busy, self.link.sent), (False, []))
        self.document.setSelection(whole)
        self.begin()
        self.go_on()
        self.assertEqual(len(self.link.sent), 1)

    def test_a_live_preview_does_not_count_as_work(self):
        self.begin(Purpose.LIVE)
        view = self.view()
        self.assertTrue(view.can_insert and not view.can_cancel and view.fraction is None)


class ReadingForLight(LightCase):
    def setUp(self):
        super().setUp()
        self.begun, self.may_go_on = 0, False
        patched = patch.object(lighting, "read_scene", held_up(lighting.read_scene, self))
        patched.start()
        self.addCleanup(patched.stop)

    def test_a_light_that_was_discarded_is_not_asked_for(self):
        self.desk.give_light(self.paste())
        until(lambda: self.begun)
        self.desk.discard()
        self.settle()
        self.assertEqual(self.link.sent, [])

    def test_an_object_is_asked_for_alone(self):
        self.desk.give_light(self.paste())
        until(lambda: self.begun)
        self.may_go_on = True
        self.desk.insert(test_desk.FORM)
        self.settle()
        self.assertEqual([type(request) for request in self.link.sent], [Insert])


if __name__ == "__main__":
    unittest.main()
