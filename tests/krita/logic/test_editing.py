"""An edit is one undo step that is exact both ways, with a shadow, too, but for a shadow that is new."""

import unittest

from insert_object.annotations import read_records
from insert_object.desk import Desk
from insert_object.documents import layer_id
from insert_object.view import view_of
from insert_object.wire.protocol import InsertObjectError, Rect
from krita import Krita, Node
from scripted import ScriptedLink, done_reply, form_of, layer_reply, picture, settle

BOX = (20, 20, 16, 16)
DOG = form_of("dog", "", 42, 1)
DOG_WITH_SHADOW = form_of("dog", "", 42, 1, shadow=True)
CAT = form_of("cat", "", 7, 1)
CAT_WITH_SHADOW = form_of("cat", "", 7, 1, shadow=True)
PAIR_OF_DOG = ("dog 42 with its shadow", ["shadow · dog 42", "dog 42"])
PAIR_OF_CAT = ("cat 7 with its shadow", ["shadow · cat 7", "cat 7"])
GREEN = {"dog": 100, "cat": 101}


def tree(node):
    """Names of the layers below a node, a group's with those in it."""
    return [(n.name(), tree(n)) if n.childNodes() else n.name() for n in node.childNodes()]


def whole(node):
    """All that can be told of a node and of those below it."""
    kept = node.name(), layer_id(node), node.visible(), node.locked(), bytes(node.pixels.data)
    return kept, [whole(child) for child in node.childNodes()]


