"""An edit covers nobody's work unasked, and the layer that is edited stays in the document until Apply."""

from unittest.mock import patch

from insert_object.annotations import read_records
from insert_object.canvas import CanvasWork
from insert_object.desk import Desk
from insert_object.documents import layer_id, walk
from insert_object.editing import Way
from insert_object.pending import PENDING_ANNOTATION, find_preview
from insert_object.view import view_of
from insert_object.wire.protocol import Light, Rect
from krita import Node
from scripted import form_of
from test_editing import BOX, CAT, CAT_WITH_SHADOW, DOG, DOG_WITH_SHADOW, EditingCase, tree, whole


def uneven(layer):
    """Pixels that a flip changes, where the object is."""
    rows = [bytes((10 * column, 200 - 9 * row, 30, 255)) for row in range(8) for column in range(8)]
    layer.setPixelData(b"".join(rows), *BOX[:2], 8, 8)


class Worked(EditingCase):
    def worked_on(self, form=DOG):
        top = self.applied(form)
        layer = top.childNodes()[-1] if top.childNodes() else top
        layer.setPixelData(bytes((1, 2, 3, 255)), 22, 22, 1, 1)
        self.document.setActiveNode(layer)
        return layer

    def view(self):
        return view_of(self.link, self.desk, "dog 42", can_light=True)

    def test_a_single_pixel_is_asked_about(self):
        layer = self.worked_on()
        self.assertIsNone(self.desk.edit(layer))
        view = self.view()
        self.assertTrue(view.asks and view.can_discard)
        self.assertFalse(view.can_edit or view.can_light or view.is_edit)
        self.assertIn("was worked on", self.desk.message.text)
        self.assertIn("dog 42", self.desk.message.text)

    def test_an_untouched_or_moved_object_is_not_asked_about(self):
        for move in (False, True):
            self.setUp()
            layer = self.applied()
            if move:
                pixels = layer.pixelData(20, 20, 8, 8)
                layer.setPixelData(bytes(8 * 8 * 4), 20, 20, 8, 8)
                layer.setPixelData(pixels, 30, 34, 8, 8)
            recipe = self.desk.edit(layer)
            self.assertEqual(recipe.wish.box, Rect(30, 34, 16, 16) if move else Rect(*BOX))
            self.assertFalse(self.view().asks)

    def test_repaint_goes_on_as_ever(self):
        layer = self.worked_on()
        before = whole(self.root), self.document.undo_steps
        self.desk.edit(layer)
        self.assertEqual(self.desk.answer(Way.REPAINT).wish.class_name, "dog")
        self.insert(CAT)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "cat 7"])
        self.assert_one_step(before)

    def test_a_new_layer_above_touches_nothing(self):
        for old, names in ((DOG, "dog 42"), (DOG_WITH_SHADOW, None)):
            self.setUp()
            layer = self.worked_on(old)
            before = whole(self.root)
            self.desk.edit(layer)
            self.desk.answer(Way.ABOVE)
            self.document.setSelection(None)
            self.insert(CAT)
            self.assertNotIn(bytes((50, 100, 0, 255)), bytes(self.link.sent[-1].scene.data))  # the dog's
            self.assertTrue(layer.visible())
            self.apply()
            self.assertEqual(tree(self.root)[2:], ["cat 7"])
            self.assertEqual(whole(self.root)[1][:2], before[1])
            self.assertEqual(tree(self.root)[1] == names, names is not None)

    def test_light_paints_nothing(self):
        layer = self.worked_on()
        layer.setPixelData(bytes(4), 20, 20, 1, 1)  # erased
        self.desk.edit(layer)
        self.assertIsNone(self.desk.answer(Way.LIGHT))
        self.settle()
        self.assertIsInstance(self.link.sent[-1], Light)

    def test_discard_and_another_active_layer_end_the_question(self):
        layer = self.worked_on()
        self.desk.edit(layer)
        self.discard()
        self.assertFalse(self.view().asks)
        self.desk.edit(layer)
        self.document.setActiveNode(self.root.childNodes()[0])
        self.desk.look()
        self.assertFalse(self.view().asks)

    def test_an_edited_object_is_as_made_again(self):
        self.desk.edit(self.worked_on())
        self.desk.answer(Way.REPAINT)
        self.insert(CAT)
        self.apply()
        self.assertIsNotNone(self.desk.edit(self.root.childNodes()[-1]))

    def test_a_flipped_object_is_edited_flipped(self):
        layer = self.applied()
        uneven(layer)
        record = read_records(self.document)[layer_id(layer)]
        self.count_as_made(layer, record)
        rows = [bytes(layer.pixelData(20, 20 + row, 8, 1)) for row in range(8)]
        for row, data in enumerate(rows):
            turned = b"".join(data[i : i + 4] for i in range(28, -1, -4))
            layer.setPixelData(turned, 20, 20 + row, 8, 1)
        recipe = self.desk.edit(layer)
        self.assertIsNotNone(recipe, "flipping is taken for painting")
        self.assertTrue(recipe.wish.mirrored)
        self.assertEqual(recipe.wish.box, Rect(*BOX))

    def count_as_made(self, layer, record):
        from dataclasses import replace

        from insert_object.annotations import remember_layer
        from insert_object.imprints import imprint_of
        from insert_object.steps import finished

        made = replace(record, imprint=finished(imprint_of(layer)))
        remember_layer(self.document, layer_id(layer), made)


