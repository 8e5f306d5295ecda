"""What the plug-in promises of shadows and model packs; in Krita's window, with the stand-in engine."""

import bench
from bench import (
    BOX,
    colour_at,
    controller,
    desk,
    failure_or,
    insert,
    layer_named,
    layers,
    open_picture,
    panel,
    redo,
    screenshot,
    set_form,
    settle,
    started,
    tidy,
    undo,
)
from edit_promises import assert_same, state
from insert_object.annotations import read_records
from insert_object.documents import layer_id, owned
from insert_object.messages import Tone
from insert_object.qt import QtCore
from insert_object.wire.protocol import PackInfo
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

ON_SHADOW = (BOX[0] + BOX[2] // 2, BOX[1] + BOX[3] - 20)  # the stand-in's shadow fills the margin below
ON_CAST = (BOX[0] + BOX[2] + 20, BOX[1] + BOX[3] - 20)  # and a cast one goes on to the right of the box
ON_OBJECT = (BOX[0] + BOX[2] // 2, BOX[1] + BOX[3] // 2)


def inside(document, group):
    return [node.name() for node in owned(layer_named(document, group).childNodes())]


def promise_object_and_shadow_are_one_undo_step_and_show_together(figures):
    document = yield from open_picture()
    before = [colour_at(document, *place) for place in (ON_SHADOW, ON_OBJECT)]
    yield from started(document, class_name="dog", shadow=True)
    yield from insert()
    assert inside(document, layers(document)[-1]) == [
        "shadow · preview · dog 42",
        "preview · dog 42",
    ]
    darker = colour_at(document, *ON_SHADOW)
    assert all(now < then for now, then in zip(darker, before[0], strict=True)), (darker, before[0])
    screenshot("window-shadow")
    panel().strip.setCurrentRow(1)
    yield from settle()
    assert inside(document, layers(document)[-1])[1] == "preview · dog 43"
    shown = [colour_at(document, *place) for place in (ON_SHADOW, ON_OBJECT)]
    panel().apply_button.click()
    yield from settle()
    group = "dog 43 with its shadow"
    assert layers(document) == ["Background", group], layers(document)
    assert inside(document, group) == ["shadow · dog 43", "dog 43"]
    assert layer_id(document.activeNode()) == layer_id(layer_named(document, "dog 43"))
    yield from undo()
    assert layers(document) == ["Background"], layers(document)
    assert [colour_at(document, *place) for place in (ON_SHADOW, ON_OBJECT)] == before
    yield from redo()
    assert inside(document, group) == ["shadow · dog 43", "dog 43"]
    assert [colour_at(document, *place) for place in (ON_SHADOW, ON_OBJECT)] == shown
    figures["shadow over the meadow"] = f"{before[0]} becomes {darker}"


def promise_discard_takes_object_and_shadow_away(_figures):
    document = yield from open_picture()
    before = bytes(document.pixelData(*BOX))
    yield from started(document, class_name="dog", shadow=True)
    yield from insert()
    assert bytes(document.pixelData(*BOX)) != before
    panel().discard_button.click()
    yield from settle()
    assert layers(document) == ["Background"] and bytes(document.pixelData(*BOX)) == before


def promise_an_edit_replaces_object_and_shadow_and_discarding_it_brings_both_back(_figures):
    document = yield from open_picture()
    yield from started(document, class_name="dog", shadow=True, variations=1)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    shown = bytes(document.pixelData(*BOX))
    document.setActiveNode(layer_named(document, "shadow · dog 42"))
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered for the shadow, too")
    for finish in (panel().discard_button, panel().apply_button):
        panel().edit_button.click()
        assert panel().form().wish.shadow
        set_form(class_name="cat", seed=7)
        yield from insert()
        assert not layer_named(document, "dog 42 with its shadow").visible()
        finish.click()
        yield from settle()
        if finish is panel().discard_button:
            assert bytes(document.pixelData(*BOX)) == shown
            yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered again")
    assert layers(document) == ["Background", "cat 7 with its shadow"], layers(document)
    yield from undo()
    yield from undo()
    assert layers(document) == ["Background", "dog 42 with its shadow"], layers(document)
    assert bytes(document.pixelData(*BOX)) == shown


def promise_switching_the_shadow_on_changes_a_shown_preview(_figures):
    document = yield from open_picture()
    yield from started(document, class_name="dog", variations=1)
    yield from insert()
    set_form(shadow=True)
    yield from insert()
    assert len(layers(document)) == 2 and len(inside(document, layers(document)[-1])) == 2, layers(document)
    panel().strip.setCurrentRow(0)
    yield from settle()
    assert layers(document) == ["Background", "preview · dog 42"], layers(document)
    assert not panel().switches["shadow"].isChecked(), "the settings do not follow the variation"


def promise_a_cast_shadow_lies_below_the_contact_shadow_in_one_undo_step(figures):
    document = yield from open_picture()
    before = colour_at(document, *ON_CAST)
    yield from started(document, class_name="dog", variations=1, shadow=True)
    panel().switches["cast_shadow"].click()
    yield from until(panel().cast.isVisible, "the controls of the cast shadow")
    panel().cast.by_the_light.click()
    panel().cast.sliders["cast_direction"].setValue(120)
    yield from insert()
    screenshot("window-cast-shadow")
    after = colour_at(document, *ON_CAST)
    assert all(now < then for now, then in zip(after, before, strict=True)), (after, before)
    panel().apply_button.click()
    yield from settle()
    group = "dog 42 with its shadow"
    assert inside(document, group) == [
        "cast shadow · dog 42",
        "shadow · dog 42",
        "dog 42",
    ]
    wish = next(iter(read_records(document).values())).recipe.wish
    assert (wish.cast_shadow, wish.cast_direction) == (True, 120), wish
    yield from undo()
    assert layers(document) == ["Background"], layers(document)
    assert colour_at(document, *ON_CAST) == before
    yield from redo()
    document.setActiveNode(layer_named(document, "cast shadow · dog 42"))
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered for the cast shadow, too")
    panel().switches["cast_shadow"].setChecked(False)
    panel().edit_button.click()
    assert panel().switches["cast_shadow"].isChecked() and panel().form().wish.cast_direction == 120
    panel().discard_button.click()
    yield from settle()
    panel().cast.by_the_light.setChecked(True)
    set_form(cast_shadow=False)
    figures["cast shadow over the meadow"] = f"{before} becomes {after}"


def promise_a_lit_cut_out_throws_a_shadow_on_a_layer_of_its_own(_figures):
    document = yield from open_picture()
    x, y, width, height = BOX
    layer = document.createNode("cut-out", "paintlayer")
    pixels = bytes(4) + bytes((60, 120, 90, 255)) * (width * height - 1)
    layer.setPixelData(QtCore.QByteArray(pixels), x, y, width, height)
    document.rootNode().addChildNode(layer, None)
    yield 300
    document.setActiveNode(layer)
    document.refreshProjection()
    before = state(document)
    meadow = colour_at(document, *ON_CAST)
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"))
    yield from settle()
    controls = panel().light_row
    controls.cast_check.click()
    yield from until(controls.cast.isVisible, "the controls of the cast shadow")
    controls.cast.by_the_light.click()
    controls.cast.sliders["cast_direction"].setValue(120)
    yield from until(lambda: desk().light.is_current, failure_or("the shadow"))
    yield from settle()
    yield 300
    screenshot("window-light-cast")
    after = colour_at(document, *ON_CAST)
    assert all(now < then for now, then in zip(after, meadow, strict=True)), (after, meadow)
    panel().apply_button.click()
    yield from until(lambda: desk().light is None, failure_or("it is applied"))
    yield from settle()
    group = "cut-out with its shadow"
    assert layers(document) == ["Background", group], layers(document)
    assert inside(document, group) == ["cast shadow · cut-out", "cut-out"]
    assert bytes(layer_named(document, "cut-out").pixelData(*BOX))[3::4] == pixels[3::4], "another alpha"
    document.setActiveNode(layer_named(document, group))
    yield from until(lambda: panel().light_button.isVisible(), "light is offered for the group")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("it is lit again"))
    yield from settle()
    assert controls.cast_check.isChecked() and desk().light.wanted.shadows is None
    panel().discard_button.click()
    yield from until(lambda: not desk().preview.is_shown, "it is discarded")
    yield from settle()
    yield 300
    assert inside(document, group) == ["cast shadow · cut-out", "cut-out"]
    yield from undo()
    yield from undo()
    assert_same(state(document), before, "undone")
    assert colour_at(document, *ON_CAST) == meadow


def promise_shadows_keep_their_softness_in_other_colour_spaces(figures):
    for model, depth in (("RGBA", "F32"), ("GRAYA", "U8"), ("CMYKA", "U8")):
        document = yield from open_picture(700, 600, model, depth)
        yield from bench.select(document, 200, 150, 256, 256)
        set_form(class_name="dog", variations=1, shadow=True)
        yield from insert()
        shadow = owned(layer_named(document, layers(document)[-1]).childNodes())[0]
        seen = shadow.bounds()
        assert (seen.x(), seen.y(), seen.width(), seen.height()) == (232, 374, 192, 32), seen
        colour = colour_at(document, 300, 390)
        figures[f"{model} {depth}: shadow on white"] = str(colour)
        assert all(120 < value < 215 for value in colour), (model, depth, colour)
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_a_further_pack_can_be_chosen_with_its_own_classes_and_is_remembered(_figures):
    document = yield from open_picture()
    choice = panel().choice
    assert choice.pack_box.isVisible() and choice.pack_box.count() == 2
    choice.pack_box.setCurrentIndex(1)
    assert [choice.class_box.itemText(i) for i in range(choice.class_box.count())] == ["Lamp"]
    yield from started(document, variations=3, style="brass", shadow=True)
    yield from insert()
    yield 300
    screenshot("window-pack")
    panel().apply_button.click()
    yield from settle()
    record = next(iter(read_records(document).values()))
    assert (record.recipe.wish.pack, record.recipe.wish.class_name) == ("lamps", "lamp"), record
    kept = [bench.krita().readSetting("insert_object", name, "") for name in ("pack", "class", "shadow")]
    assert kept == ["lamps", "lamp", "1"], kept
    choice.pack_box.setCurrentIndex(0)
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    panel().edit_button.click()
    assert panel().form().wish.pack == "lamps", "the settings do not follow the layer"
    yield from until(panel().discard_button.isEnabled, "an edit that has not begun can be given up")
    panel().discard_button.click()
    yield from settle()
    choice.pack_box.setCurrentIndex(0)


def promise_a_layer_whose_pack_is_gone_says_so_in_one_sentence(_figures):
    document = yield from open_picture()
    panel().choice.pack_box.setCurrentIndex(1)
    yield from started(document, variations=1)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    link = controller().link
    whole = link.welcome
    link.welcome = type(whole)(**{**vars(whole), "packs": ()})
    link.changed.emit()
    try:
        assert not panel().choice.pack_box.isVisible()
        panel().edit_button.click()
        yield 100
        message = desk().message
        assert message.tone is Tone.PROBLEM and "“lamps”" in message.text, message
        screenshot("window-pack-gone")
        set_form(class_name="dog", seed=5)
        yield from insert()
        assert layers(document)[-1] == "preview · dog 5", layers(document)
        panel().discard_button.click()
        yield from settle()
        yield from until(lambda: panel().edit_row.isVisible(), failure_or("Edit is offered"))
    finally:
        link.welcome = whole
        link.changed.emit()
    assert isinstance(whole.packs[0], PackInfo)
