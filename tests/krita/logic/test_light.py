"""A layer's own pixels take the scene's light, again and again, and give it back bit for bit."""

import unittest
from dataclasses import replace

from insert_object.annotations import light_record_of, read_records
from insert_object.desk import Desk
from insert_object.documents import layer_id
from insert_object.editing import Way
from insert_object.history import LightChoice
from insert_object.messages import Tone
from insert_object.view import view_of
from insert_object.wire.protocol import (
    WITHOUT_SHADOWS,
    Light,
    Lit,
    PixelFormat,
    PixelFrame,
    Rect,
    Wish,
)
from krita import Node
from krita_pictures import in_depth
from scripted import done_reply, form_of
from test_editing import DOG, DOG_WITH_SHADOW, EditingCase, tree, whole

PLACE = (10, 12, 20, 16)
CAST = Wish(cast_shadow=True, cast_direction=90)
ADJUSTMENTS = {"exposure": 0.5}
OWN = (40, 80, 120)  # blue, green, red: Krita's order


def lit_reply(request, adjustments=ADJUSTMENTS):
    """Each colour is brighter by 40 of 255 at the whole strength, in the object's own depth."""
    is_deep = request.object.format is PixelFormat.RGBA16
    data = bytearray(in_depth(request.object.data, "U16" if is_deep else "U8", "U8"))
    if not is_deep:
        data[0::4], data[2::4] = data[2::4], data[0::4]
    more = round(40 * request.strength)
    table = bytes(min(255, value + more) for value in range(256))
    for channel in range(3):
        data[channel::4] = data[channel::4].translate(table)
    kind, depth = (PixelFormat.RGBA16, "U16") if is_deep else (PixelFormat.RGBA8, "U8")
    frame = PixelFrame(request.object.width, request.object.height, kind, in_depth(data, "U8", depth))
    contact, cast = (
        PixelFrame(8, 4, PixelFormat.RGBA8, bytes((9, 9, 9, alpha)) * 32) if wanted else None
        for wanted, alpha in ((request.wish.shadow, 100), (request.wish.cast_shadow, 50))
    )
    below = request.box.bottom
    return Lit(request.id, frame, request.adjustments or adjustments, contact, 12, below, cast, 16, below)


class LightCase(EditingCase):
    def paste(self, corner=0):
        """A cut-out with one transparent corner pixel."""
        layer = Node(self.document, "cut-out", "paintlayer")
        x, y, width, height = PLACE
        pixels = bytearray(bytes((*OWN, 255)) * (width * height))
        pixels[corner * 4 : corner * 4 + 4] = bytes((1, 2, 3, 0))
        layer.setPixelData(bytes(pixels), x, y, width, height)
        self.root.addChildNode(layer, self.root.childNodes()[-1])
        return layer

    def ask(self, node):
        self.desk.give_light(node)
        self.settle()
        return self.link.sent[-1]

    def answer_light(self, adjustments=ADJUSTMENTS):
        request = self.link.sent[-1]
        self.assertIsInstance(request, Light)
        self.desk.take(lit_reply(request, adjustments))
        self.desk.take(done_reply(request))
        self.settle()

    def light(self, node):
        self.ask(node)
        self.answer_light()
        self.apply()
        return self.document.activeNode()

    def light_at(self, node, strength, shadows=None):
        self.ask(node)
        self.answer_light()
        self.desk.change_light(LightChoice(strength, shadows))
        self.settle()
        self.answer_light()
        self.apply()
        return self.document.activeNode()

    def pixels(self, node):
        return bytes(node.pixelData(*PLACE))

    def colour(self, node):
        return tuple(self.pixels(node)[100:104])


