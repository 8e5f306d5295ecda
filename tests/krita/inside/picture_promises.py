"""What the plug-in promises for all kinds of selections, layers and pictures; in Krita's window."""

import time

import bench
from bench import (
    BOX,
    colour_at,
    desk,
    insert,
    krita,
    layer_named,
    layers,
    open_picture,
    panel,
    screenshot,
    select,
    select_ellipse,
    set_form,
    settle,
    started,
    tidy,
    undo,
)
from insert_object import colour_spaces, redrawing, targets
from insert_object.annotations import read_records
from insert_object.documents import layer_id, owned
from insert_object.qt import QtCore
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise


def promise_the_shape_of_a_selection_is_used_if_it_is_like_an_object_or_wished(_figures):
    document = yield from open_picture()
    yield from select(document, *BOX)
    assert not panel().shape_check.isEnabled() and not panel().form().use_shape
    table = bench.Selection()
    for part in ((620, 520, 480, 80), (620, 520, 90, 320), (1010, 520, 90, 320)):
        added = bench.Selection()
        added.select(*part, 255)
        table.add(added)
    document.setSelection(table)
    yield from until(lambda: panel().shape_check.isChecked(), "the shape of a table is used")
    yield from select_ellipse(document, 600, 500, 500, 300)
    assert panel().shape_check.isEnabled() and not panel().form().use_shape, "an ellipse is no object"
    set_form(variations=1, seed=3)
    panel().shape_check.setChecked(True)
    yield from insert()
    shape = desk().preview.variation.recipe.shape
    assert shape is not None
    mask = shape.frame()
    row = mask.data[mask.width * (mask.height // 2) :][: mask.width]
    assert row[0] == 0 and row[mask.width // 2] == 255 and row[-1] == 0
    share = sum(mask.data) / 255 / len(mask.data)
    expected = 3.14159 / 4 * 500 * 300 / (700 * 700)
    assert abs(share - expected) < 0.01, (share, expected)
    screenshot("window-ellipse")


def promise_a_vector_selection_gives_its_box_and_its_shape(_figures):
    document = yield from open_picture()
    for shape, parts in (
        ("rectangle", [(620, 520, 480, 320)]),
        ("angle", [(620, 520, 480, 120), (620, 520, 120, 320)]),
    ):
        selection = bench.Selection()
        for part in parts:
            added = bench.Selection()
            added.select(*part, 255)
            selection.add(added)
        document.setSelection(selection)
        yield from until(lambda: bench.seen_box() == (620, 520, 480, 320), "the docker sees the selection")
        krita().action("convert_to_vector_selection").trigger()
        yield 1500
        assert bench.seen_box() == (620, 520, 480, 320), (shape, bench.seen_box())
        set_form(variations=1, seed=3)
        yield from insert()
        given = desk().preview.variation.recipe.shape
        assert (given is not None) == (shape == "angle"), shape
        panel().discard_button.click()
        yield from settle()
        document.setSelection(None)
        yield 400


def promise_a_selection_over_the_border_inserts_what_lies_on_the_picture(_figures):
    document = yield from open_picture()
    yield from select(document, -150, 1200, 500, 500)
    set_form(variations=1, seed=5)
    yield from insert()
    rect = desk().preview.variation.rect
    assert rect.x >= 0 and rect.bottom <= 1500, rect
    assert rect.right <= 350 + 22, rect  # the soft edge may reach two of the network's pixels outside


def promise_layers_land_above_the_active_one_in_its_group_but_never_in_a_locked_one(_figures):
    document = yield from open_picture()
    root = document.rootNode()
    for name, locked in (("open", False), ("closed", True)):
        group = document.createGroupLayer(name)
        root.addChildNode(group, None)
        yield 100
        for place in ("low", "high"):
            group.addChildNode(document.createNode(f"{name} {place}", "paintlayer"), None)
            yield 100
        group.setLocked(locked)
    mask = document.createNode("mask", "transparencymask")
    layer_named(document, "open low").addChildNode(mask, None)
    yield 200
    for active, parent, below in (
        ("open low", "open", "open low"),
        ("mask", "open", "open low"),
        ("closed low", "root", "closed"),
        ("open", "root", "open"),
    ):
        document.setActiveNode(layer_named(document, active))
        yield 200
        yield from started(document, variations=1)
        yield from insert()
        node = desk().preview.layers.layer
        panel().apply_button.click()
        yield from settle()
        siblings = [n for n in owned(node.parentNode().childNodes()) if not n.type().endswith("mask")]
        place = [layer_id(n) for n in siblings].index(layer_id(node))
        found = "root" if node.parentNode() == root else node.parentNode().name()
        assert (found, siblings[place - 1].name()) == (parent, below), (
            active,
            found,
            siblings[place - 1].name(),
        )


def promise_a_saved_picture_knows_how_its_layers_were_made(_figures):
    document = yield from open_picture(600, 400)
    yield from select(document, 200, 100, 200, 200)
    set_form(variations=1, seed=11, shadow=True)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    records = read_records(document)
    assert [record.group for record in records.values()] == [
        layer_id(layer_named(document, layers(document)[-1]))
    ]
    path = QtCore.QDir.tempPath() + "/insert-object-saved.kra"
    document.setBatchmode(True)
    assert document.saveAs(path)
    yield CALM_MS
    bench.close_all()
    yield 500
    again = krita().openDocument(path)
    krita().activeWindow().addView(again)
    yield from until(lambda: desk() is not None and desk().document == again, "its desk")
    assert read_records(again) == records
    again.setActiveNode(layer_named(again, layers(again)[-1]))
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered for the group after loading")
    panel().edit_button.click()
    assert desk().preview.replaces.shadow is not None and panel().form().wish.shadow


def promise_every_document_has_its_own_preview_and_history(_figures):
    first = yield from open_picture(800, 600)
    yield from select(first, 100, 100, 300, 300)
    set_form(variations=2, seed=1)
    yield from insert()
    second = yield from open_picture(700, 500)
    assert panel().strip.count() == 0 and not panel().apply_button.isEnabled()
    yield from select(second, 50, 50, 200, 200)
    set_form(variations=1)
    yield from insert()
    assert panel().strip.count() == 1
    panel().apply_button.click()
    yield from settle()
    assert layers(first)[-1].startswith("preview · ") and not layers(second)[-1].startswith("preview · ")


def promise_other_colour_spaces_show_the_colours_that_the_daemon_sent(figures):
    for model, depth in bench.COLOUR_SPACES:
        document = yield from open_picture(700, 600, model, depth)
        yield from select(document, 200, 150, 256, 256)
        set_form(variations=1, seed=42)
        start = time.perf_counter()
        yield from insert()
        figures[f"insert, {model} {depth}, ms"] = round((time.perf_counter() - start) * 1000)
        variation = desk().preview.variation
        step = variation.pixels.format.bytes_per_pixel
        middle = (variation.pixels.height // 2 * variation.pixels.width + variation.pixels.width // 2) * step
        pixel = bytes(variation.pixels.data)[middle : middle + step]
        wanted = pixel[:3] if step == 4 else pixel[1:6:2]
        opaque = pixel[-1] == 255
        x, y = variation.x + variation.pixels.width // 2, variation.y + variation.pixels.height // 2
        got = colour_at(document, x, y)
        if model == "RGBA" and opaque:
            assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= 2, (
                model,
                depth,
                got,
                tuple(wanted),
            )
        if model != "RGBA":
            figures[f"{model} {depth}"] = f"sent {tuple(wanted)}, shown {got}"
        yield from undo()
        assert len(layers(document)) == 1, (model, depth, layers(document))
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_an_animation_gets_the_object_with_the_scene_of_its_current_frame(_figures):
    document = yield from open_picture(800, 600)
    layer = owned(document.rootNode().childNodes())[0]
    layer.enableAnimation()
    yield 300
    frames = {0: (200, 40, 40), 5: (40, 40, 200)}
    for time_of_frame, (red, green, blue) in frames.items():
        document.setCurrentTime(time_of_frame)
        yield 300
        krita().action("add_blank_frame").trigger()
        yield 300
        pixels = QtCore.QByteArray(bytes((blue, green, red, 255)) * (800 * 600))
        layer.setPixelData(pixels, 0, 0, 800, 600)
        document.refreshProjection()
        yield 300
    seen = []
    original = targets.insert_request
    targets.insert_request = lambda *a, **k: seen.append(bytes(a[3].data[:3])[::-1]) or original(*a, **k)
    try:
        for time_of_frame, colour in frames.items():
            document.setCurrentTime(time_of_frame)
            yield 400
            yield from select(document, 200, 150, 256, 256)
            set_form(variations=1, seed=time_of_frame)
            yield from insert()
            assert tuple(seen[-1]) == colour, (time_of_frame, tuple(seen[-1]))
            assert document.currentTime() == time_of_frame
    finally:
        targets.insert_request = original
    panel().apply_button.click()
    yield from settle()
    assert len(layers(document)) == 2


def promise_a_very_large_picture_is_redrawn_only_where_the_object_is(figures):
    document = yield from open_picture(6000, 8000)
    yield from select(document, *BOX)
    original, refreshed = redrawing.redraw_all, []
    redrawing.redraw_all = refreshed.append
    watch = bench.SlotWatch()
    try:
        for shadow in (False, True):
            yield from inserted_switched_and_undone(document, shadow=shadow)
    finally:
        redrawing.redraw_all = original
    figures["longest slots, ms"] = watch.stop()
    assert refreshed == []


def inserted_switched_and_undone(document, *, shadow):
    """Each is seen on the canvas; the layer that is applied and its shadow are one step."""
    place = BOX[0] + BOX[2] // 2, BOX[1] + BOX[3] // 2
    bare = colour_at(document, *place)
    set_form(class_name="dog", variations=2, seed=2, shadow=shadow)
    yield from insert()
    yield from settle()
    first = colour_at(document, *place)
    panel().strip.setCurrentRow(panel().strip.count() - 1)
    yield from until(lambda: desk().preview.variation.recipe.wish.seed == 3, "the other one")
    yield from settle()
    yield from until(lambda: colour_at(document, *place) not in (bare, first), "it is seen")
    assert first != bare
    panel().apply_button.click()
    yield from settle()
    yield from bench.undo()
    yield from until(lambda: colour_at(document, *place) == bare, "undo is seen")
    assert layers(document) == ["Background"], layers(document)


def promise_a_herd_in_a_very_large_picture_is_redrawn_only_where_it_is(_figures):
    document = yield from open_picture(6000, 8000)
    yield from select(document, *BOX)
    set_form(class_name="dog", variations=1, seed=2, shadow=True)
    panel().number.box.setValue(2)
    original, refreshed = redrawing.redraw_all, []
    redrawing.redraw_all = refreshed.append
    try:
        before = bytes(document.pixelData(*BOX))
        yield from insert()
        yield from until(lambda: bytes(document.pixelData(*BOX)) != before, "the herd is seen")
        yield from settle()
        yield 500
        shown = bytes(document.pixelData(*BOX))
        assert len(layers(document)) == 2, layers(document)
    finally:
        redrawing.redraw_all = original
    assert refreshed == []
    panel().apply_button.click()
    yield from settle()
    yield from bench.undo()
    yield from until(lambda: bytes(document.pixelData(*BOX)) == before, "undo is seen")
    yield from bench.redo()
    yield from until(lambda: bytes(document.pixelData(*BOX)) == shown, "redo is seen")
    document.setActiveNode(layer_named(document, "Background"))
    krita().action("add_new_paint_layer").trigger()
    yield from until(lambda: len(layers(document)) == 3, "a later step")
    yield from bench.undo()
    yield from bench.undo()
    yield from bench.redo()
    yield from until(lambda: bytes(document.pixelData(*BOX)) == shown, "redo is seen again")
    yield from bench.redo()
    assert len(layers(document)) == 3, "the later step is lost"
    panel().number.box.setValue(1)


def promise_a_conversion_is_whole_whatever_comes_in_its_middle(_figures):
    yield from open_picture(700, 600)
    side = 400
    pixels = bytes(range(256)) * (side * side * 8 // 256)

    def convert():
        spaces = colour_spaces.srgb_space("U16"), colour_spaces.srgb_space("F32")
        return colour_spaces.converted(pixels, side, side, *spaces)

    expected = convert()
    found = []
    kept, colour_spaces.KEPT_MS = colour_spaces.KEPT_MS, 0  # the hidden document's end is always due
    try:
        for _ in range(20):
            QtCore.QTimer.singleShot(0, lambda: found.append(convert()))
            found.append(convert())
    finally:
        colour_spaces.KEPT_MS = kept
    yield from until(lambda: len(found) == 40, "all conversions")
    assert set(found) == {expected}
