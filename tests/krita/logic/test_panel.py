"""The docker's widgets show what they are told and report what the user does."""

import random
import unittest
from dataclasses import replace

from insert_object import translations
from insert_object.form import FIRST_WISH, Form, load_form, save_form
from insert_object.messages import Message, Tone
from insert_object.panel import Panel
from insert_object.qt import Qt, QtCore, QtGui, QtWidgets
from insert_object.view import View
from insert_object.wire.protocol import ClassInfo
from krita import Krita
from scripted import CLASSES, PACKS, form_of


def view(**changes):
    return View(**{"box": "2000 × 1500 pixels at 10000, 10000", "can_insert": True, **changes})


class Panels(unittest.TestCase):
    def setUp(self):
        self.panel = Panel()
        self.panel.set_packs(CLASSES, ())
        self.panel.show()

    def tearDown(self):
        self.panel.close()

    def choose_class(self, name):
        self.panel.choice.class_box.setCurrentIndex(self.panel.choice.class_box.findData(name))

    def test_a_class_without_styles_has_no_style_row(self):
        self.choose_class("dog")
        self.assertTrue(self.panel.choice.style_box.isVisible() and self.panel.choice.style_label.isVisible())
        self.panel.choice.style_box.setCurrentIndex(self.panel.choice.style_box.findData("black"))
        self.assertEqual(self.panel.form().wish.style, "black")
        self.choose_class("cat")
        self.assertFalse(self.panel.choice.style_box.isVisible() or self.panel.choice.style_label.isVisible())
        self.assertEqual(self.panel.form().wish.style, "")

    def test_a_favourite_stands_first_and_is_kept_between_sessions(self):
        Krita.instance().settings.clear()
        self.choose_class("cat")
        self.assertEqual(self.panel.choice.star_button.text(), "☆")
        self.panel.choice.star_button.click()
        box = self.panel.choice.class_box
        self.assertEqual([box.itemData(row) for row in range(3)], ["cat", None, "dog"])  # and a line between
        self.assertEqual(
            (self.panel.form().wish.class_name, self.panel.choice.star_button.text()), ("cat", "★")
        )
        save_form(self.panel.form())
        other = Panel()
        other.set_form(load_form(random.Random(1)))
        other.set_packs(CLASSES, ())
        self.assertEqual(other.choice.class_box.itemData(0), "cat")
        self.assertEqual(other.form().wish.class_name, "cat")
        other.choice.star_button.click()
        self.assertEqual([other.choice.class_box.itemData(row) for row in range(2)], ["dog", "cat"])

    def test_typing_the_beginning_of_a_name_chooses_the_class(self):
        self.choose_class("dog")
        key = QtGui.QKeyEvent(QtCore.QEvent.Type.KeyPress, Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier, "c")
        QtWidgets.QApplication.sendEvent(self.panel.choice.class_box, key)
        self.assertEqual(self.panel.form().wish.class_name, "cat")

    def test_the_choice_stays_when_the_daemon_tells_its_classes_again(self):
        self.choose_class("cat")
        self.panel.set_packs((ClassInfo("ant", "Ant"), *CLASSES), ())
        self.assertEqual(self.panel.form().wish.class_name, "cat")

    def test_a_pack_is_chosen_only_where_there_is_more_than_the_shipped_one(self):
        choice = self.panel.choice
        self.assertFalse(choice.pack_box.isVisible() or choice.pack_label.isVisible())
        self.panel.set_packs(CLASSES, PACKS)
        self.assertTrue(choice.pack_box.isVisible() and choice.pack_label.isVisible())
        self.assertEqual([choice.pack_box.itemText(i) for i in range(2)], ["Standard", "Lamps"])

    def test_classes_and_styles_are_those_of_the_chosen_pack(self):
        self.panel.set_packs(CLASSES, PACKS)
        choice, heard = self.panel.choice, []
        self.panel.form_changed.connect(lambda: heard.append(self.panel.form()))
        self.choose_class("cat")
        choice.pack_box.setCurrentIndex(1)
        classes = [choice.class_box.itemText(i) for i in range(choice.class_box.count())]
        self.assertEqual(classes, ["Lamp", "Dog lamp"])
        self.assertEqual((heard[-1].wish.pack, heard[-1].wish.class_name), ("lamps", "lamp"))
        self.assertEqual([choice.style_box.itemData(i) for i in range(2)], ["", "brass"])
        self.panel.set_packs(CLASSES, ())
        self.assertEqual((self.panel.form().wish.pack, self.panel.form().wish.class_name), ("", "dog"))

    def test_what_was_chosen_last_time_is_chosen_once_the_daemon_has_told_what_there_is(self):
        panel = Panel()
        panel.show()
        panel.set_form(form_of("lamp", "brass", 5, 2, pack="lamps", shadow=True))
        panel.set_packs(CLASSES, PACKS)
        self.assertEqual(panel.form(), form_of("lamp", "brass", 5, 2, pack="lamps", shadow=True))
        panel.close()

    def test_a_choice_of_the_user_is_not_overruled_by_one_of_last_time(self):
        self.panel.set_form(form_of("lamp", "brass", 5, 2, pack="lamps"))
        self.choose_class("cat")
        self.panel.set_packs(CLASSES, PACKS)
        self.assertEqual((self.panel.form().wish.pack, self.panel.form().wish.class_name), ("", "cat"))

    def test_a_form_comes_back_as_it_was_set(self):
        form = form_of("dog", "brown", 2**31 - 1, 16, live=True, shadow=True)
        self.panel.set_form(form)
        self.panel.live_check.setChecked(True)
        self.assertEqual(self.panel.form(), form)

    def test_the_dice_give_another_seed_within_the_limits(self):
        self.panel._dice = random.Random(1)
        seen = set()
        for _ in range(20):
            self.panel.dice_button.click()
            seen.add(self.panel.form().wish.seed)
        self.assertGreater(len(seen), 15)

    def test_the_shape_is_used_by_itself_only_where_there_is_one(self):
        self.panel.set_shape_possible(possible=True, chosen=True)
        self.assertTrue(self.panel.form().use_shape)
        self.panel.shape_check.setChecked(False)
        self.assertFalse(self.panel.form().use_shape)
        self.panel.set_shape_possible(possible=True, chosen=True)
        self.assertTrue(self.panel.form().use_shape)
        self.panel.set_shape_possible(possible=False, chosen=False)
        self.assertFalse(self.panel.shape_check.isEnabled() or self.panel.form().use_shape)

    def test_a_running_job_shows_cancel_and_progress_in_place_of_insert(self):
        self.panel.show_view(view(can_cancel=True, fraction=0.5))
        self.assertTrue(self.panel.cancel_button.isVisible() and not self.panel.insert_button.isVisible())
        self.assertEqual(self.panel.progress_bar.value(), 500)
        self.panel.show_view(view())
        self.assertTrue(self.panel.insert_button.isVisible() and not self.panel.progress_bar.isVisible())

    def test_progress_is_painted_with_the_next_frame_and_not_at_once(self):
        painted = []

        class Watch(QtCore.QObject):
            def eventFilter(self, _bar, event):
                if event.type() == QtCore.QEvent.Type.Paint:
                    painted.append(event)
                return False

        watch = Watch()
        self.panel.show_view(view(can_cancel=True, fraction=0.1))
        QtWidgets.QApplication.processEvents()
        self.panel.progress_bar.installEventFilter(watch)
        self.panel.show_view(view(can_cancel=True, fraction=0.9))
        self.assertEqual(painted, [])
        QtWidgets.QApplication.processEvents()
        self.assertNotEqual(painted, [])
        self.assertEqual(self.panel.progress_bar.value(), 900)

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
            (self.panel.light_button, self.panel.light_wanted),
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
                panel.set_packs(CLASSES, PACKS)
                panel.edit_label.setText("flower 2147483647")
                panel.show_view(
                    view(
                        can_edit=True,
                        can_light=True,
                        is_light=True,
                        can_apply=True,
                        message=Message("A long sentence. " * 9),
                    )
                )
            finally:
                translations._current = kept
            self.assertLessEqual(panel.minimumSizeHint().width(), 300, language)

    def test_another_theme_brings_icons_in_its_colours(self):
        def ink():
            image = self.panel.dice_button.icon().pixmap(QtCore.QSize(16, 16)).toImage()
            across = range(image.width())
            return {
                image.pixelColor(x, y).value()
                for x in across
                for y in across
                if image.pixelColor(x, y).alpha() > 250
            }

        for colour, value in ((Qt.GlobalColor.black, 0), (Qt.GlobalColor.white, 255)):
            palette = self.panel.palette()
            palette.setColor(palette.ColorRole.ButtonText, QtGui.QColor(colour))
            self.panel.setPalette(palette)
            QtWidgets.QApplication.processEvents()
            self.assertEqual(ink(), {value})

    def test_settings_are_kept_between_sessions_but_not_live(self):
        Krita.instance().settings.clear()
        choices = {"pack": "lamps", "shadow": True, "mirrored": True, "behind_grass": True}
        choices |= {"cast_shadow": True, "cast_direction": 135, "cast_length": 70, "cast_softness": 0}
        form = form_of("dog", "brown", 77, 3, use_shape=True, live=True, **choices)
        save_form(replace(form, keep_seed=True))
        kept = replace(form_of("dog", "brown", 77, 3, **choices), keep_seed=True)
        self.assertEqual(load_form(random.Random(1)), kept)
        save_form(form)
        self.assertEqual(load_form(random.Random(1)), replace(kept, keep_seed=False).rolled(random.Random(1)))

    def test_settings_that_make_no_sense_take_their_default(self):
        Krita.instance().settings.clear()
        Krita.instance().settings.update(seed="-1", variations="9999999", shadow="yes", keep_seed="1")
        Krita.instance().settings.update(cast_length="1", cast_strength="x", cast_direction="south")
        loaded = load_form(random.Random())
        self.assertEqual((loaded.wish.seed, loaded.variations, loaded.wish.shadow), (1, 16, True))
        self.assertEqual((loaded.wish.cast_length, loaded.wish.cast_strength), (10, 60))
        self.assertIsNone(loaded.wish.cast_direction)

    def test_a_contact_shadow_is_on_at_first_and_a_cast_one_off(self):
        Krita.instance().settings.clear()
        wish = load_form(random.Random()).wish
        self.assertEqual((wish.shadow, wish.cast_shadow, wish.behind_grass), (True, False, False))

    def test_the_controls_of_a_cast_shadow_show_with_it_and_say_what_they_are_set_to(self):
        self.panel.set_form(form_of("dog", "", 5, 2))
        self.assertTrue(self.panel.cast.isHidden())
        told = []
        self.panel.form_changed.connect(lambda: told.append(self.panel.form().wish))
        self.panel.switches["cast_shadow"].setChecked(True)
        self.assertFalse(self.panel.cast.isHidden())
        self.assertFalse(self.panel.cast.sliders["cast_direction"].isEnabled())
        self.panel.cast.by_the_light.setChecked(False)
        self.panel.cast.sliders["cast_direction"].setValue(250)
        self.panel.cast.sliders["cast_length"].setValue(30)
        self.assertEqual([wish.cast_direction for wish in told], [None, 0, 250, 250])
        self.assertEqual((told[-1].cast_shadow, told[-1].cast_length), (True, 30))
        self.panel.cast.by_the_light.setChecked(True)
        self.assertIsNone(told[-1].cast_direction)

    def test_a_kept_shape_stays_while_the_seed_changes(self):
        self.panel.set_form(form_of("dog", "", 5, 2))
        self.panel.keep_shape_check.setChecked(True)
        self.panel.seed_box.setValue(9)
        wish = self.panel.form().wish
        self.assertEqual((wish.seed, wish.shape_seed, wish.look_seed), (9, 5, None))
        self.panel.keep_look_check.setChecked(True)
        self.panel.seed_box.setValue(11)
        wish = self.panel.form().wish
        self.assertEqual((wish.seed, wish.shape_seed, wish.look_seed), (11, 5, 9))
        self.panel.keep_shape_check.setChecked(False)
        self.assertEqual(self.panel.form().wish.shape_seed, None)

    def test_what_is_kept_has_a_number_of_its_own_which_is_there_only_then(self):
        self.panel.set_form(form_of("dog", "", 5, 2))
        boxes = (self.panel.shape_seed_box, self.panel.look_seed_box)
        self.assertEqual([box.isVisible() for box in boxes], [False, False])
        self.panel.keep_shape_check.setChecked(True)
        self.panel.keep_look_check.setChecked(True)
        self.assertEqual([(box.isVisible(), box.value()) for box in boxes], [(True, 5), (True, 5)])
        self.panel.look_seed_box.setValue(77)
        wish = self.panel.form().wish
        self.assertEqual((wish.seed, wish.shape_seed, wish.look_seed), (5, 5, 77))
        self.panel.keep_shape_check.setChecked(False)
        self.assertEqual([box.isVisible() for box in boxes], [False, True])

    def test_a_variation_with_a_kept_shape_shows_what_it_keeps(self):
        self.panel.set_form(form_of("dog", "", 9, 2, shape_seed=5))
        self.assertTrue(self.panel.keep_shape_check.isChecked())
        self.assertFalse(self.panel.keep_look_check.isChecked())
        self.assertEqual(self.panel.form().wish.shape_seed, 5)

    def test_every_control_tells_what_it_does(self):
        kinds = (
            QtWidgets.QAbstractButton,
            QtWidgets.QComboBox,
            QtWidgets.QSpinBox,
            QtWidgets.QAbstractSlider,
        )
        controls = [widget for kind in kinds for widget in self.panel.findChildren(kind)]
        own = [widget for widget in controls if not isinstance(widget, QtWidgets.QScrollBar)]
        self.assertGreater(len(own), 15)
        self.assertEqual([type(widget).__name__ for widget in own if not widget.toolTip()], [])

    def test_reset_says_what_it_goes_back_to(self):
        told = []
        for is_edit in (False, True, False):
            self.panel.show_view(view(is_edit=is_edit))
            told.append(self.panel.defaults_button.toolTip())
        first = "Settings as they were at first; class and seed stay"
        self.assertEqual(told, [first, "As this layer was made", first])

    def test_settings_at_first_keep_class_and_seed_alone(self):
        form = form_of("dog", "brown", 77, 3, pack="lamps", mirrored=True, shape_seed=5, look_seed=6)
        first = replace(form, keep_seed=True, live=True, thumbnail=300).as_at_first()
        wish = replace(FIRST_WISH, class_name="dog", seed=77, pack="lamps")
        self.assertEqual(first, Form(wish, thumbnail=300))
