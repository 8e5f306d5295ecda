"""What the plug-in promises of Live, of the user's hand, and of changing a layer later; in Krita's window."""

import time

import bench
from bench import (
    BOX,
    colour_at,
    desk,
    failure_or,
    insert,
    krita,
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
from insert_object.annotations import read_records
from insert_object.documents import layer_id, owned
from promises import until

__all__ = ["tidy"]  # called after every promise


def promise_live_follows_the_selection_with_one_layer(figures):
    document = yield from open_picture()
    yield from started(document)
    panel().live_check.setChecked(True)
    yield from until(lambda: desk().preview.is_shown, failure_or("a first live preview"))
    yield from settle()
    took = []
    for step in (40, 80, 160, 240):
        yield 300
        selection = bench.Selection()
        selection.select(BOX[0] + step, BOX[1], BOX[2], BOX[3], 255)
        before = desk().preview.variation
        document.setSelection(selection)
        start = time.perf_counter()
        yield from until(
            lambda before=before: desk().preview.variation is not before, failure_or("it follows")
        )
        yield from until(lambda: desk().is_idle, "rest")
        took.append((time.perf_counter() - start) * 1000)
        assert desk().preview.variation.recipe.wish.box.x == BOX[0] + step
    figures["live preview after the selection rests, ms"] = [round(value) for value in took]
    assert len(layers(document)) == 2 and panel().strip.count() == 1
    screenshot("window-live")
    panel().apply_button.click()
    yield from settle()
    yield 500
    assert len(layers(document)) == 2, "Live inserts again though nothing changed"


def promise_nothing_is_touched_while_the_mouse_drags_a_selection(figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    krita().action("KisToolSelectRectangular").trigger()
    yield 800
    middle = _middle_of_the_canvas()
    bench.xdotool("mousemove", middle.x() - 150, middle.y() - 120, "mousedown", 1)
    yield 500  # a busy Krita takes the press where the pointer is when it comes to it
    bench.xdotool("mousemove", middle.x() - 50, middle.y() - 40)
    yield 150
    try:
        desk().insert(panel().form())
        for step in range(8):
            bench.xdotool("mousemove", middle.x() - 50 + 20 * step, middle.y() - 40 + 15 * step)
            yield 120
            assert layers(document) == ["Background"], "a layer came while the mouse was down"
        assert desk().message is not None, "nothing says that the work waits"
    finally:
        bench.xdotool("mouseup", 1)
        yield 300
    yield from until(lambda: desk().preview.is_shown, failure_or("the preview after the drag"))
    yield from until(lambda: bench.seen_box() is not None, "the dragged selection")
    box = bench.seen_box()
    figures["dragged selection"] = list(box)
    zoom = krita().activeWindow().activeView().canvas().zoomLevel()
    if int(krita().version().split(".")[0]) < 6:  # where it is told for a screen of 72 dots an inch
        zoom *= 72.0 / document.resolution()
    assert abs(box[2] * zoom - 240) < 8 and abs(box[3] * zoom - 185) < 8, (box, zoom)


def promise_nothing_is_touched_while_the_brush_paints(_figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    krita().action("KritaShape/KisToolBrush").trigger()
    yield 300
    middle = _middle_of_the_canvas()
    before = bytes(document.pixelData(*BOX))
    bench.xdotool("mousemove", middle.x() - 80, middle.y() - 60, "mousedown", 1)
    yield 100
    try:
        desk().insert(panel().form())
        for step in range(6):
            bench.xdotool("mousemove", middle.x() - 80 + 25 * step, middle.y() - 60 + 20 * step)
            yield 120
            assert layers(document) == ["Background"], "a layer came in the middle of a stroke"
    finally:
        bench.xdotool("mouseup", 1)
        yield 300
    yield from until(lambda: desk().preview.is_shown, failure_or("the preview after the stroke"))
    yield from settle()
    yield from undo()
    yield from undo()
    assert layers(document) == ["Background"] and bytes(document.pixelData(*BOX)) == before


def promise_nothing_is_touched_while_a_transform_is_under_way(_figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    krita().action("KisToolTransform").trigger()
    yield 600
    middle = _middle_of_the_canvas()
    bench.xdotool("mousemove", middle.x(), middle.y(), "mousedown", 1)
    bench.xdotool("mousemove", middle.x() + 30, middle.y() + 30, "mouseup", 1)
    yield 600
    panel().insert_button.click()
    for _ in range(10):
        yield 150
        assert layers(document) == ["Background"], "a layer came in the middle of a transform"
    assert desk().message is not None, "nothing says that the work waits"
    krita().action("KisToolSelectRectangular").trigger()  # which applies the transform
    yield from until(lambda: desk().preview.is_shown, failure_or("the preview after the transform"))


def _middle_of_the_canvas():
    frame = krita().activeWindow().qwindow().centralWidget()
    return frame.mapToGlobal(frame.rect().center())


def promise_the_active_layer_stays_the_users_while_a_preview_comes(_figures):
    document = yield from open_picture()
    active = layer_id(document.activeNode())
    yield from started(document)
    yield from insert()
    yield 500
    assert layer_id(document.activeNode()) == active


def promise_a_layer_can_be_edited_and_one_undo_step_brings_the_old_one_back(_figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    first = layers(document)[-1]
    record = read_records(document)[layer_id(layer_named(document, first))]
    whole = (0, 0, document.width(), document.height())
    before = layer_id(layer_named(document, first)), bytes(layer_named(document, first).pixelData(*whole))
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered for the active layer")
    screenshot("window-edit")
    latest = krita().action("edit_undo").text()
    document.setSelection(None)
    yield 300
    deselected = int(krita().action("edit_undo").text() != latest)  # an undo step in Krita 6 alone
    panel().edit_button.click()
    assert panel().form().wish.seed == 42
    set_form(seed=99)
    yield 200
    assert panel().insert_button.isEnabled(), "an edit needs no selection"
    yield from insert()
    assert not layer_named(document, first).visible(), "the old object still shows"
    assert desk().preview.variation.recipe.wish.box == record.recipe.wish.box
    panel().apply_button.click()
    yield from settle()
    assert len(layers(document)) == 2 and "99" in layers(document)[-1], layers(document)
    after = layers(document)[-1], bytes(layer_named(document, layers(document)[-1]).pixelData(*whole))
    for _ in range(2):
        yield from undo()
        assert layers(document) == ["Background", first], layers(document)
        layer = layer_named(document, first)
        assert (layer_id(layer), bytes(layer.pixelData(*whole))) == before and layer.visible()
        yield from redo()
        assert layers(document) == ["Background", after[0]], layers(document)
        assert bytes(layer_named(document, after[0]).pixelData(*whole)) == after[1]
    for _ in range(2 + deselected):
        yield from undo()
    assert layers(document) == ["Background"], layers(document)


def promise_discarding_an_edit_brings_the_layer_back(_figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    shown = colour_at(document, 956, 756)
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    panel().edit_button.click()
    set_form(seed=99)
    yield from insert()
    panel().discard_button.click()
    yield from settle()
    assert len(layers(document)) == 2 and layer_named(document, layers(document)[-1]).visible()
    assert colour_at(document, 956, 756) == shown


def promise_a_moved_layer_is_lit_where_it_is(_figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    layer = layer_named(document, layers(document)[-1])
    record = read_records(document)[layer_id(layer)]
    layer.move(300, 120)
    document.refreshProjection()
    alpha = bytes(layer.pixelData(0, 0, document.width(), document.height()))[3::4]
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit there"))
    yield from settle()
    lit = desk().preview.layers.layer
    assert bytes(lit.pixelData(0, 0, document.width(), document.height()))[3::4] == alpha
    assert read_records(document)[layer_id(lit)] == record
    panel().apply_button.click()
    yield from settle()
    assert len(layers(document)) == 2
    before = layer_id(layer)
    yield from undo()
    assert [layer_id(node) for node in owned(document.rootNode().childNodes())][1] == before
    assert (layer.position().x(), layer.position().y()) == (300, 120) and layer.visible()
    yield from redo()
    assert len(layers(document)) == 2