class Saved(EditingCase):
    """What a document holds while a preview is shown, and what comes of it when it is opened again."""

    def test_the_edited_object_is_in_the_document_all_the_time(self):
        for old, new in ((DOG, CAT), (DOG_WITH_SHADOW, CAT), (DOG, CAT_WITH_SHADOW)):
            self.setUp()
            top = self.applied(old)
            before = [bytes(layer.pixelData(0, 0, 64, 64)) for layer in (top, *top.childNodes())]
            self.preview_of_edit(top, new)
            self.assertIn(top, self.root.childNodes())
            now = [bytes(layer.pixelData(0, 0, 64, 64)) for layer in (top, *top.childNodes())]
            self.assertEqual(now, before)

    def test_at_every_moment_the_old_object_or_the_whole_new_one_is_in_the_document(self):
        for old, new in ((DOG, CAT), (DOG_WITH_SHADOW, CAT), (DOG, CAT_WITH_SHADOW)):
            self.setUp()
            top = self.applied(old)
            moments = [self.pixels()]
            step = CanvasWork._step

            def watched(work, step=step, moments=moments):
                told = step(work)
                moments.append(self.pixels())
                return told

            with patch.object(CanvasWork, "_step", watched):
                self.preview_of_edit(top, new)
                self.apply()
            self.assertGreater(len(moments), 10)
            for moment in moments:
                self.assertTrue(moments[0] <= moment or moments[-1] <= moment)

    def pixels(self):
        """What every layer of the document has."""
        layers = (node for node in walk(self.root) if node.type() == "paintlayer")
        return {bytes(layer.pixelData(0, 0, 64, 64)) for layer in layers}

    def reopened(self):
        """Another desk for the document, as after closing and opening it."""
        self.desk.close()
        self.document.done.clear()
        self.desk = Desk(self.document, self.link)
        return self.desk

    def test_a_saved_preview_of_an_edit_can_be_discarded(self):
        for old, new in ((DOG, CAT), (DOG_WITH_SHADOW, CAT), (DOG, CAT_WITH_SHADOW)):
            self.setUp()
            before = self.preview_of_edit(self.applied(old), new)
            desk = self.reopened()
            view = view_of(self.link, desk, "")
            self.assertTrue(view.can_apply and view.can_discard)
            self.assertIn("saved with this preview", desk.message.text)
            self.discard()
            self.assertEqual(whole(self.root), before[0])
            self.assertIsNone(find_preview(self.document))

    def test_a_saved_preview_of_an_edit_can_be_applied(self):
        for old, new in ((DOG, CAT), (DOG_WITH_SHADOW, CAT), (DOG, CAT_WITH_SHADOW)):
            self.setUp()
            self.preview_of_edit(self.applied(old), new)
            desk = self.reopened()
            self.apply()
            (kept,) = self.root.childNodes()[1:]
            self.assertTrue(kept.name().startswith("cat 7"))
            self.assertFalse(kept.locked())
            self.assertIsNotNone(desk.edit(kept), "its record is not complete")

    def test_a_saved_preview_of_a_new_object_can_be_kept_or_taken_away(self):
        for keep in (True, False):
            self.setUp()
            self.insert(form_of("dog", "", 42, 1))
            self.reopened()
            (self.apply if keep else self.discard)()
            self.assertEqual(tree(self.root), ["Background", "dog 42"][: 1 + keep])

    def test_nothing_is_left_to_find_after_apply_and_discard(self):
        for end in (self.apply, self.discard):
            self.setUp()
            self.preview_of_edit(self.applied())
            end()
            self.assertNotIn(PENDING_ANNOTATION, self.document.annotationTypes())

    def test_what_a_strangers_file_says_is_not_believed(self):
        layer = Node(self.document, "a layer", "paintlayer")
        self.root.addChildNode(layer, None)
        for text in (
            b"",
            b"[" * 100_000,
            b'{"version": 1, "layer": 7}',
            b'{"version": 1e999, "layer": "x"}',
            b'{"version": 1, "layer": "{0}", "hidden": "all"}',
        ):
            self.document.setAnnotation(PENDING_ANNOTATION, "", text)
            self.assertFalse(self.reopened().preview.is_shown)