class Lighting(LightCase):
    def test_own_pixels_are_sent_and_the_scene_without_the_layer(self):
        layer = self.paste()
        request = self.ask(layer)
        self.assertEqual(request.box, Rect(*PLACE))
        self.assertEqual(bytes(request.object.data), self.pixels(layer))
        self.assertNotIn(bytes((*OWN, 255)), bytes(request.scene.data))

    def test_it_is_one_undo_step_and_keeps_name_and_alpha(self):
        layer = self.paste()
        alpha = self.pixels(layer)[3::4]
        before = whole(self.root), self.document.undo_steps
        lit = self.light(layer)
        self.assertEqual(tree(self.root), ["Background", "cut-out"])
        self.assertEqual(self.pixels(lit)[3::4], alpha)
        self.assertEqual(self.colour(lit), (80, 120, 160, 255))
        self.assert_one_step(before)

    def test_three_times_is_as_once(self):
        layer = self.paste()
        for _ in range(3):
            layer = self.light(layer)
            self.assertEqual(self.colour(layer), (80, 120, 160, 255))

    def test_strength_0_brings_every_pixel_back(self):
        layer = self.paste()
        own = self.pixels(layer)
        lit = self.light(layer)
        self.ask(lit)
        self.answer_light()
        self.desk.change_light(LightChoice(0.0))
        self.settle()
        self.answer_light()
        self.apply()
        off = self.document.activeNode()
        self.assertEqual(self.pixels(off), own)
        self.assertIsNone(light_record_of(self.document, layer_id(off)))

    def test_the_slider_asks_with_what_was_judged_and_apply_waits_for_it(self):
        self.ask(self.paste())
        self.desk.change_light(LightChoice(0.25))  # while the first answer is on its way
        self.answer_light()
        request = self.link.sent[-1]
        self.assertEqual((request.strength, dict(request.adjustments)), (0.25, ADJUSTMENTS))
        self.apply()
        self.assertTrue(self.desk.preview.is_shown)
        self.answer_light()
        self.settle()
        self.assertFalse(self.desk.preview.is_shown)
        self.assertEqual(self.colour(self.document.activeNode()), (50, 90, 130, 255))

    def test_discard_leaves_no_step_and_every_pixel(self):
        layer = self.paste()
        before = whole(self.root), self.document.undo_steps
        self.ask(layer)
        self.answer_light()
        self.discard()
        self.assertEqual((whole(self.root), self.document.undo_steps), before)
        self.assertIsNone(self.desk.light)

    def test_a_layer_painted_on_since_is_lit_as_it_is_now(self):
        lit = self.light(self.paste())
        x, y, width, _height = PLACE
        lit.setPixelData(bytes((10, 20, 30, 255)) * (width * 8), x, y + 8, width, 8)
        request = self.ask(lit)
        self.assertEqual(bytes(request.object.data), self.pixels(lit))

    def test_an_object_of_ours_keeps_its_recipe_and_is_not_painted_again(self):
        layer = self.applied(DOG)
        layer.setPixelData(bytes(4), 20, 20, 1, 1)  # erased a little
        record = read_records(self.document)[layer_id(layer)]
        before = whole(self.root), self.document.undo_steps
        request = self.ask(layer)
        self.assertIsInstance(request, Light)
        self.answer_light()
        self.apply()
        lit = self.document.activeNode()
        self.assertEqual(lit.name(), "dog 42")
        self.assertEqual(read_records(self.document)[layer_id(lit)], record)
        self.assertEqual(len(self.desk.history.items), 1)
        self.assert_one_step(before)

    def test_an_object_with_a_shadow_stays_in_its_group_over_the_same_shadow(self):
        group = self.applied(DOG_WITH_SHADOW)
        shadow, layer = group.childNodes()
        layer.setPixelData(bytes(4), 20, 20, 1, 1)
        drawn, before = whole(shadow), (whole(self.root), self.document.undo_steps)
        self.light(group)
        self.assertEqual(tree(group), ["shadow · dog 42", "dog 42"])
        self.assertEqual(whole(shadow), drawn)
        self.assert_one_step(before)
        self.desk.edit(self.document.activeNode())  # still known as an object of ours, and as worked on
        self.desk.answer(Way.REPAINT)
        self.assertEqual(self.desk.editing.wish.class_name, "dog")

    def test_a_layer_that_fits_already_is_told_of(self):
        layer = self.paste()
        own = self.pixels(layer)
        self.ask(layer)
        self.answer_light({"exposure": 0.0})
        self.assertIn("already", view_of(self.link, self.desk, "").message.text)
        self.apply()
        self.assertEqual(self.pixels(self.document.activeNode()), own)


