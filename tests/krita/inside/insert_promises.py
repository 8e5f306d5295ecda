"""What the plug-in promises of inserting: layers, undo, variations, words; in Krita's window."""

import time

import bench
from bench import (
    BOX,
    colour_at,
    desk,
    docker,
    failure_or,
    insert,
    krita,
    layer_named,
    layers,
    open_picture,
    panel,
    redo,
    screenshot,
    select,
    set_form,
    settle,
    started,
    tidy,
    undo,
)
from insert_object.annotations import read_records
from insert_object.documents import layer_id
from promises import until

__all__ = ["tidy"]  # called after every promise


def promise_the_filters_menu_has_an_entry_that_needs_a_selection(_figures):
    krita().activeWindow().qwindow().showMaximized()
    yield 800
    document = yield from open_picture()
    action = krita().action("insert_object_insert")
    assert action.shortcut().toString() == "Ctrl+Alt+Shift+O", action.shortcut().toString()
    menu = next(m for m in krita().activeWindow().qwindow().menuBar().actions() if m.objectName() == "Filter")
    assert action.text() in [entry.text() for entry in menu.menu().actions()]
    yield 300
    assert not action.isEnabled(), "enabled though nothing is selected"
    yield from select(document, *BOX)
    yield from until(action.isEnabled, "the entry gets enabled")
    docker().hide()
    yield 100
    action.trigger()
    yield 100
    assert docker().isVisible(), "the entry does not open the docker"
    yield from until(lambda: desk().preview.is_shown, failure_or("the entry inserts"))
    yield from settle()


def promise_insert_and_apply_are_one_undo_step_and_leave_a_normal_layer(_figures):
    document = yield from open_picture()
    before = colour_at(document, 956, 756)
    yield from started(document)
    yield from insert()
    assert (
        layers(document)[-1].startswith("preview · ") and layer_named(document, layers(document)[-1]).locked()
    )
    shown = colour_at(document, 956, 756)
    screenshot("window-preview")
    panel().apply_button.click()
    yield from settle()
    name = layers(document)[-1]
    layer = layer_named(document, name)
    assert "42" in name and "preview" not in name and not layer.locked() and layer.visible(), name
    assert layer_id(document.activeNode()) == layer_id(layer), "the applied layer is not the active one"
    assert list(read_records(document)) == [layer_id(layer)]
    yield from undo()
    assert layers(document) == ["Background"], layers(document)
    assert colour_at(document, 956, 756) == before
    yield from redo()
    assert layers(document) == ["Background", name], layers(document)
    assert colour_at(document, 956, 756) == shown


