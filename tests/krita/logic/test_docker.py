"""The registered docker follows its window's picture, selection and wishes."""

import unittest
from dataclasses import replace
from unittest.mock import Mock

from insert_object.qt import Qt, QtWidgets
from insert_object.wire.protocol import Insert, Light
from insert_object.wire.session import SessionState
from krita import Canvas, Krita, Node, Selection
from scripted import ScriptedLink, done_reply, layer_reply, picture, settle, until


class Dockers(unittest.TestCase):
    def setUp(self):
        krita = Krita.instance()
        krita.open_documents.clear()
        krita.settings.clear()
        factory = next(f for f in krita.factories if f.name == "insert_object_docker")
        self.controller = next(e.controller for e in krita.extension_list if hasattr(e, "controller"))
        self.link = ScriptedLink()
        self.controller.link = self.link
        self.docker = factory.widget_class()
        self.document = picture(box=(20, 20, 16, 16))
        self.docker.stand_in_canvas = Canvas(self.document)
        self.docker.show()
        self.docker.canvasChanged(None)

    def tearDown(self):
        self.docker.close()
        self.docker.deleteLater()
        until(lambda: self.docker not in self.controller.dockers)

    def insert(self):
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        self.answer(self.link.sent[-1])

    def answer(self, request, places=None):
        for index, place in enumerate((places or range(request.variations))[: request.variations]):
            seed = request.wish.seed + place
            self.docker._desk.take(replace(layer_reply(request, index), seed=seed))
        self.docker._desk.take(done_reply(request))
        settle(self.docker._desk)

    def let_it_look(self, times=1):
        """Lets the docker look at its picture so many times."""
        looks = []
        self.docker._timer.timeout.connect(lambda: looks.append(1))  # after the docker's own slot
        until(lambda: len(looks) >= times)

    def live(self):
        self.docker.panel.live_check.setChecked(True)
        until(lambda: self.link.sent)
        return self.link.sent[-1]

    def test_it_offers_the_daemons_classes_and_says_where_the_box_is(self):
        self.assertEqual(self.docker.panel.choice.class_box.count(), 2)
        self.assertEqual(self.docker.panel.box_label.text(), "16 × 16 pixels at 20, 20")

    def test_insert_before_the_daemon_is_there_inserts_as_soon_as_it_is(self):
        welcome, self.link.welcome = self.link.welcome, None
        self.link.state = SessionState.LOADING
        self.docker.insert()
        self.let_it_look(2)
        self.assertEqual(self.link.sent, [])
        self.link.welcome, self.link.state = welcome, SessionState.READY
        until(lambda: self.link.sent)
        self.answer(self.link.sent[-1])
        self.assertEqual(self.docker.panel.strip.count(), 6)

    def test_a_greyed_button_says_why(self):
        button = self.docker.panel.insert_button
        usual = button.toolTip()
        for selected, why in (
            (None, "Draw a selection"),
            ((20, 20, 4, 4), "too small"),
            ((20, 20, 9, 9), usual),
        ):
            selection = None
            if selected is not None:
                selection = Selection(64, 64)
                selection.select(*selected, 255)
            self.document.setSelection(selection)
            self.let_it_look()
            self.assertIn(why, button.toolTip())
            self.assertEqual(button.isEnabled(), why == usual)
        self.assertIn("no preview yet", self.docker.panel.apply_button.toolTip())
        self.insert()
        self.assertNotIn("no preview yet", self.docker.panel.apply_button.toolTip())

    def test_a_selection_of_several_parts_offers_an_object_in_each(self):
        number = self.docker.panel.number
        self.assertFalse(number.each_part or number.each_check.isVisible())
        selection = Selection(64, 64)
        for part in ((4, 4, 12, 20), (40, 30, 14, 24)):
            selection.select(*part, 255)
        selection.box = None
        self.document.setSelection(selection)
        self.let_it_look()
        self.assertTrue(number.each_check.isVisible() and self.docker.panel.form().each_part)
        number.box.setValue(3)
        self.assertFalse(number.each_check.isEnabled() or self.docker.panel.form().each_part)
        self.assertEqual(self.docker.panel.form().herd, 3)
        self.assertFalse(self.docker.panel.shape_check.isChecked())

    def test_the_keys_come_to_the_strip_without_choosing_anything(self):
        self.insert()
        self.docker.panel.discard_button.click()
        settle(self.docker._desk)
        sent = len(self.link.sent)
        self.docker.panel.strip.setFocus()
        settle(self.docker._desk)
        self.assertFalse(self.docker._desk.preview.is_shown)
        self.assertEqual(len(self.link.sent), sent)

    def test_insert_shows_its_variations_in_the_strip_and_marks_the_one_on_the_canvas(self):
        self.insert()
        self.assertEqual(self.docker.panel.strip.count(), 6)
        self.assertEqual(self.docker.panel.strip.currentRow(), 0)
        self.assertTrue(self.docker.panel.apply_button.isEnabled())

    def test_live_asks_once_for_each_wish_that_rests(self):
        request = self.live()
        self.assertTrue(request.preview)
        self.answer(request)
        self.let_it_look(3)
        self.assertEqual(sum(isinstance(r, Insert) for r in self.link.sent), 1)
        selection = Selection()
        selection.select(4, 4, 20, 20, 255)
        self.document.setSelection(selection)
        until(lambda: len(self.link.sent) > 1)
        self.assertEqual(self.link.sent[-1].wish.box.width, 20)

    def test_live_does_not_ask_again_for_what_was_applied(self):
        self.answer(self.live())
        sent = len(self.link.sent)
        self.docker.panel.apply_button.click()
        self.let_it_look(3)
        self.assertEqual(len(self.link.sent), sent)

    def test_live_leaves_a_layer_alone_while_it_is_lit(self):
        layer = Node(self.document, "cut-out", "paintlayer")
        layer.setPixelData(bytes((9, 9, 9, 255)) * 144, 30, 30, 12, 12)
        layer.setPixelData(bytes(4), 30, 30, 1, 1)
        self.document.rootNode().addChildNode(layer, None)
        self.document.setActiveNode(layer)
        self.docker.panel.light_wanted.emit()
        self.docker.panel.live_check.setChecked(True)
        self.let_it_look(4)
        self.assertEqual([type(request) for request in self.link.sent], [Light])

    def test_a_chosen_variation_brings_its_settings_back_and_asks_for_nothing(self):
        seed = self.docker.panel.form().wish.seed
        self.insert()
        sent = len(self.link.sent)
        self.docker.panel.strip.setCurrentRow(2)
        settle(self.docker._desk)
        self.assertEqual(self.docker.panel.form().wish.seed, seed + 2)
        self.assertEqual(len(self.link.sent), sent)

    def test_a_second_press_of_insert_brings_new_objects_unless_the_seed_is_kept(self):
        self.insert()
        first = self.link.sent[-1].wish
        self.insert()
        self.assertNotEqual(self.link.sent[-1].wish.seed, first.seed)
        self.docker.panel.keep_seed_button.setChecked(True)
        kept = self.docker.panel.form().wish.seed
        self.insert()
        self.assertEqual(self.link.sent[-1].wish.seed, kept)

    def test_edit_is_offered_for_a_layer_of_ours_only(self):
        self.assertFalse(self.docker.panel.edit_row.isVisible())
        self.insert()
        self.docker.panel.apply_button.click()
        until(self.docker.panel.edit_row.isVisible)
        self.document.setActiveNode(self.document.rootNode().childNodes()[0])
        until(lambda: not self.docker.panel.edit_row.isVisible())

    def test_a_closed_picture_leaves_an_empty_docker(self):
        self.docker.panel.insert_button.click()
        Krita.instance().open_documents.clear()
        self.docker.stand_in_canvas = None
        self.controller.forget_closed()
        self.let_it_look()
        self.assertEqual(self.docker.panel.box_label.text(), "No picture is open.")
        self.assertFalse(self.docker.panel.insert_button.isEnabled())

    def test_a_second_picture_has_its_own_strip(self):
        self.insert()
        self.docker.stand_in_canvas = Canvas(picture(box=(1, 1, 10, 10)))
        until(lambda: self.docker.panel.strip.count() == 0)

    def test_a_copy_of_a_picture_whose_layers_have_the_same_ids_has_its_own_strip(self):
        self.insert()
        copy = picture(box=(1, 1, 10, 10))
        copy.rootNode()._id = self.document.rootNode().uniqueId()  # as Krita's own copies have
        self.docker.stand_in_canvas = Canvas(copy)
        until(lambda: self.docker.panel.strip.count() == 0)
        self.insert()
        self.docker.panel.apply_button.click()
        settle(self.docker._desk)
        self.assertEqual(len(copy.rootNode().childNodes()), 2)
        self.assertTrue(self.document.rootNode().childNodes()[-1].name().startswith("preview"))

    def test_an_unreachable_daemon_is_said_with_a_way_out(self):
        from insert_object.wire.connection import ConnectionUnavailable

        self.link.state = SessionState.UNAVAILABLE
        self.link.error = ConnectionUnavailable("It is gone.", "Start it.")
        self.link.changed.emit()
        self.let_it_look()
        self.assertEqual(self.docker.panel.message_label.text(), "It is gone. Start it.")
        self.assertTrue(self.docker.panel.retry_button.isVisible())

    def test_a_hidden_docker_follows_undo(self):
        self.insert()
        self.docker.panel.apply_button.click()
        settle(self.docker._desk)
        old = self.document.rootNode().childNodes()[-1]
        self.document.setActiveNode(old)
        self.docker._edit()
        self.insert()
        self.assertFalse(old.visible())
        self.docker.hide()
        self.document.undo()
        until(old.visible)

    def test_the_keys_work_on_the_picture_in_front_of_a_hidden_docker(self):
        self.insert()
        self.docker.hide()
        front = picture(box=(1, 1, 10, 10))
        self.docker.stand_in_canvas = Canvas(front)
        self.docker.press("apply")
        self.docker.step(1)
        self.let_it_look()
        self.assertTrue(self.document.rootNode().childNodes()[-1].name().startswith("preview"))
        self.assertEqual(len(front.rootNode().childNodes()), 1)
        self.docker.stand_in_canvas = Canvas(self.document)
        self.docker.press("apply")
        settle(self.docker._desk)
        self.assertFalse(self.document.rootNode().childNodes()[-1].name().startswith("preview"))

    def test_a_floating_docker_belongs_to_its_window(self):
        dockers, frames = (self.docker, type(self.docker)()), []
        for docker in dockers:
            frames.append(QtWidgets.QMainWindow())
            frames[-1].addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docker)
            docker.setFloating(True)
        for docker, frame in zip(dockers, frames, strict=True):
            self.assertIs(self.controller.docker_in(Mock(qwindow=lambda frame=frame: frame)), docker)
        for docker, frame in zip(dockers, frames, strict=True):
            docker.setParent(None)
            frame.deleteLater()
        dockers[1].deleteLater()

    def test_a_hidden_docker_asks_for_nothing(self):
        self.docker.hide()
        self.docker.panel.live_check.setChecked(True)
        self.let_it_look(3)
        self.assertEqual(self.link.sent, [])
