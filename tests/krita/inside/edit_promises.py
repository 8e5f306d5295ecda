"""What the plug-in promises of edits: one undo step each, exact both ways; in Krita's window."""

import bench
from bench import (
    desk,
    failure_or,
    insert,
    krita,
    layer_named,
    layers,
    open_picture,
    panel,
    redo,
    set_form,
    settle,
    tidy,
    undo,
)
from insert_object.annotations import read_records
from insert_object.documents import layer_id, owned, walk
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

SIZE = (700, 600)
BOX = (200, 150, 256, 256)


def whole(node):
    """Every byte of a layer, beyond the picture's borders, too."""
    return bytes(node.pixelData(-100, -100, SIZE[0] + 200, SIZE[1] + 200))


def state(document):
    """All that can be told of all layers."""

    def of(node):
        told = layer_id(node), node.name(), node.type(), node.opacity(), node.blendingMode()
        flags = node.visible(), node.locked(), node.alphaLocked(), node.inheritAlpha()
        pixels = whole(node) if node.type() == "paintlayer" else b""
        return told, flags, pixels, [of(child) for child in owned(node.childNodes())]

    here = {layer_id(node) for node in walk(document.rootNode())}
    records = {layer: record for layer, record in read_records(document).items() if layer in here}
    return of(document.rootNode()), records


def assert_same(now, then, when):
    assert now == then, f"{when}: {_told(now)} instead of {_told(then)}"


def _told(told):
    if isinstance(told, bytes):
        return hash(told)
    if isinstance(told, dict):
        return [(layer, record.recipe.wish.class_name) for layer, record in told.items()]
    return [_told(part) for part in told] if isinstance(told, (list, tuple)) else told


def inserted(*, shadow=False, seed=42, model="RGBA", depth="U8"):
    """A picture with an applied dog in it, which is the active layer."""
    document = yield from open_picture(*SIZE, model, depth)
    yield from bench.select(document, *BOX)
    set_form(class_name="dog", seed=seed, variations=1, shadow=shadow)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    return document


def edited(document, node=None, **form):
    """The preview of an edit of the active layer."""
    if node is not None:
        document.setActiveNode(node)
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    panel().edit_button.click()
    set_form(**{"class_name": "cat", "seed": 7, **form})
    yield from insert()
    yield 200


def applied():
    panel().apply_button.click()
    yield from settle()
    yield 300


def there_and_back(document, before, rounds=2):
    """Undo and redo of one step, each compared byte for byte with what was there."""
    after = state(document)
    assert after != before, "nothing was edited"
    for number in range(rounds):
        yield from undo()
        yield from until(
            lambda: not desk().preview.is_out_of_step and desk().is_idle, "names follow the undo"
        )
        assert_same(state(document), before, f"undo {number}")
        yield from redo()
        yield from until(
            lambda: not desk().preview.is_out_of_step and desk().is_idle, "names follow the redo"
        )
        assert_same(state(document), after, f"redo {number}")
    return after


def promise_an_edit_is_one_undo_step_that_is_exact_both_ways(figures):
    document = yield from inserted()
    layer = layer_named(document, "dog 42")
    layer.setOpacity(180)
    layer.setAlphaLocked(True)
    before = state(document)
    yield from edited(document)
    assert layers(document) == ["Background", "dog 42", "preview · cat 7"], layers(document)
    assert not layer.visible(), "both objects are to be seen"
    assert layer_named(document, "preview · cat 7").locked()
    yield from applied()
    assert layers(document) == ["Background", "cat 7"], layers(document)
    figures["Krita calls the step"] = krita().action("edit_undo").text()
    yield from there_and_back(document, before)
    yield from undo()
    yield from undo()
    assert layers(document) == ["Background"], "the step before the edit is not the insertion"


def promise_two_edits_and_many_variations_are_two_steps(_figures):
    document = yield from inserted()
    first = state(document)
    yield from edited(document, variations=3)
    for row in (2, 1, 3):
        panel().strip.setCurrentRow(row)
        yield from settle()
    yield from applied()
    second = yield from there_and_back(document, first, 1)
    yield from edited(document, class_name="dog", seed=5, variations=1)
    yield from applied()
    yield from there_and_back(document, second, 1)
    yield from undo()
    yield from undo()
    assert_same(state(document), first, "both undone")


def promise_a_discarded_edit_leaves_every_byte_as_it_was(_figures):
    document = yield from inserted()
    layer = layer_named(document, "dog 42")
    layer.setPixelData(bytes((1, 2, 3, 0)) * 100, 10, 10, 10, 10)  # colour that nobody sees
    latest = krita().action("edit_undo").text()
    before = state(document)
    shown = bytes(document.pixelData(0, 0, *SIZE))
    yield from edited(document, variations=2)
    panel().strip.setCurrentRow(2)
    yield from settle()
    assert state(document) != before
    panel().discard_button.click()
    yield from settle()
    yield 300
    assert_same(state(document), before, "discarded")
    assert bytes(document.pixelData(0, 0, *SIZE)) == shown, "the canvas still shows the preview"
    assert krita().action("edit_undo").text() == latest, "a step is left behind"


def promise_undo_takes_the_preview_of_an_edit_away_and_redo_brings_it_again(_figures):
    document = yield from inserted()
    before = state(document)
    yield from edited(document)
    yield from undo()
    yield from until(lambda: not desk().preview.is_shown and desk().is_idle, "the preview is gone")
    assert_same(state(document), before, "undone")
    yield from redo()
    yield from until(lambda: desk().preview.is_shown and desk().is_idle, "the preview is back")
    assert layers(document)[-1] == "preview · cat 7", layers(document)
    yield from applied()
    yield from there_and_back(document, before, 1)


