"""What is asked for while a layer is lit, or while a saved edit waits for its end, takes no layer's place."""

import unittest

from insert_object.desk import Desk
from insert_object.history import LightChoice
from insert_object.targets import Purpose
from insert_object.wire.protocol import Cancel
from krita import Selection
from scripted import form_of
from test_editing import CAT, DOG, tree, whole
from test_light import LightCase


class MakingWay(LightCase):
    def setUp(self):
        super().setUp()
        self.layer = self.paste()
        self.document.setActiveNode(self.layer)

    def lit(self):
        """The layer is lit, and its preview is shown; how the layer was before."""
        before = whole(self.layer)
        self.ask(self.layer)
        self.answer_light()
        return before

    def select(self, *box):
        selection = Selection(64, 64)
        selection.select(*box, 255)
        self.document.setSelection(selection)

    def test_an_object_inserted_during_a_light_leaves_the_lit_layer_as_it_was(self):
        for purpose in (Purpose.INSERT, Purpose.LIVE):
            self.setUp()
            before, steps = self.lit(), self.document.undo_steps - 1
            self.desk.insert(form_of("dog", "", 42, 1), purpose)
            self.settle()
            self.answer()
            self.apply()
            self.assertEqual(tree(self.root), ["Background", "cut-out", "dog 42"])
            self.assertEqual(whole(self.layer), before)
            self.assertEqual(self.document.undo_steps, steps + 1)

    def test_a_thumbnail_chosen_during_a_light_is_shown_as_it_was_made(self):
        self.insert(DOG)
        made = whole(self.desk.preview.layers.layer)[0][-1]
        self.discard()
        before = self.lit()
        self.desk.choose(self.desk.history.items[0])
        self.settle()
        self.assertIsNone(self.desk.light)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cut-out", "dog 42"])
        self.assertEqual(whole(self.root.childNodes()[-1])[0][-1], made)
        self.assertEqual(whole(self.layer), before)

    def test_an_answer_about_light_that_comes_too_late_is_told_to_end_and_not_shown(self):
        self.insert(DOG)
        self.discard()
        self.lit()
        self.desk.change_light(LightChoice(0.5))
        self.settle()
        late = self.link.sent[-1]
        self.desk.choose(self.desk.history.items[0])
        self.assertIsInstance(self.link.sent[-1], Cancel)
        self.assertEqual(self.link.sent.pop().target, late.id)
        self.answer_light()
        self.assertEqual(tree(self.root), ["Background", "cut-out", "preview · dog 42"])

    def test_an_object_inserted_after_a_saved_edit_was_opened_leaves_the_edited_one(self):
        old = self.applied(DOG)
        self.preview_of_edit(old, CAT)
        self.desk = Desk(self.document, self.link)
        self.settle()
        self.select(2, 2, 12, 12)
        self.insert(form_of("cat", "", 8, 1))
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cut-out", "dog 42", "cat 8"])
        self.assertTrue(old.visible())

    def test_a_variation_chosen_during_an_edit_still_takes_the_edited_ones_place(self):
        self.preview_of_edit(self.applied(DOG), form_of("cat", "", 7, 2))
        self.desk.choose(self.desk.history.items[-1])
        self.settle()
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cut-out", "cat 8"])

    def test_what_comes_after_apply_does_not_take_back_what_is_still_to_be_applied(self):
        self.lit()
        self.document.busy = True
        self.desk.apply()
        self.desk.insert(form_of("dog", "", 42, 1))
        self.document.busy = False
        self.settle()
        self.answer()
        self.assertEqual(tree(self.root), ["Background", "cut-out", "preview · dog 42"])
        self.assertEqual(self.colour(self.root.childNodes()[1]), (80, 120, 160, 255))


if __name__ == "__main__":
    unittest.main()
