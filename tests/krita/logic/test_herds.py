"""Several objects at once: one group, one undo step, each object with a record of its own."""

import unittest
from dataclasses import replace

from insert_object.annotations import read_records
from insert_object.desk import Desk
from insert_object.wire.herd import CANDIDATES, Region, herd_in
from insert_object.wire.protocol import Rect
from krita import Krita, Selection
from scripted import WELCOME, ScriptedLink, done_reply, form_of, layer_reply, picture, settle
from test_shadows import tree

BOX = (4, 10, 56, 50)
HERD = replace(form_of("dog", "", 7, 2, shadow=True), herd=2)


class Herds(unittest.TestCase):
    def setUp(self):
        Krita.instance().open_documents.clear()
        self.document = picture(box=BOX)
        self.root = self.document.rootNode()
        self.link = ScriptedLink()
        self.link.welcome = WELCOME
        self.desk = Desk(self.document, self.link)

    def insert(self, form=HERD):
        """Answers every request as it comes; gives the boxes and seeds that were asked for."""
        del self.link.sent[:]
        self.desk.insert(form)
        settle(self.desk)
        for request in self.link.sent:  # which grows meanwhile
            self.desk.take(layer_reply(request, 0, colour=(9, 100, 50, 255)))
            self.desk.take(done_reply(request))
            settle(self.desk)
        return [(request.wish.box, request.wish.seed) for request in self.link.sent]

    def herd(self, seed):
        return [(m.box, m.seed) for m in herd_in(Region(Rect(*BOX)), "dog", 2, seed, 64)]

    def test_each_object_is_a_request_of_its_own_and_each_variation_another_herd(self):
        self.assertEqual(self.insert(), [*self.herd(7), *self.herd(8)])
        self.assertEqual([len(item.herd) for item in self.desk.history.items], [2, 2])
        self.assertEqual({request.candidates for request in self.link.sent}, {CANDIDATES})

    def test_it_is_one_group_from_far_to_near_and_one_undo_step(self):
        asked = self.insert()
        (group,) = tree(self.root)[1:]
        self.assertEqual(group[0], "preview · 2 × dog 7")
        self.desk.apply()
        settle(self.desk)
        names = [f"dog {seed}" for _, seed in asked[:2]]
        members = [(f"{name} with its shadow", [f"shadow · {name}", name]) for name in names]
        self.assertEqual(tree(self.root), ["Background", ("2 × dog 7", members)])
        self.assertEqual(self.document.undo_steps, 1)
        records = [record.wish for record in read_records(self.document).values()]
        self.assertEqual([(wish.box, wish.seed) for wish in records], asked[:2])
        self.document.undo()
        self.assertEqual(tree(self.root), ["Background"])

    def test_another_variation_takes_its_place_and_discard_leaves_nothing(self):
        asked = self.insert()
        self.desk.choose(self.desk.history.items[1])
        settle(self.desk)
        (group,) = tree(self.root)[1:]
        self.assertEqual(group[0], "preview · 2 × dog 8")
        self.assertEqual(group[1][0][0], f"dog {asked[2][1]} with its shadow")
        self.desk.discard()
        settle(self.desk)
        self.assertEqual(tree(self.root), ["Background"])

    def test_an_object_of_it_is_edited_alone(self):
        self.insert()
        self.desk.apply()
        settle(self.desk)
        first = self.root.childNodes()[-1].childNodes()[0].childNodes()[1]
        recipe = self.desk.edit(first)
        self.assertEqual((recipe.wish.box, recipe.wish.seed), self.herd(7)[0])

    def test_a_saved_preview_of_it_is_taken_up_again(self):
        self.insert()
        again = Desk(self.document, ScriptedLink())
        self.assertTrue(again.preview.is_shown)
        again.apply()
        settle(again)
        self.assertEqual(tree(self.root)[1][0], "2 × dog 7")
        again = Desk(self.document, ScriptedLink())
        self.assertFalse(again.preview.is_shown)

    def test_cancel_ends_it_within(self):
        self.desk.insert(HERD)
        settle(self.desk)
        self.desk.take(layer_reply(self.link.sent[0], 0, colour=(9, 100, 50, 255)))
        self.desk.take(done_reply(self.link.sent[0]))
        settle(self.desk)
        self.desk.cancel()
        self.assertEqual(self.link.sent[-1].target, self.link.sent[1].id)
        self.assertEqual(tree(self.root), ["Background"])

    def test_too_many_are_refused_in_words(self):
        with self.assertRaisesRegex(Exception, "A herd of 24 finds no room"):
            self.desk.insert(replace(HERD, herd=24))

    def test_each_part_of_a_selection_gets_an_object(self):
        selection = Selection(64, 64)
        for part in ((4, 30, 20, 26), (40, 4, 12, 16)):
            selection.select(*part, 255)
        selection.box = None
        self.document.setSelection(selection)
        asked = self.insert(replace(HERD, herd=1, each_part=True, variations=1))
        self.assertEqual([box for box, _ in asked], [Rect(40, 4, 12, 16), Rect(4, 30, 20, 26)])
        asked = self.insert(replace(HERD, herd=1, each_part=False, variations=1))
        self.assertEqual([box for box, _ in asked], [Rect(4, 4, 48, 52)])
