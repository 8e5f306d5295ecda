"""The docker's widgets show what they are told and report what the user does."""

import random
import unittest

from insert_object import translations
from insert_object.client.protocol import ClassInfo, Rect
from insert_object.form import Form, load_form, save_form
from insert_object.history import History, Variation
from insert_object.messages import Message, Tone
from insert_object.panel import Panel
from insert_object.recipes import Recipe
from insert_object.strip import Strip
from insert_object.view import View
from krita import Krita
from scripted import CLASSES, layer_reply


def view(**changes):
    return View(**{"box": "2000 × 1500 pixels at 10000, 10000", "can_insert": True, **changes})


class Panels(unittest.TestCase):
    def setUp(self):
        self.panel = Panel()
        self.panel.set_classes(CLASSES)
        self.panel.show()

    def tearDown(self):
        self.panel.close()

    def choose_class(self, name):
        self.panel.class_box.setCurrentIndex(self.panel.class_box.findData(name))

    def test_a_class_without_styles_has_no_style_row(self):
        self.choose_class("dog")
        self.assertTrue(self.panel.style_box.isVisible() and self.panel.style_label.isVisible())
        self.panel.style_box.setCurrentIndex(self.panel.style_box.findData("black"))
        self.assertEqual(self.panel.form().style, "black")
        self.choose_class("cat")
        self.assertFalse(self.panel.style_box.isVisible() or self.panel.style_label.isVisible())
        self.assertEqual(self.panel.form().style, "")

    def test_the_choice_stays_when_the_daemon_tells_its_classes_again(self):
        self.choose_class("cat")
        self.panel.set_classes((ClassInfo("ant", "Ant"), *CLASSES))
        self.assertEqual(self.panel.form().class_name, "cat")

    def test_a_form_comes_back_as_it_was_set(self):
        form = Form("dog", "brown", 2**31 - 1, 16, False, True)
        self.panel.set_form(form)
        self.panel.live_check.setChecked(True)
        self.assertEqual(self.panel.form(), form)

    def test_the_dice_give_another_seed_within_the_limits(self):
        self.panel._dice = random.Random(1)
        seen = set()
        for _ in range(20):
            self.panel.dice_button.click()
            seen.add(self.panel.form().seed)
        self.assertGreater(len(seen), 15)

    def test_the_shape_is_used_by_itself_only_where_there_is_one(self):
        self.panel.set_shape_possible(True)
        self.assertTrue(self.panel.form().use_shape)
        self.panel.shape_check.setChecked(False)
        self.assertFalse(self.panel.form().use_shape)
        self.panel.set_shape_possible(True)
        self.assertTrue(self.panel.form().use_shape)
        self.panel.set_shape_possible(False)
        self.assertFalse(self.panel.shape_check.isEnabled() or self.panel.form().use_shape)

    def test_a_running_job_shows_cancel_and_progress_in_place_of_insert(self):
        self.panel.show_view(view(can_cancel=True, fraction=0.5))
        self.assertTrue(self.panel.cancel_button.isVisible() and not self.panel.insert_button.isVisible())
        self.assertEqual(self.panel.progress_bar.value(), 500)
        self.panel.show_view(view())
        self.assertTrue(self.panel.insert_button.isVisible() and not self.panel.progress_bar.isVisible())

    def test_an_unknown_duration_shows_a_busy_bar(self):
        self.panel.show_view(view(fraction=-1.0))
        self.assertEqual((self.panel.progress_bar.minimum(), self.panel.progress_bar.maximum()), (0, 0))

    def test_a_problem_is_marked_and_its_details_are_at_hand(self):
        self.panel.show_view(view(message=Message("It failed.", Tone.PROBLEM, "details"), can_retry=True))
        self.assertTrue(self.panel.warning_icon.isVisible() and self.panel.retry_button.isVisible())
        self.assertEqual(self.panel.message_label.toolTip(), "details")
        self.panel.show_view(view(message=Message("Fine.")))
        self.assertFalse(self.panel.warning_icon.isVisible())

    def test_buttons_report_what_the_user_wants(self):
        heard = []
        for button, wanted in (
            (self.panel.insert_button, self.panel.insert_wanted),
            (self.panel.apply_button, self.panel.apply_wanted),
            (self.panel.discard_button, self.panel.discard_wanted),
            (self.panel.edit_button, self.panel.edit_wanted),
            (self.panel.relight_button, self.panel.relight_wanted),
            (self.panel.cancel_button, self.panel.cancel_wanted),
            (self.panel.retry_button, self.panel.retry_wanted),
        ):
            wanted.connect(lambda button=button: heard.append(button))
            button.setEnabled(True)
            button.click()
            self.assertIs(heard[-1], button)

    def test_the_docker_fits_into_300_pixels_in_every_language(self):
        kept = translations._current
        for language in ("en", "fr", "de", "zh"):
            translations._current = lambda language=language: translations.catalogue(language)
            try:
                panel = Panel()
                panel.set_classes(CLASSES)
                panel.edit_label.setText("flower · seed 2147483647")
                panel.show_view(view(can_edit=True, can_apply=True, message=Message("A long sentence. " * 9)))
            finally:
                translations._current = kept
            self.assertLessEqual(panel.minimumSizeHint().width(), 300, language)

    def test_settings_are_kept_between_sessions_but_not_live(self):
        Krita.instance().settings.clear()
        save_form(Form("dog", "brown", 77, 3, True, True))
        self.assertEqual(load_form(), Form("dog", "brown", 77, 3))
        Krita.instance().settings.update(seed="-1", variations="9999999", style="")
        self.assertEqual((load_form().seed, load_form().variations), (1, 16))


class Strips(unittest.TestCase):
    def setUp(self):
        self.strip = Strip()
        self.history = History()
        self.chosen = []
        self.strip.chosen.connect(self.chosen.append)

    def add(self, seed, live=False):
        recipe = Recipe("dog", seed, Rect(0, 0, 20, 20))
        request = type("Request", (), {"id": "1", "class_name": "dog", "seed": seed, "box": recipe.box})
        self.history.add(Variation(recipe, 0, 0, layer_reply(request).pixels, live))
        self.strip.show_all(self.history.items)

    def test_it_shows_the_history_and_only_the_user_chooses(self):
        for seed in (5, 6, 7):
            self.add(seed)
        self.assertEqual([self.strip.item(i).text() for i in range(3)], ["5", "6", "7"])
        self.strip.mark(self.history.items[1])
        self.assertEqual((self.strip.currentRow(), self.chosen), (1, []))
        self.strip.setCurrentRow(2)
        self.assertEqual(self.chosen, [self.history.items[2]])

    def test_a_live_variation_is_replaced_in_place(self):
        self.add(1)
        self.add(2, True)
        self.add(3, True)
        self.assertEqual([self.strip.item(i).text() for i in range(self.strip.count())], ["1", "3"])

    def test_thumbnails_have_the_colour_of_the_object(self):
        self.add(1)
        pixmap = self.strip.item(0).icon().pixmap(self.strip.iconSize())
        colour = pixmap.toImage().pixelColor(pixmap.width() // 2, pixmap.height() // 2)
        self.assertEqual((colour.red(), colour.green(), colour.blue()), (200, 100, 50))
