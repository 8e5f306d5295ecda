"""The best of a row of seeds are shown where the program picked it; a seed that was named is painted."""

import unittest

import test_docker
from insert_object.annotations import read_records
from insert_object.asked_seeds import Row, Seeds
from insert_object.wire.herd import CANDIDATES
from insert_object.wire.protocol import MAX_SEED, Insert
from krita import Selection
from scripted import settle, until

ROW = 100  # the first seed of the row
BEST = (7, 2, 11, 0, 5, 9)  # places in it, best first


class Best(unittest.TestCase):
    setUp, tearDown = test_docker.Dockers.setUp, test_docker.Dockers.tearDown
    let_it_look = test_docker.Dockers.let_it_look

    def roll(self, seed=ROW):
        """The dice fall on this seed."""
        self.docker.panel.show_seed(self.docker.panel.form().from_seed(seed))

    def type_seed(self, seed):
        self.docker.panel.seed_box.setValue(seed)

    def answer(self, request):
        """What a daemon answers that can judge: the best seeds, or those that were named."""
        test_docker.Dockers.answer(self, request, BEST if request.candidates > 1 else None)

    def insert(self):
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        request = self.link.sent[-1]
        self.answer(request)
        return request

    def live(self):
        """The next request of Live, which is answered."""
        sent = len(self.link.sent)
        self.docker.panel.live_check.setChecked(True)
        until(lambda: len(self.link.sent) > sent)
        request = self.link.sent[-1]
        self.answer(request)
        return request

    def select(self, *box):
        selection = Selection(64, 64)
        selection.select(*box, 255)
        self.document.setSelection(selection)

    @property
    def seed(self):
        return self.docker.panel.form().wish.seed

    def named(self, request):
        """The seed that is painted as it is."""
        self.assertEqual(request.candidates, 1)
        return request.wish.seed

    def row(self, request):
        self.assertGreater(request.candidates, request.variations)
        return request.wish.seed, request.candidates

    def test_a_first_press_of_insert_asks_for_the_best_of_a_dozen(self):
        form = self.docker.panel.form()
        self.assertEqual(self.row(self.insert()), (form.wish.seed, 12))

    def test_the_best_of_a_row_that_the_dice_began_are_shown_and_the_best_is_the_seed(self):
        self.docker.panel.dice_button.click()
        rolled = self.seed
        self.assertEqual(self.row(self.insert()), (rolled, 12))
        items = self.docker._desk.history.items
        self.assertEqual([item.recipe.wish.seed for item in items], [rolled + place for place in BEST])
        self.assertEqual(self.seed, rolled + BEST[0])

    def test_many_variations_are_chosen_from_twice_as_many(self):
        self.docker.panel.count_box.setValue(8)
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        self.assertEqual(self.link.sent[-1].candidates, 16)

    def test_another_press_goes_on_behind_all_seeds_that_were_looked_at(self):
        self.roll()
        self.insert()
        self.assertEqual(self.row(self.insert()), (ROW + 12, 12))
        self.docker.panel.strip.setCurrentRow(9)
        settle(self.docker._desk)
        self.assertEqual(self.row(self.insert()), (ROW + 24, 12))

    def test_a_typed_seed_is_painted_as_it_is_and_the_next_press_goes_on_behind(self):
        self.type_seed(41)
        self.assertEqual(self.named(self.insert()), 41)
        self.assertEqual(self.row(self.insert()), (47, 12))
        self.type_seed(49)
        self.assertEqual(self.named(self.insert()), 49)

    def test_a_seed_that_is_typed_back_is_typed(self):
        self.roll()
        self.type_seed(ROW + 1)
        self.type_seed(ROW)
        self.assertEqual(self.named(self.insert()), ROW)

    def test_the_lock_keeps_the_seed_of_the_object_that_is_shown(self):
        self.roll()
        self.insert()
        self.docker.panel.keep_seed_button.setChecked(True)
        self.assertEqual(self.named(self.insert()), ROW + BEST[0])
        self.docker.panel.strip.setCurrentRow(2)
        settle(self.docker._desk)
        self.assertEqual(self.named(self.insert()), ROW + BEST[2])

    def test_keeping_the_shape_keeps_that_of_the_object_that_is_shown(self):
        self.roll()
        self.insert()
        self.docker.panel.keep_shape_check.setChecked(True)
        self.assertEqual(self.docker.panel.form().wish.shape_seed, ROW + BEST[0])

    def test_other_settings_are_tried_on_the_same_row(self):
        self.roll()
        self.insert()
        self.docker.panel.switches["cast_shadow"].setChecked(True)
        self.assertEqual(self.row(self.insert()), (ROW, 12))
        self.docker.panel.choice.class_box.setCurrentIndex(1)
        self.assertEqual(self.row(self.insert()), (ROW, 12))

    def test_the_seed_of_a_variation_that_was_clicked_is_painted_with_other_settings(self):
        self.roll()
        self.insert()
        self.docker.panel.strip.setCurrentRow(2)
        settle(self.docker._desk)
        self.docker.panel.switches["cast_shadow"].setChecked(True)
        self.assertEqual(self.named(self.insert()), ROW + BEST[2])

    def test_the_record_and_an_edit_keep_the_seed_of_the_object_that_was_applied(self):
        self.roll()
        self.insert()
        self.docker.panel.strip.setCurrentRow(1)
        settle(self.docker._desk)
        self.docker.panel.apply_button.click()
        settle(self.docker._desk)
        (record,) = read_records(self.document).values()
        self.assertEqual(record.wish.seed, ROW + BEST[1])
        until(self.docker.panel.edit_row.isVisible)
        self.docker.panel.edit_button.click()
        self.assertEqual(self.seed, ROW + BEST[1])
        self.docker.panel.switches["mirrored"].setChecked(True)
        self.assertEqual(self.named(self.insert()), ROW + BEST[1])
        self.docker.panel.dice_button.click()
        rolled = self.seed
        self.assertEqual(self.row(self.insert()), (rolled, 12))

    def test_a_variation_whose_pixels_are_gone_is_made_again_of_its_own_seed(self):
        self.roll()
        self.insert()
        self.docker._desk.history.items[3].forget_pixels()
        self.docker.panel.strip.setCurrentRow(3)
        settle(self.docker._desk)
        self.assertEqual(self.named(self.link.sent[-1]), ROW + BEST[3])

    def test_live_chooses_once_and_then_keeps_the_object_that_it_shows(self):
        self.roll()
        self.assertEqual(self.row(self.live()), (ROW, 12))
        self.assertEqual(self.seed, ROW + BEST[0])
        self.let_it_look(3)
        self.assertEqual(sum(isinstance(request, Insert) for request in self.link.sent), 1)
        self.select(4, 4, 20, 20)
        self.assertEqual(self.named(self.live()), ROW + BEST[0])

    def test_insert_shows_the_best_beside_the_object_that_live_shows(self):
        self.roll()
        self.live()
        self.select(4, 4, 20, 20)
        self.live()
        shown = self.docker._desk.preview.variation
        self.assertEqual(self.row(self.insert()), (ROW, 12))
        items = self.docker._desk.history.items
        self.assertEqual([item.recipe.wish.seed for item in items], [ROW + place for place in BEST])
        self.assertIs(items[0], shown)
        self.assertIs(self.docker._desk.preview.variation, shown)
        self.assertEqual(self.seed, ROW + BEST[0])
        self.assertEqual(self.row(self.insert()), (ROW + 12, 12))

    def test_an_object_that_live_shows_stays_where_it_is_not_among_the_best(self):
        self.roll()
        self.live()
        shown = self.docker._desk.preview.variation
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        others = (1, 3, 4, 6, 8, 10)
        test_docker.Dockers.answer(self, self.link.sent[-1], others)
        settle(self.docker._desk)
        seeds = [item.recipe.wish.seed for item in self.docker._desk.history.items]
        self.assertEqual(seeds, [ROW + place for place in (BEST[0], *others)])
        self.assertIs(self.docker._desk.preview.variation, shown)
        self.assertEqual(self.seed, ROW + BEST[0])

    def test_live_keeps_the_object_that_insert_showed(self):
        self.roll()
        self.insert()
        self.select(4, 4, 20, 20)
        self.assertEqual(self.named(self.live()), ROW + BEST[0])

    def test_a_seed_that_was_typed_meanwhile_stays(self):
        self.roll()
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        self.type_seed(5)
        self.answer(self.link.sent[-1])
        self.assertEqual(self.seed, 5)

    def test_each_object_of_a_herd_is_the_best_of_a_few(self):
        self.select(4, 10, 56, 50)
        self.roll()
        self.let_it_look()
        self.docker.panel.number.box.setValue(2)
        self.docker.panel.insert_button.click()
        settle(self.docker._desk)
        for request in self.link.sent:  # which grows meanwhile
            self.assertEqual((request.variations, request.candidates), (1, CANDIDATES))
            self.answer(request)
        herds = [item.recipe.wish.seed for item in self.docker._desk.history.items]
        self.assertEqual(herds, [ROW + number for number in range(6)])
        self.assertEqual(self.seed, ROW)

    def test_after_the_last_seed_comes_the_first(self):
        row = Row(MAX_SEED - 3).reaching(MAX_SEED - 3, 12)
        self.assertEqual(Seeds(MAX_SEED - 3, 6, 12, row).behind, 8)
        self.assertEqual(row.reaching(1, 20).looked, 25)
        self.assertEqual(Seeds(MAX_SEED, 4).behind, 3)
