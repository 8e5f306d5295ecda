"""A duplicated object is one of ours, too, with a shadow of its own where that was duplicated with it."""

from insert_object.annotations import read_records
from insert_object.documents import layer_id
from insert_object.object_layers import object_of
from krita import Node
from scripted import form_of
from test_editing import CAT, DOG, DOG_WITH_SHADOW, EditingCase, tree, whole


def duplicate(node, name=None):
    """What Krita makes of a layer: other ids, the same pixels, a name of its own."""
    copy = Node(node.document, node.name() if name is None else name, node.type())
    copy.pixels.data[:] = node.pixels.data
    for child in node.childNodes():
        below = duplicate(child)
        copy._children.append(below)
        below._parent = copy
    return copy


class Copies(EditingCase):
    def copied(self, form, name):
        top = self.applied(form)
        copy = duplicate(top, name)
        self.root.addChildNode(copy, top)
        return top, copy

    def test_a_copy_is_known_by_its_name_and_edited_alone(self):
        original, copy = self.copied(DOG, "dog 42 (copy)")
        before = whole(original)
        recipe = self.desk.edit(copy)
        self.assertEqual(recipe, read_records(self.document)[layer_id(original)].recipe)
        self.insert(CAT)
        self.apply()
        self.assertEqual(tree(self.root), ["Background", "dog 42", "cat 7"])
        self.assertEqual(whole(original), before)

    def test_a_renamed_copy_is_known_by_its_pixels(self):
        _original, copy = self.copied(DOG, "my friend")
        self.assertIsNotNone(self.desk.edit(copy))

    def test_a_copy_that_was_painted_on_is_asked_about(self):
        _original, copy = self.copied(DOG, "Copy of dog 42")
        copy.setPixelData(bytes((1, 2, 3, 255)), 22, 22, 1, 1)
        self.assertIsNone(self.desk.edit(copy))

    def test_a_copied_pair_keeps_to_its_own_shadow(self):
        _original, copy = self.copied(DOG_WITH_SHADOW, "dog 42 with its shadow (copy)")
        shadow, layer = copy.childNodes()
        for node in (copy, shadow, layer):
            layers, _record = object_of(self.document, node)
            self.assertEqual((layers.group, layers.shadow, layers.layer), (copy, shadow, layer))
        self.desk.edit(layer)
        self.insert(form_of("cat", "", 7, 1))
        self.apply()
        self.assertEqual(tree(self.root)[2:], ["cat 7"])

    def test_a_copy_with_two_shadows_keeps_to_its_own(self):
        form = form_of("dog", "", 42, 1, shadow=True, cast_shadow=True)
        _original, copy = self.copied(form, "dog 42 with its shadow (copy)")
        cast, shadow, layer = copy.childNodes()
        for node in (copy, cast, shadow, layer):
            layers, _record = object_of(self.document, node)
            self.assertEqual(
                (layers.group, layers.cast, layers.shadow, layers.layer), (copy, cast, shadow, layer)
            )

    def test_another_layer_is_a_strangers(self):
        self.applied()
        layer = Node(self.document, "sky", "paintlayer")
        layer.setPixelData(bytes((9, 9, 9, 255)) * 64, 20, 20, 8, 8)
        self.root.addChildNode(layer, None)
        self.assertIsNone(object_of(self.document, layer))
