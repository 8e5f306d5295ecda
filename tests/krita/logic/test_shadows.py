"""An object's shadow lies on a layer of its own right below it and goes with it; packs are kept with it."""

import unittest

from insert_object.annotations import read_records
from insert_object.desk import Desk
from insert_object.documents import layer_id
from insert_object.messages import Tone
from insert_object.targets import Purpose
from insert_object.wire.protocol import InsertObjectError
from krita import Krita, Node, Selection
from scripted import (
    WELCOME,
    WELCOME_WITH_PACKS,
    ScriptedLink,
    done_reply,
    form_of,
    layer_reply,
    picture,
    settle,
)

BOX = (20, 20, 16, 16)
WITH_SHADOW = form_of("dog", "", 42, 2, shadow=True)
PLAIN = form_of("dog", "", 42, 2)


def tree(node):
    """Names of the layers below a node, a group's with those in it."""
    return [(n.name(), tree(n)) if n.childNodes() else n.name() for n in node.childNodes()]


class ShadowCase(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.root = self.document.rootNode()
        self.link = ScriptedLink()
        self.link.welcome = WELCOME_WITH_PACKS
        self.desk = Desk(self.document, self.link)

    def insert(self, form=WITH_SHADOW, purpose=Purpose.INSERT):
        self.desk.insert(form, purpose)
        settle(self.desk)
        return self.answer()

    def answer(self):
        request = self.link.sent[-1]
        for index in range(request.variations):
            self.desk.take(layer_reply(request, index, colour=(index, 100, 50, 255)))
        self.desk.take(done_reply(request))
        settle(self.desk)
        return request

    def apply(self):
        self.desk.apply()
        settle(self.desk)

    def pair(self):
        return self.root.childNodes()[-1]


class Shadows(ShadowCase):
    def test_it_lies_right_below_the_object_and_all_is_one_undo_step(self):
        request = self.insert()
        self.assertTrue(request.wish.shadow)
        self.apply()
        group = ("dog 42 with its shadow", ["shadow · dog 42", "dog 42"])
        self.assertEqual(tree(self.root), ["Background", group])
        self.assertEqual(self.document.undo_steps, 1)
        self.assertFalse(any(node.locked() for node in (self.pair(), *self.pair().childNodes())))
        self.assertTrue(self.pair().passThroughMode())
        self.assertEqual(self.document.activeNode().name(), "dog 42")

    def test_the_preview_shows_it_and_cannot_be_changed_by_hand(self):
        self.insert()
        self.assertEqual(bytes(self.document.pixelData(22, 29, 1, 1)), bytes((0, 0, 0, 90)))
        self.assertTrue(all(node.locked() for node in (self.pair(), *self.pair().childNodes())))
        names = [node.name() for node in self.pair().childNodes()]
        self.assertEqual(names, ["shadow · preview · dog 42", "preview · dog 42"])

    def test_another_variation_brings_its_own(self):
        self.insert()
        second = self.desk.history.items[1]
        second.shadow_x, second.shadow_y = 40, 50
        self.desk.choose(second)
        settle(self.desk)
        shadow = self.pair().childNodes()[0]
        self.assertEqual(shadow.name(), "shadow · preview · dog 43")
        self.assertEqual((shadow.bounds().x(), shadow.bounds().y()), (40, 50))
        self.assertEqual(self.document.undo_steps, 1)

    def test_an_object_that_casts_none_leaves_its_layer_empty(self):
        self.insert()
        self.desk.history.items[1].shadow = None
        self.desk.choose(self.desk.history.items[1])
        settle(self.desk)
        self.assertEqual(self.pair().childNodes()[0].bounds().width(), 0)

    def test_discard_takes_both_away(self):
        self.insert()
        self.desk.discard()
        settle(self.desk)
        self.assertEqual(tree(self.root), ["Background"])

    def test_switching_it_off_for_the_next_insertion_leaves_one_plain_preview(self):
        self.insert()
        self.insert(PLAIN)
        self.assertEqual(tree(self.root), ["Background", "preview · dog 42"])
        self.insert()
        self.assertEqual(len(self.root.childNodes()), 2)
        self.assertEqual(len(self.pair().childNodes()), 2)
        self.assertEqual(self.document.undo_steps, 1)

    def test_switching_it_off_after_another_step_leaves_that_step_alone(self):
        self.insert()
        self.root.addChildNode(Node(self.document, "a tree", "paintlayer"), None)
        settle(self.desk)
        self.insert(PLAIN)
        names = [node.name() for node in self.root.childNodes()]
        self.assertEqual(names, ["Background", "preview · dog 42", "a tree"])

    def test_the_next_object_lands_above_the_group_not_in_it(self):
        self.insert()
        self.apply()
        self.insert(PLAIN)
        names = [node.name() for node in self.root.childNodes()]
        self.assertEqual(names, ["Background", "dog 42 with its shadow", "preview · dog 42"])

    def test_the_scene_of_the_next_request_holds_neither_object_nor_shadow(self):
        self.insert()
        scene = self.insert().scene
        self.assertEqual(bytes(scene.data), bytes((30, 20, 10, 255)) * (scene.width * scene.height))


class CastShadows(ShadowCase):
    BOTH = form_of("dog", "", 42, 2, shadow=True, cast_shadow=True, cast_direction=200)
    CAST = form_of("dog", "", 42, 2, cast_shadow=True)
    NAMES = ("cast shadow · dog 42", "shadow · dog 42", "dog 42")

    def test_it_lies_below_the_contact_shadow_and_all_is_one_undo_step(self):
        self.assertEqual(self.insert(self.BOTH).wish.cast_direction, 200)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", ("dog 42 with its shadow", list(self.NAMES))])
        self.assertEqual(self.document.undo_steps, 1)
        cast, shadow, layer = self.pair().childNodes()
        record = read_records(self.document)[layer_id(layer)]
        self.assertEqual((record.shadow, record.cast), (layer_id(shadow), layer_id(cast)))
        bounds = cast.bounds()
        self.assertEqual((bounds.x(), bounds.y(), bounds.width(), bounds.height()), (28, 28, 8, 3))

    def test_without_a_contact_shadow_there_is_no_layer_for_one(self):
        self.insert(self.CAST)
        self.apply()
        self.assertEqual([node.name() for node in self.pair().childNodes()], [self.NAMES[0], self.NAMES[2]])

    def test_another_variation_brings_its_own_and_another_choice_other_layers(self):
        self.insert(self.BOTH)
        second = self.desk.history.items[1]
        second.cast_x, second.cast_y = 40, 50
        self.desk.choose(second)
        settle(self.desk)
        cast = self.pair().childNodes()[0]
        self.assertEqual(cast.name(), "cast shadow · preview · dog 43")
        self.assertEqual((cast.bounds().x(), cast.bounds().y()), (40, 50))
        for form, count in ((self.CAST, 2), (WITH_SHADOW, 2), (self.BOTH, 3), (PLAIN, 0)):
            self.insert(form)
            self.assertEqual(len(self.pair().childNodes()), count)
            self.assertEqual(self.document.undo_steps, 1)

    def test_editing_takes_up_the_object_from_any_of_its_layers(self):
        self.insert(self.BOTH)
        self.apply()
        for node in (self.pair(), *self.pair().childNodes()):
            recipe = self.desk.edit(node)
            self.assertTrue(recipe.wish.shadow and recipe.wish.cast_shadow)
            self.desk.discard()
            settle(self.desk)

    def test_an_edit_without_them_leaves_the_object_alone(self):
        self.insert(self.BOTH)
        self.apply()
        self.desk.edit(self.pair())
        self.insert(form_of("dog", "", 7, 1))
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "dog 7"])

    def test_the_scene_of_the_next_request_holds_none_of_it(self):
        self.insert(self.BOTH)
        scene = self.insert(self.BOTH).scene
        self.assertEqual(bytes(scene.data), bytes((30, 20, 10, 255)) * (scene.width * scene.height))