class Shadows(LightCase):
    """A lit layer's shadows: left alone they stay; else they are made anew, each on a layer of its own."""

    def test_a_cut_outs_shadows_come_in_a_group_below_it(self):
        lit = self.light_at(self.paste(), 1.0, CAST)
        self.assertEqual(self.link.sent[-1].wish, CAST)
        members = ["cast shadow · cut-out", "shadow · cut-out", "cut-out"]
        self.assertEqual(tree(self.root), ["Background", ("cut-out with its shadow", members)])
        group = lit.parentNode()
        self.assertEqual(self.colour(lit), (80, 120, 160, 255))
        cast = group.childNodes()[0]
        self.assertEqual(bytes(cast.pixelData(16, 28, 1, 1))[3], 50)

    def test_the_lit_layer_keeps_opacity_and_mode(self):
        layer = self.paste()
        layer.setOpacity(100)
        layer.setBlendingMode("multiply")
        lit = self.light_at(layer, 1.0, CAST)
        self.assertEqual((lit.opacity(), lit.blendingMode()), (100, "multiply"))

    def test_lit_again_it_stays_over_its_shadows_which_are_no_part_of_the_scene(self):
        lit = self.light_at(self.paste(), 1.0, CAST)
        group = lit.parentNode()
        shadows = [whole(node) for node in group.childNodes()[:2]]
        for node in (lit, group, group.childNodes()[0]):  # any of them names the layer
            request = self.ask(node)
            self.assertNotIn(bytes((9, 9, 9)), bytes(request.scene.data))
            self.assertEqual(self.desk.light.had.cast_shadow, True)
            self.answer_light()
            self.apply()
            self.assertEqual([whole(node) for node in group.childNodes()[:2]], shadows)
            self.assertEqual(self.colour(self.document.activeNode()), (80, 120, 160, 255))

    def test_other_shadows_take_the_place_of_those_that_were_there(self):
        lit = self.light_at(self.paste(), 1.0, CAST)
        again = self.light_at(lit, 1.0, replace(CAST, cast_shadow=False))
        members = ["shadow · cut-out", "cut-out"]
        self.assertEqual(tree(self.root), ["Background", ("cut-out with its shadow", members)])
        alone = self.light_at(again, 0.0, WITHOUT_SHADOWS)
        self.assertEqual(tree(self.root), ["Background", "cut-out"])
        self.assertEqual(self.colour(alone), (*OWN, 255))

    def test_strength_0_keeps_new_shadows_known(self):
        lit = self.light_at(self.paste(), 0.0, CAST)
        self.assertEqual(self.colour(lit), (*OWN, 255))
        self.ask(lit)
        self.assertEqual(len(self.desk.light.shadows), 2)

    def test_an_objects_new_shadows_are_its_own_in_its_record(self):
        group = self.applied(DOG_WITH_SHADOW)
        group.childNodes()[1].setPixelData(bytes(4), 20, 20, 1, 1)
        lit = self.light_at(group.childNodes()[1], 1.0, CAST)
        self.assertEqual(len(tree(self.root)), 2)
        record = read_records(self.document)[layer_id(lit)]
        around = lit.parentNode()
        self.assertEqual([record.cast, record.shadow], [layer_id(n) for n in around.childNodes()[:2]])
        self.assertEqual(record.group, layer_id(around))
        self.assertEqual((record.wish.class_name, record.wish.cast_shadow), ("dog", True))

    def test_a_preview_with_shadows_that_was_saved_is_applied_with_them(self):
        self.ask(self.paste())
        self.answer_light()
        self.desk.change_light(LightChoice(0.5, CAST))
        self.settle()
        self.answer_light()
        self.desk = Desk(self.document, self.link)
        self.assertEqual(self.desk.light.wanted, LightChoice(0.5, CAST))
        self.apply()
        self.assertEqual(len(self.root.childNodes()[-1].childNodes()), 3)
        self.assertEqual(len(tree(self.root)), 2)
        self.ask(self.root.childNodes()[-1])
        self.assertEqual(len(self.desk.light.shadows), 2)

    def test_discard_leaves_no_step_and_every_pixel(self):
        group = self.applied(DOG_WITH_SHADOW)
        group.childNodes()[1].setPixelData(bytes(4), 20, 20, 1, 1)
        before = whole(self.root), self.document.undo_steps
        self.ask(group)
        self.answer_light()
        self.desk.change_light(LightChoice(1.0, CAST))
        self.settle()
        self.answer_light()
        self.discard()
        self.assertEqual((whole(self.root), self.document.undo_steps), before)


class Refusing(LightCase):
    def refused(self, node):
        sent = len(self.link.sent)
        try:
            self.desk.give_light(node)
        except Exception as error:
            return str(error)
        self.settle()
        self.assertEqual(len(self.link.sent), sent)
        self.assertIsNone(self.desk.light)
        self.assertEqual(self.desk.message.tone, Tone.PROBLEM)
        return self.desk.message.text

    def test_a_layer_without_transparency_is_told_how_to_cut_it(self):
        self.assertIn("has no transparency", self.refused(self.root.childNodes()[0]))

    def test_an_empty_a_small_a_hidden_and_a_group_layer_are_refused_in_words(self):
        empty = Node(self.document, "empty", "paintlayer")
        self.root.addChildNode(empty, None)
        self.assertIn("transparent everywhere", self.refused(empty))
        empty.setPixelData(bytes((*OWN, 255)) * 12, 0, 0, 4, 3)
        empty.setPixelData(bytes(4), 0, 0, 1, 1)
        self.assertIn("too small", self.refused(empty))
        layer = self.paste()
        layer.setVisible(False)
        self.assertIn("is hidden", self.refused(layer))
        self.assertIn("Only a paint layer", self.refused(Node(self.document, "group", "grouplayer")))
        self.assertIn("No layer is active", self.refused(None))


class Offering(LightCase):
    def test_it_is_offered_while_no_preview_is_in_the_way(self):
        layer = self.paste()
        self.assertTrue(view_of(self.link, self.desk, "", can_light=True).can_light)
        self.ask(layer)
        view = view_of(self.link, self.desk, "", can_light=True)
        self.assertEqual((view.can_light, view.is_light, view.can_discard), (False, True, True))
        self.answer_light()
        self.assertTrue(view_of(self.link, self.desk, "").can_apply)

    def test_a_new_object_ends_it(self):
        layer = self.paste()
        self.ask(layer)
        self.answer_light()
        self.insert(form_of("dog", "", 42, 1))
        self.assertIsNone(self.desk.light)
        self.assertTrue(layer.visible())
        self.assertEqual(tree(self.root)[-1], "preview · dog 42")


if __name__ == "__main__":
    unittest.main()
