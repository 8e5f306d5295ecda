"""A document's desk turns wishes into requests and replies into layers, one undo step in all."""

import unittest
from dataclasses import replace
from unittest.mock import patch

from insert_object.annotations import read_records
from insert_object.desk import Desk
from insert_object.documents import insertion_point, layer_id, owned
from insert_object.selection import read_selection
from insert_object.targets import Purpose
from insert_object.view import view_of
from insert_object.wire.protocol import (
    Cancel,
    ClassInfo,
    Error,
    ErrorCode,
    Insert,
    InsertObjectError,
    Progress,
    Rect,
    Stage,
)
from krita import Krita, Node, Selection
from scripted import ScriptedLink, done_reply, form_of, layer_reply, picture, settle, until

FORM = form_of("dog", "", 42, 2)
BOX = (20, 20, 16, 16)


def names(document):
    return [node.name() for node in document.rootNode().childNodes()]


class DeskCase(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.link = ScriptedLink()
        self.desk = Desk(self.document, self.link)

    def ask(self, form=FORM, purpose=Purpose.INSERT):
        self.desk.insert(form, purpose)
        settle(self.desk)
        return self.link.sent[-1]

    def answer(self, request, count=2):
        for index in range(count):
            self.desk.take(layer_reply(request, index, colour=(index, 100, 50, 255)))
        self.desk.take(done_reply(request))
        if not self.document.busy:
            settle(self.desk)

    def insert(self, form=FORM):
        request = self.ask(form)
        self.answer(request, form.variations)
        return request


class Comparing(DeskCase):
    def seen(self):
        return [node.name() for node in self.document.rootNode().childNodes() if node.visible()]

    def compare(self, *, before):
        self.desk.compare(before=before)
        settle(self.desk)

    def test_the_picture_before_is_seen_without_the_preview_and_with_it_again(self):
        self.insert()
        shown = self.seen()
        self.compare(before=True)
        self.assertTrue(self.desk.is_comparing)
        self.assertEqual(self.seen(), ["Background"])
        self.compare(before=False)
        self.assertEqual(self.seen(), shown)
        self.assertFalse(self.desk.is_comparing)

    def test_whatever_comes_next_shows_the_object_again(self):
        def another():
            self.desk.choose(self.desk.history.items[1])

        for do, layers in (
            (another, ["Background", "preview · dog 43"]),
            (self.desk.apply, ["Background", "dog 43"]),
        ):
            self.insert() if not self.desk.preview.is_shown else None
            self.compare(before=True)
            do()
            settle(self.desk)
            self.assertEqual(self.seen(), layers)
            self.assertFalse(self.desk.is_comparing)

    def test_the_view_offers_it_only_with_a_preview(self):
        self.assertFalse(view_of(self.link, self.desk, "").can_compare)
        self.insert()
        view = view_of(self.link, self.desk, "")
        self.assertTrue(view.can_compare and not view.is_compared)
        self.desk.compare(before=True)
        self.assertTrue(view_of(self.link, self.desk, "").is_compared)


class Inserting(DeskCase):
    def test_a_request_carries_the_window_around_the_box(self):
        request = self.ask()
        self.assertIsInstance(request, Insert)
        self.assertEqual((request.wish.class_name, request.wish.seed, request.variations), ("dog", 42, 2))
        self.assertEqual(request.wish.box, Rect(*BOX))
        self.assertEqual(len(request.scene.data), request.scene.width * request.scene.height * 4)
        self.assertEqual(bytes(request.scene.data[:4]), bytes((30, 20, 10, 255)))
        self.assertIsNone(request.mask)

    def test_preview_and_apply_are_one_undo_step(self):
        self.insert()
        self.assertEqual(names(self.document), ["Background", "preview · dog 42"])
        self.assertTrue(self.desk.preview.layers.layer.locked())
        self.desk.choose(self.desk.history.items[1])
        settle(self.desk)
        self.assertEqual(names(self.document)[1], "preview · dog 43")
        self.assertEqual(bytes(self.document.pixelData(20, 20, 1, 1)), bytes((50, 100, 1, 255)))
        self.desk.apply()
        settle(self.desk)
        self.assertEqual(names(self.document), ["Background", "dog 43"])
        self.assertEqual(self.document.undo_steps, 1)
        layer = self.document.rootNode().childNodes()[1]
        self.assertFalse(layer.locked())
        self.assertEqual(read_records(self.document)[layer_id(layer)].recipe.wish.seed, 43)

    def test_a_layer_is_called_as_its_class_is_in_the_users_language(self):
        dog = ClassInfo("dog", "Dog", ("brown",), {"de": "Hund"})
        self.link.welcome = replace(self.link.welcome, classes=(dog,))
        with patch("insert_object.targets.language", lambda: "de_AT"):
            self.insert()
        self.desk.apply()
        settle(self.desk)
        layer = self.document.rootNode().childNodes()[1]
        self.assertEqual(layer.name(), "Hund 42")
        self.assertEqual(read_records(self.document)[layer_id(layer)].recipe.label, "Hund")

    def test_a_variation_chosen_while_the_canvas_is_busy_is_the_one_that_is_applied(self):
        self.insert()
        self.document.busy = True
        self.desk.choose(self.desk.history.items[1])
        self.desk.apply()
        self.desk.choose(self.desk.history.items[0])  # which is shown again afterwards
        self.document.busy = False
        settle(self.desk)
        self.assertCountEqual(names(self.document), ["Background", "dog 43", "preview · dog 42"])

    def test_discard_leaves_the_layers_as_they_were_and_keeps_the_history(self):
        self.insert()
        self.desk.discard()
        settle(self.desk)
        self.assertEqual(names(self.document), ["Background"])
        self.assertEqual(self.document.undo_steps, 0)
        self.assertEqual(len(self.desk.history), 2)

    def test_a_second_insert_uses_the_same_layer_and_clears_the_first_one(self):
        self.insert()
        selection = Selection(64, 64)
        selection.select(2, 2, 12, 12, 255)
        self.document.setSelection(selection)
        request = self.ask()
        self.assertTrue(all(value in (30, 20, 10, 255) for value in bytes(request.scene.data)))
        self.answer(request)
        self.assertEqual(len(names(self.document)), 2)
        self.assertEqual(bytes(self.desk.preview.layers.layer.pixelData(20, 20, 1, 1)), bytes(4))
        self.assertEqual(self.document.undo_steps, 1)

    def test_an_undone_preview_is_no_preview_and_a_new_one_comes_with_the_next_choice(self):
        self.insert()
        self.desk.preview.layers.layer.remove()
        self.assertFalse(self.desk.preview.is_shown)
        self.desk.choose(self.desk.history.items[1])
        settle(self.desk)
        self.assertTrue(self.desk.preview.is_shown)

    def test_forgotten_pixels_are_asked_for_again_with_the_same_recipe(self):
        self.insert()
        forgotten = self.desk.history.items[1]
        forgotten.pixels = None
        self.desk.choose(forgotten)
        settle(self.desk)
        request = self.link.sent[-1]
        self.assertEqual((request.wish.seed, request.variations, request.wish.box), (43, 1, Rect(*BOX)))
        self.desk.take(layer_reply(request))
        settle(self.desk)
        self.assertIsNotNone(forgotten.pixels)
        self.assertEqual(len(self.desk.history), 2)

    def test_the_shape_of_the_selection_is_sent_as_the_mask(self):
        request = self.ask(form_of("dog", "", 1, 1, use_shape=True))
        self.assertEqual(
            (request.mask.width, request.mask.height), (request.scene.width, request.scene.height)
        )
        inside = (BOX[1] - request.window.y + 1) * request.mask.width + BOX[0] - request.window.x + 1
        self.assertEqual((request.mask.data[0], request.mask.data[inside]), (0, 255))


class Trouble(DeskCase):
    def test_nothing_selected_and_no_class_are_said(self):
        self.document.setSelection(None)
        with self.assertRaisesRegex(InsertObjectError, "Nothing is selected"):
            self.desk.insert(FORM)
        with self.assertRaisesRegex(InsertObjectError, "No class"):
            self.desk.insert(form_of())

    def test_too_small_a_box_becomes_a_message(self):
        selection = Selection(64, 64)
        selection.select(3, 3, 2, 2, 255)
        self.document.setSelection(selection)
        self.desk.insert(FORM)
        settle(self.desk)
        self.assertIn("too small", self.desk.message.text)
        self.assertEqual(self.link.sent, [])

    def test_an_error_of_the_daemon_becomes_a_message_and_frees_the_desk(self):
        request = self.ask()
        self.desk.take(
            Error(request.id, ErrorCode.OUT_OF_MEMORY, "Too little memory.", "Draw a smaller box.")
        )
        self.assertEqual(self.desk.message.text, "Too little memory. Draw a smaller box.")
        self.assertTrue(self.desk.is_idle)

    def test_cancel_tells_the_daemon_and_late_layers_are_not_shown(self):
        request = self.ask()
        self.desk.cancel()
        self.assertEqual(self.link.sent[-1].target, request.id)
        self.assertIsInstance(self.link.sent[-1], Cancel)
        self.answer(request)
        self.assertEqual(names(self.document), ["Background"])

    def test_nothing_is_touched_while_the_canvas_is_busy(self):
        request = self.ask()
        self.document.busy = True
        self.answer(request)
        until(lambda: self.desk.message is not None)
        self.assertIn("Waiting", self.desk.message.text)
        self.assertEqual(names(self.document), ["Background"])
        self.document.busy = False
        settle(self.desk)
        self.assertEqual(len(names(self.document)), 2)
        self.assertIsNone(self.desk.message)

    def test_a_closed_document_gets_nothing_more(self):
        request = self.ask()
        Krita.instance().open_documents.clear()
        self.answer(request)
        self.assertEqual(names(self.document), ["Background"])

    def test_replies_for_others_are_left_alone(self):
        request = self.ask()
        self.desk.take(Progress("someone else's", Stage.OBJECT, 0.5))
        self.assertEqual(self.desk.job.id, request.id)
        self.assertEqual(self.desk.job.fraction, 0.0)


class Views(DeskCase):
    def view(self):
        self.desk.look()
        return view_of(self.link, self.desk, "")

    def test_insert_needs_a_selection_and_a_daemon_that_told_its_classes(self):
        self.assertTrue(self.view().can_insert)
        self.link.welcome = None
        self.assertFalse(self.view().can_insert)
        self.setUp()
        self.document.setSelection(None)
        self.assertFalse(self.view().can_insert)

    def test_a_running_job_can_be_cancelled_and_shows_its_stage(self):
        request = self.ask()
        self.desk.take(Progress(request.id, Stage.OBJECT, 0.5))
        view = self.view()
        self.assertTrue(view.can_cancel and not view.can_insert)
        self.assertEqual((view.fraction, view.message.text), (0.5, "Painting the object…"))

    def test_a_live_preview_shows_no_progress(self):
        self.ask(purpose=Purpose.LIVE)
        view = self.view()
        self.assertTrue(view.can_insert and not view.can_cancel and view.fraction is None)
        self.assertTrue(self.link.sent[-1].preview)

    def test_without_a_picture_it_says_so(self):
        self.assertEqual(view_of(self.link, None, "").box, "No picture is open.")


class Places(DeskCase):
    def test_a_layer_lands_above_the_anchor_but_not_in_a_locked_group(self):
        root = self.document.rootNode()
        group, inner, mask = (
            Node(self.document, name, kind)
            for name, kind in (("group", "grouplayer"), ("inner", "paintlayer"), ("mask", "transparencymask"))
        )
        root.addChildNode(group, None)
        group.addChildNode(inner, None)
        inner.addChildNode(mask, None)
        self.assertEqual(insertion_point(self.document, layer_id(inner)), (group, inner))
        self.assertEqual(insertion_point(self.document, layer_id(mask)), (group, inner))
        group.setLocked(True)
        self.assertEqual(insertion_point(self.document, layer_id(inner)), (root, group))

    def test_without_an_anchor_the_topmost_layer_counts_not_the_selection_mask(self):
        root = self.document.rootNode()
        root.addChildNode(Node(self.document, "Selection Mask", "selectionmask"), None)
        self.document.setActiveNode(None)
        self.assertEqual(insertion_point(self.document, "{gone}"), (root, owned(root.childNodes())[0]))

    def test_selections_tell_rectangles_from_shapes(self):
        self.assertTrue(read_selection(self.document).rectangular)
        selection = self.document.selection()
        before = read_selection(self.document)
        selection.pixels.write(b"\x80", BOX[0], BOX[1] + 3, 1, 1)
        after = read_selection(self.document)
        self.assertFalse(after.rectangular)
        self.assertNotEqual(before, after)

    def test_a_selection_that_lies_outside_the_picture_is_none(self):
        selection = Selection(64, 64)
        selection.box = (100, 100, 20, 20)
        self.document.setSelection(selection)
        self.assertIsNone(read_selection(self.document))