class Packs(ShadowCase):
    LAMP = form_of("lamp", "brass", 3, 1, pack="lamps")

    def test_request_and_record_name_the_pack(self):
        self.assertEqual(self.insert(self.LAMP).wish.pack, "lamps")
        self.apply()
        record = read_records(self.document)[layer_id(self.pair())]
        self.assertEqual((record.recipe.wish.pack, record.recipe.wish.style), ("lamps", "brass"))

    def test_the_same_class_and_seed_of_two_packs_are_two_variations(self):
        self.insert(form_of("dog", "", 3, 1))
        self.insert(form_of("dog", "", 3, 1, pack="lamps"))
        packs = [item.recipe.wish.pack for item in self.desk.history.items]
        self.assertEqual(packs, ["", "lamps"])
        self.assertIs(self.desk.history.find(self.desk.history.items[0].recipe), self.desk.history.items[0])

    def test_a_pack_that_is_gone_is_said_and_another_class_can_be_chosen(self):
        self.insert(self.LAMP)
        self.apply()
        self.link.welcome = WELCOME
        recipe = self.desk.edit(self.pair())
        self.assertEqual(recipe.wish.pack, "lamps")
        self.assertEqual(self.desk.message.tone, Tone.PROBLEM)
        self.assertIn("“lamps” is not there", self.desk.message.text)
        self.assertEqual(self.insert(form_of("dog", "", 3, 1)).wish.pack, "")

    def test_without_the_pack_nothing_is_asked_for_in_vain(self):
        self.insert(self.LAMP)
        variation = self.desk.history.items[0]
        self.apply()
        self.link.welcome, sent = WELCOME, len(self.link.sent)
        variation.forget_pixels()
        with self.assertRaisesRegex(InsertObjectError, "not there any more"):
            self.desk.choose(variation)
        self.assertEqual(len(self.link.sent), sent)
        self.assertIsNone(self.desk.editing)


class Live(ShadowCase):
    def test_a_live_preview_has_its_shadow_and_follows(self):
        self.insert(WITH_SHADOW, Purpose.LIVE)
        selection = Selection(64, 64)
        selection.select(4, 4, 16, 16, 255)
        self.document.setSelection(selection)
        self.insert(WITH_SHADOW, Purpose.LIVE)
        shadow, layer = self.pair().childNodes()
        self.assertEqual((layer.bounds().x(), shadow.bounds().x(), shadow.bounds().y()), (4, 4, 12))
        self.assertEqual(self.document.undo_steps, 1)
