"""Judging variations: large thumbnails, keys, before and after; in Krita's window."""

import bench
from bench import (
    colour_at,
    desk,
    docker,
    failure_or,
    insert,
    krita,
    layers,
    open_picture,
    panel,
    select,
    set_form,
    settle,
    tidy,
)
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

SIZE = (700, 600)
BOX = (200, 150, 256, 256)
MIDDLE = (328, 278)


def previewed(**form):
    """A picture with six dogs to choose from, the first on the canvas."""
    document = yield from open_picture(*SIZE)
    yield from select(document, *BOX)
    set_form(**{"class_name": "dog", "seed": 42, "variations": 6, **form})
    bare = colour_at(document, *MIDDLE)
    yield from insert()
    yield from settle()
    return document, bare


def press(name):
    krita().action(name).trigger()
    yield from settle()


def promise_a_face_can_be_judged_at_the_dockers_first_size(figures):
    yield from previewed()
    strip = panel().strip
    assert strip.isVisible() and strip.count() == 6
    seen = strip.viewport().rect().intersected(strip.visualItemRect(strip.item(0)))
    figures["a thumbnail, pixels"] = [seen.width(), seen.height()]
    assert min(seen.width(), seen.height()) >= 160, seen
    for control in (panel().insert_button, panel().apply_button, panel().message_label):
        assert control.visibleRegion().boundingRect().height() == control.height(), control.text()
    bench.screenshot("docker-first-size")


def promise_keys_go_through_the_variations_apply_and_discard(_figures):
    document, bare = yield from previewed()
    colours = [colour_at(document, *MIDDLE)]
    for name in ("next", "next", "previous", "previous"):
        yield from press(f"insert_object_{name}")
        colours.append(colour_at(document, *MIDDLE))
    assert len(set(colours[:3])) == 3, colours
    assert colours[3:] == [colours[1], colours[0]], colours
    yield from press("insert_object_discard")
    assert layers(document) == ["Background"] and colour_at(document, *MIDDLE) == bare
    yield from press("insert_object_next")
    yield from until(lambda: desk().preview.is_shown, failure_or("the newest comes back"))
    yield from settle()
    yield from press("insert_object_apply")
    assert layers(document) == ["Background", "dog 47"], layers(document)
    shortcuts = [krita().action(f"insert_object_{name}").shortcut().toString() for name in ("next", "apply")]
    assert all(shortcuts), shortcuts


def promise_the_variations_come_back_with_the_saved_file(_figures):
    document, _bare = yield from previewed()
    yield from press("insert_object_apply")
    path = str(bench.artifact("kept").with_suffix(".kra"))
    document.setBatchmode(True)
    assert document.saveAs(path)
    document.waitForDone()
    yield CALM_MS
    bench.close_all()
    yield 300
    again = krita().openDocument(path)
    krita().activeWindow().addView(again)
    yield from until(lambda: desk() is not None and desk().document == again, "its desk")
    yield from until(lambda: panel().strip.count() == 6, "the strip of before")
    icons = [panel().strip.item(row).icon() for row in range(6)]
    assert not any(icon.isNull() for icon in icons), "no thumbnails"
    bench.screenshot("history-of-a-file")
    panel().strip.setCurrentRow(3)
    yield from until(lambda: desk().preview.is_shown, failure_or("the variation is made again"))
    yield from settle()
    assert desk().preview.variation is desk().history.items[3]
    panel().discard_button.click()
    yield from settle()


def promise_before_shows_the_picture_without_the_preview(_figures):
    document, bare = yield from previewed()
    shown = colour_at(document, *MIDDLE)
    for colour in (bare, shown, bare):
        panel().compare_button.click()
        yield from settle()
        assert colour_at(document, *MIDDLE) == colour
    yield from press("insert_object_next")
    assert colour_at(document, *MIDDLE) not in (bare, shown)
    assert not panel().compare_button.isChecked()


def promise_before_shows_the_old_object_while_it_is_edited(_figures):
    for shadow in (False, True):  # its layer gives way to the preview's; or is hidden
        document, _bare = yield from previewed(shadow=shadow)
        yield from press("insert_object_apply")
        old = colour_at(document, *MIDDLE)
        yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
        panel().edit_button.click()
        set_form(class_name="cat", seed=7, variations=1)
        yield from insert()
        yield from settle()
        new = colour_at(document, *MIDDLE)
        assert new != old
        for colour in (old, new, old):
            panel().compare_button.click()
            yield from settle()
            assert colour_at(document, *MIDDLE) == colour, (shadow, colour)
        panel().apply_button.click()
        yield from settle()
        assert colour_at(document, *MIDDLE) == new
        docker().setFocus()
        yield CALM_MS
        bench.close_all()
        yield 300