def promise_switching_variations_overwrites_the_preview_without_an_undo_step(figures):
    document = yield from open_picture()
    yield from started(document, variations=4)
    yield from insert()
    assert panel().strip.count() == 4, panel().strip.count()
    took = []
    for row in (1, 2, 3, 0, 2):
        start = time.perf_counter()
        panel().strip.setCurrentRow(row)
        yield from until(lambda row=row: desk().preview.variation is desk().history.items[row], "the switch")
        yield from until(lambda: desk().is_idle, "rest")
        took.append((time.perf_counter() - start) * 1000)
        variation = desk().history.items[row]
        expected = bytes(variation.pixels.data)
        middle = (variation.pixels.height // 2 * variation.pixels.width + variation.pixels.width // 2) * 4
        x, y = variation.x + variation.pixels.width // 2, variation.y + variation.pixels.height // 2
        if expected[middle + 3] == 255:
            assert colour_at(document, x, y) == tuple(expected[middle : middle + 3]), (row, x, y)
    figures["switching variations, worst ms"] = round(max(took), 1)
    assert len(layers(document)) == 2
    yield from undo()
    assert layers(document) == ["Background"], layers(document)


def promise_the_history_keeps_every_variation_and_shows_it_again(figures):
    document = yield from open_picture()
    yield from started(document)
    yield from insert()
    set_form(seed=7)
    yield from insert()
    assert [v.recipe.wish.seed for v in desk().history.items][:1] == [42]
    assert panel().strip.count() == 4
    panel().strip.setCurrentRow(0)
    yield from settle()
    assert panel().form().wish.seed == 42, "the settings do not follow the variation"
    forgotten = desk().history.items[1]
    wanted, forgotten.pixels = forgotten.pixels, None  # as when memory ran short
    panel().strip.setCurrentRow(1)
    yield from until(lambda: forgotten.pixels is not None, failure_or("its pixels are made again"))
    yield from settle()
    assert (forgotten.pixels.width, forgotten.pixels.height) == (wanted.width, wanted.height)
    assert panel().strip.count() == 4
    apart = sorted(abs(a - b) for a, b in zip(forgotten.pixels.data, wanted.data, strict=True))
    figures["made again, levels apart in 99 of 100 samples"] = apart[len(apart) * 99 // 100]
    # (of the stand-in engine, a variation that is made alone has another colour)
    alike = apart[len(apart) * 99 // 100] <= 8 or bench.controller().link.welcome.device == "stand-in"
    assert alike, "another object came in its place"
    assert len(layers(document)) == 2, layers(document)


def promise_discard_leaves_the_picture_as_it_was(_figures):
    document = yield from open_picture()
    before = bytes(document.pixelData(*BOX))
    yield from started(document)
    yield from insert()
    assert bytes(document.pixelData(*BOX)) != before
    panel().discard_button.click()
    yield from settle()
    assert layers(document) == ["Background"]
    assert bytes(document.pixelData(*BOX)) == before
    assert panel().strip.count() == 2, "the variations are lost"
    panel().strip.setCurrentRow(1)
    yield from until(lambda: desk().preview.is_shown, "a variation of the history is shown again")


def promise_a_second_insert_does_not_see_the_first_preview(_figures):
    document = yield from open_picture()
    yield from started(document)
    from insert_object import targets

    seen = []
    original = targets.insert_request
    targets.insert_request = lambda *a, **k: seen.append(bytes(a[3].data)) or original(*a, **k)
    try:
        yield from insert()
        set_form(seed=43)
        yield from insert()
    finally:
        targets.insert_request = original
    assert seen[0] == seen[1], "the scene holds the preview"
    assert len(layers(document)) == 2


def promise_insert_is_quick_and_never_holds_up_the_hand(figures):
    document = yield from open_picture()
    yield from started(document, variations=1)
    yield from insert()
    panel().discard_button.click()
    yield from settle()
    watch = bench.SlotWatch()
    took = []
    for seed in (100, 101, 102):
        set_form(seed=seed, variations=1)
        yield 300
        start = time.perf_counter()
        panel().insert_button.click()
        yield from until(
            lambda seed=seed: desk().preview.is_shown and desk().preview.variation.recipe.wish.seed == seed,
            "the layer",
        )
        took.append((time.perf_counter() - start) * 1000)
        yield from settle()
    figures["insert to layer visible, ms"] = [round(value) for value in took]
    figures["longest slots, ms"] = watch.stop()
    panel().discard_button.click()
    yield from settle()


def promise_the_docker_is_usable_300_pixels_wide(figures):
    document = yield from open_picture()
    yield from started(document, variations=4)
    yield from insert()
    dock = docker()
    dock.setFloating(True)
    dock.resize(300, 620)
    yield 500
    figures["narrowest width"] = panel().minimumSizeHint().width()
    figures["height"] = panel().sizeHint().height()
    assert panel().minimumSizeHint().width() <= 290, panel().minimumSizeHint().width()
    dock.grab().save(str(bench.artifact("docker-300")))
    dock.setFloating(False)
    yield 300


def promise_no_selection_and_too_small_a_selection_are_said_in_words(_figures):
    document = yield from open_picture()
    docker().insert()
    yield 100
    assert "selected" in panel().message_label.text(), panel().message_label.text()
    yield from select(document, 10, 10, 4, 4)
    docker().insert()
    yield 100
    assert "too small" in panel().message_label.text(), panel().message_label.text()
    assert bench.modal_box() is None
    assert layers(document) == ["Background"]
    yield from until(lambda: desk().is_idle, "rest")