class EditingCase(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.root = self.document.rootNode()
        self.link = ScriptedLink()
        self.desk = Desk(self.document, self.link)

    def settle(self):
        settle(self.desk)

    def insert(self, form):
        self.desk.insert(form)
        self.settle()
        self.answer()

    def answer(self):
        request = self.link.sent[-1]
        for index in range(request.variations):
            colour = (index, GREEN[request.wish.class_name], 50, 255)
            self.desk.take(layer_reply(request, index, colour=colour))
        self.desk.take(done_reply(request))
        self.settle()

    def apply(self):
        self.desk.apply()
        self.settle()

    def discard(self):
        self.desk.discard()
        self.settle()

    def applied(self, form=DOG):
        self.insert(form)
        self.apply()
        self.settle()
        return self.root.childNodes()[-1]

    def preview_of_edit(self, node, form=CAT):
        """Edits, and tells how the picture was and how many undo steps there were."""
        before = whole(self.root), self.document.undo_steps
        self.desk.edit(node)
        self.document.setSelection(None)
        self.insert(form)
        return before

    def assert_one_step(self, before):
        after = whole(self.root)
        self.assertEqual(self.document.undo_steps, before[1] + 1)
        for _ in range(2):
            self.document.undo()
            self.desk.look()
            self.settle()
            self.assertEqual(whole(self.root), before[0])
            self.document.redo()
            self.desk.look()
            self.settle()
            self.assertEqual(whole(self.root), after)


class Applying(EditingCase):
    def test_an_edit_takes_the_layers_box_and_its_place_in_one_step(self):
        layer = self.applied()
        above = Node(self.document, "above", "paintlayer")
        self.root.addChildNode(above, layer)
        before = self.preview_of_edit(layer)
        request = self.link.sent[-1]
        self.assertEqual(
            (request.wish.box, request.wish.class_name, request.wish.seed), (Rect(*BOX), "cat", 7)
        )
        self.assertEqual(tree(self.root), ["Background", "dog 42", "preview · cat 7", "above"])
        self.assertFalse(layer.visible())
        self.assertTrue(self.desk.preview.layers.layer.locked())
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7", "above"])
        self.assertEqual(self.document.activeNode().name(), "cat 7")
        self.assert_one_step(before)

    def test_the_records_follow_undo_and_redo(self):
        layer = self.applied()
        self.preview_of_edit(layer)
        self.apply()
        for move, seed in ((self.document.undo, 42), (self.document.redo, 7)):
            move()
            shown = self.root.childNodes()[-1]
            self.assertEqual(read_records(self.document)[layer_id(shown)].recipe.wish.seed, seed)

    def test_variations_and_a_shadow_tried_and_given_up_add_no_step(self):
        layer = self.applied()
        before = self.preview_of_edit(layer)
        self.insert(CAT_WITH_SHADOW)
        self.assertEqual(tree(self.root)[1], "dog 42")
        self.assertFalse(layer.visible())
        self.insert(form_of("cat", "", 8, 2))
        self.desk.choose(self.desk.history.items[-1])
        self.settle()
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 9"])
        self.assert_one_step(before)

    def test_an_object_with_a_shadow_becomes_a_plain_one_in_one_step(self):
        group = self.applied(DOG_WITH_SHADOW)
        before = self.preview_of_edit(group.childNodes()[0])
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7"])
        self.assert_one_step(before)

    def test_an_edit_with_a_shadow_hides_the_old_object_and_removes_it_in_a_second_step(self):
        for form in (DOG, DOG_WITH_SHADOW):
            self.setUp()
            old = self.applied(form)
            before = self.preview_of_edit(old, CAT_WITH_SHADOW)
            self.assertFalse(old.visible())
            self.apply()
            self.assertEqual(tree(self.root), ["Background", PAIR_OF_CAT])
            self.assertTrue(old.visible(), "undo would bring back a hidden object")
            self.assertEqual(self.document.undo_steps, before[1] + 2)

    def test_a_group_that_the_user_put_more_into_stays(self):
        group = self.applied(DOG_WITH_SHADOW)
        group.addChildNode(Node(self.document, "a hat", "paintlayer"), None)
        self.preview_of_edit(group)
        self.apply()
        self.assertEqual(tree(self.root)[1], (PAIR_OF_DOG[0], ["a hat"]))

    def test_a_layer_that_krita_does_not_replace_is_removed_in_a_second_step(self):
        layer = self.applied()
        elsewhere = picture()
        self.preview_of_edit(layer)
        self.assertEqual(tree(self.root), ["Background", "dog 42", "preview · cat 7"])
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7"])
        self.assertEqual(tree(elsewhere.rootNode()), ["Background"])

    def test_nothing_is_replaced_in_a_locked_group(self):
        layer = self.applied()
        group = Node(self.document, "a group", "grouplayer")
        self.root.addChildNode(group, layer)
        layer.remove()
        group.addChildNode(layer, None)
        group.setLocked(True)
        self.preview_of_edit(layer)
        self.assertEqual(tree(self.root)[1:], [("a group", ["dog 42"]), "preview · cat 7"])

    def test_a_locked_layer_is_edited_and_undo_brings_it_back_locked(self):
        layer = self.applied()
        layer.setLocked(True)
        before = self.preview_of_edit(layer)
        self.apply()
        self.assertFalse(self.root.childNodes()[-1].locked())
        self.assert_one_step(before)

    def test_an_object_that_was_deleted_in_the_middle_of_its_edit_is_left_alone(self):
        group = self.applied(DOG_WITH_SHADOW)
        self.desk.edit(group)
        group.remove()
        steps = self.document.undo_steps
        self.insert(CAT)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7"])
        self.assertEqual(self.document.undo_steps, steps + 1)


class Discarding(EditingCase):
    def test_a_discarded_edit_leaves_no_trace(self):
        for old, new in ((DOG, CAT), (DOG_WITH_SHADOW, CAT), (DOG, CAT_WITH_SHADOW)):
            self.setUp()
            before = self.preview_of_edit(self.applied(old), new)
            self.discard()
            self.assertEqual((whole(self.root), self.document.undo_steps), before)
            self.assertIsNone(self.desk.editing)
            self.assertEqual(self.document.activeNode().name(), "dog 42")

    def test_redo_after_it_brings_a_normal_layer(self):
        self.preview_of_edit(self.applied())
        self.discard()
        self.document.redo()
        layer = self.root.childNodes()[-1]
        self.assertEqual((layer.name(), layer.locked()), ("cat 7", False))

    def test_steps_made_meanwhile_stay(self):
        layer = self.applied()
        before = self.preview_of_edit(layer)
        self.settle()
        self.root.addChildNode(Node(self.document, "a tree", "paintlayer"), None)
        self.discard()
        self.assertEqual(tree(self.root), ["Background", "dog 42", "a tree"])
        self.assertEqual(whole(layer), before[0][1][1])

    def test_an_edit_can_be_given_up_before_anything_was_made(self):
        layer = self.applied()
        self.assertFalse(view_of(self.link, self.desk, "").can_discard)
        self.desk.edit(layer)
        view = view_of(self.link, self.desk, "")
        self.assertTrue(view.is_edit and view.can_discard and not view.can_apply)
        self.discard()
        self.assertIsNone(self.desk.editing)
        self.assertEqual(tree(self.root), ["Background", "dog 42"])


class Undoing(EditingCase):
    def test_undo_takes_the_preview_away_and_redo_brings_it_again(self):
        for form in (CAT, CAT_WITH_SHADOW):
            self.setUp()
            layer = self.applied()
            self.preview_of_edit(layer, form)
            self.document.undo()
            self.desk.look()
            self.settle()
            self.assertFalse(self.desk.preview.is_shown)
            self.assertTrue(layer.visible())
            self.assertEqual(tree(self.root), ["Background", "dog 42"])
            self.document.redo()
            self.desk.look()
            self.settle()
            self.assertTrue(self.desk.preview.is_shown)
            self.apply()
            self.assertEqual(self.root.childNodes()[-1].name()[:5], "cat 7")
            self.assertEqual(len(self.root.childNodes()), 2)

    def test_an_undone_preview_can_be_shown_again_from_the_strip(self):
        before = self.preview_of_edit(self.applied())
        self.document.undo()
        self.desk.look()
        self.desk.choose(self.desk.history.items[-1])
        self.settle()
        self.apply()
        self.assert_one_step(before)

    def test_one_object_is_seen_at_every_step_of_an_edit_that_takes_two(self):
        old = self.applied()
        self.preview_of_edit(old, CAT_WITH_SHADOW)
        self.apply()
        new = self.root.childNodes()[-1]
        for move, seen in (
            (self.document.undo, new),
            (self.document.undo, old),
            (self.document.redo, new),
            (self.document.redo, new),
            (self.document.undo, new),
            (self.document.undo, old),
        ):
            move()
            self.desk.look()
            self.settle()
            objects = [node for node in self.root.childNodes()[1:] if node.visible()]
            self.assertEqual(objects, [seen])


class Strangers(EditingCase):
    def test_a_strangers_layer_is_refused_in_words(self):
        with self.assertRaisesRegex(InsertObjectError, "not made by"):
            self.desk.edit(self.document.rootNode().childNodes()[0])