def promise_a_shadow_is_taken_away_in_one_step(_figures):
    document = yield from inserted(shadow=True)
    before = state(document)
    assert layers(document) == ["Background", "dog 42 with its shadow"], layers(document)
    yield from edited(document, shadow=False)
    told = ["Background", "dog 42 with its shadow", "preview · cat 7"]
    assert layers(document) == told, layers(document)
    yield from applied()
    yield from there_and_back(document, before)
    yield from undo()
    yield from undo()
    assert layers(document) == ["Background"], layers(document)


def in_step():
    """Lets the plug-in see what was undone."""
    yield from until(lambda: not desk().preview.is_out_of_step and desk().is_idle, "the undo is followed")


def promise_an_edit_with_a_shadow_is_two_steps_and_exact(_figures):
    for shadow in (False, True):
        document = yield from inserted(shadow=shadow)
        before = state(document)
        yield from edited(document, shadow=True)
        yield from applied()
        assert layers(document) == ["Background", "cat 7 with its shadow"], layers(document)
        after = state(document)
        yield from undo()
        yield from in_step()
        seen = [name for name in layers(document) if layer_named(document, name).visible()]
        assert seen == ["Background", "cat 7 with its shadow"], seen
        yield from undo()
        yield from in_step()
        assert_same(state(document), before, "undone")
        yield from redo()
        yield from redo()
        yield from in_step()
        assert_same(state(document), after, "redone")
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_switching_the_shadow_while_previewing_leaves_one_step(_figures):
    document = yield from open_picture(*SIZE)
    yield from bench.select(document, *BOX)
    before = state(document)
    for shadow in (False, True, False, True, False):
        set_form(class_name="dog", seed=42, variations=1, shadow=shadow)
        yield from insert()
        yield 300
    yield from applied()
    assert layers(document) == ["Background", "dog 42"], layers(document)
    yield from undo()
    assert_same(state(document), before, "undone")


def promise_a_discarded_preview_leaves_no_step(_figures):
    document = yield from open_picture(*SIZE)
    yield from bench.select(document, *BOX)
    yield 300
    latest = krita().action("edit_undo").text()
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    yield 300
    assert krita().action("edit_undo").text() != latest
    panel().discard_button.click()
    yield from settle()
    yield 300
    assert layers(document) == ["Background"] and krita().action("edit_undo").text() == latest


def promise_steps_made_while_previewing_an_edit_survive_its_discarding(_figures):
    document = yield from inserted()
    old = state(document)
    yield from edited(document)
    extra = document.createNode("a tree", "paintlayer")
    document.rootNode().addChildNode(extra, None)
    yield 400
    panel().discard_button.click()
    yield from settle()
    yield 400
    assert sorted(layers(document)) == ["Background", "a tree", "dog 42"], layers(document)
    tree, records = state(document)
    kept = [part for part in tree[3] if part[0][1] != "a tree"]
    assert (kept, records) == (old[0][3], old[1]), "the old object is not what it was"


def promise_masks_groups_and_locks_come_back(_figures):
    document = yield from inserted()
    layer = layer_named(document, "dog 42")
    layer.addChildNode(document.createNode("a mask", "transparencymask"), None)
    yield 300
    group = document.createGroupLayer("a group")
    document.rootNode().addChildNode(group, layer)
    yield 300
    layer.remove()
    yield 300
    group.addChildNode(layer, None)
    yield 300
    layer.move(40, 30)
    layer.setInheritAlpha(True)
    layer.setLocked(True)
    document.refreshProjection()
    yield 300
    before = state(document)
    yield from edited(document, layer)
    yield from applied()
    assert [node.name() for node in owned(group.childNodes())] == ["cat 7"]
    yield from there_and_back(document, before)


def promise_a_moved_layer_is_lit_again_in_one_step(_figures):
    document = yield from inserted()
    layer = layer_named(document, "dog 42")
    layer.move(150, 90)
    document.refreshProjection()
    yield 300
    before = state(document)
    for finish in (panel().discard_button, panel().apply_button):
        yield from until(lambda: panel().light_button.isVisible(), "light is offered")
        panel().light_button.click()
        yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit there"))
        yield from settle()
        yield 200
        finish.click()
        yield from settle()
        yield 300
        if finish is panel().discard_button:
            assert_same(state(document), before, "discarded")
    yield from there_and_back(document, before)


def promise_light_three_times_is_as_once_and_comes_off_bit_for_bit(_figures):
    document = yield from inserted()
    layer = layer_named(document, "dog 42")
    own, record = whole(layer), read_records(document)[layer_id(layer)]
    seen = []
    for strength in (100, 100, 100, 0):
        yield from until(lambda: panel().light_button.isVisible(), "light is offered")
        panel().light_button.click()
        yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"))
        panel().light_row.strength_slider.setValue(strength)
        yield from until(lambda: desk().light.is_current, failure_or("the strength"))
        yield from settle()
        panel().apply_button.click()
        yield from until(lambda: desk().light is None, failure_or("it is applied"))
        yield from settle()
        yield 200
        layer = layer_named(document, "dog 42")
        assert read_records(document)[layer_id(layer)] == record
        seen.append(whole(layer))
    assert seen[0] != own
    assert seen[1] == seen[0] and seen[2] == seen[0]
    assert seen[3] == own


def promise_edits_are_one_step_in_every_colour_space(_figures):
    for model, depth in bench.COLOUR_SPACES:
        document = yield from inserted(model=model, depth=depth)
        before = state(document)
        yield from edited(document)
        assert len(layers(document)) == 3, (model, depth, layers(document))
        yield from applied()
        yield from there_and_back(document, before, 1)
        yield CALM_MS
        bench.close_all()
        yield 300
