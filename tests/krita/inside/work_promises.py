"""What the plug-in promises of work done on its layers: nothing covers it unasked, every file has it."""

import tempfile
from dataclasses import replace
from pathlib import Path

import bench
from bench import (
    desk,
    failure_or,
    insert,
    krita,
    layer_named,
    layers,
    panel,
    screenshot,
    set_form,
    settle,
    tidy,
)
from edit_promises import applied, edited, inserted, state, whole
from insert_object.annotations import read_records, remember_layer
from insert_object.documents import layer_id
from insert_object.editing import Way
from insert_object.imprints import imprint_of
from insert_object.qt import QtCore
from insert_object.steps import finished
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

SIZE = (700, 600)


def worked_on(**choices):
    """A picture whose active layer is an object that somebody has painted on."""
    document = yield from inserted(**choices)
    layer = layer_named(document, "dog 42")
    bounds = layer.bounds()
    colour = QtCore.QByteArray(bytes((40, 30, 220, 255)) * 30 * 30)
    layer.setPixelData(colour, bounds.center().x() - 15, bounds.center().y() - 15, 30, 30)
    document.refreshProjection()
    document.setActiveNode(layer)
    yield 300
    return document


def asked():
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    panel().edit_button.click()
    yield from until(lambda: panel().question.isVisible(), failure_or("the question"))


def promise_a_painted_object_is_asked_about(_figures):
    document = yield from worked_on()
    before = state(document)
    yield from asked()
    assert "was worked on" in panel().message_label.text(), panel().message_label.text()
    yield 300
    screenshot("worked-on-question")
    panel().discard_button.click()
    yield from settle()
    yield 300
    assert not panel().question.isVisible()
    assert state(document) == before


def promise_a_new_layer_above_keeps_the_painted_one(_figures):
    document = yield from worked_on()
    painted = whole(layer_named(document, "dog 42"))
    yield from asked()
    panel().question.buttons[Way.ABOVE].click()
    set_form(class_name="cat", seed=7, variations=1)
    yield from insert()
    yield from applied()
    assert layers(document) == ["Background", "dog 42", "cat 7"], layers(document)
    assert whole(layer_named(document, "dog 42")) == painted


def promise_repaint_is_one_step_that_brings_the_work_back(_figures):
    document = yield from worked_on()
    before = state(document)
    yield from asked()
    panel().question.buttons[Way.REPAINT].click()
    set_form(class_name="cat", seed=7, variations=1)
    yield from insert()
    yield 300
    yield from applied()
    assert layers(document) == ["Background", "cat 7"], layers(document)
    yield from bench.undo()
    yield from until(lambda: desk().is_idle, "rest")
    assert state(document) == before


def promise_light_keeps_the_painted_object(_figures):
    document = yield from worked_on()
    painted = whole(layer_named(document, "dog 42"))
    yield from asked()
    panel().question.buttons[Way.LIGHT].click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"))
    yield from settle()
    yield from applied()
    lit = whole(layer_named(document, "dog 42"))
    assert lit[3::4] == painted[3::4], "its alpha is another one"
    assert layers(document) == ["Background", "dog 42"], layers(document)


def make_uneven(document, layer):
    """Gives an object pixels by which left and right can be told, as if it had been made with them."""
    bounds = layer.bounds()
    colour = QtCore.QByteArray(bytes((40, 200, 220, 255)) * 60 * 40)
    layer.setPixelData(colour, bounds.x() + 8, bounds.y() + 8, 60, 40)
    document.refreshProjection()
    record = read_records(document)[layer_id(layer)]
    remember_layer(document, layer_id(layer), replace(record, imprint=finished(imprint_of(layer))))


def promise_moved_turned_and_flipped_objects_are_not_asked_about(_figures):
    for kind in ("move", "scale", "rotate", "mirror"):
        document = yield from inserted()
        layer = layer_named(document, "dog 42")
        make_uneven(document, layer)
        if kind == "move":
            layer.move(40, 30)
        elif kind == "scale":
            layer.scaleNode(QtCore.QPointF(200, 150), 180, 230, "Bicubic")
        elif kind == "rotate":
            layer.rotateNode(0.4)
        else:
            document.setActiveNode(layer)
            krita().action("mirrorNodeX").trigger()
        document.waitForDone()
        yield 500
        document.setActiveNode(layer)
        yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
        panel().edit_button.click()
        yield from until(lambda: desk().editing is not None, failure_or(f"an edit after {kind}"))
        assert not panel().question.isVisible(), kind
        assert panel().form().wish.mirrored is (kind == "mirror"), kind
        assert (desk().editing.shape is not None) is (kind == "rotate"), kind
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_a_picture_saved_in_the_middle_of_an_edit_has_the_old_object(_figures):
    for shadow in (False, True):
        document = yield from inserted(shadow=shadow)
        old = whole(layer_named(document, "dog 42"))
        before = state(document)[0]
        yield from edited(document, shadow=False)
        path = str(Path(tempfile.mkdtemp()) / "middle.kra")
        document.setBatchmode(True)
        assert document.exportImage(path, bench.export_options()), "it was not saved"
        yield CALM_MS
        for end in ("discard", "apply"):
            again = krita().openDocument(path)
            krita().activeWindow().addView(again)
            yield from until(lambda again=again: desk() is not None and desk().document == again, "its desk")
            yield from until(lambda: desk().preview.is_shown, failure_or("the saved preview is found"))
            assert "saved with this preview" in panel().message_label.text(), panel().message_label.text()
            assert whole(layer_named(again, "dog 42")) == old
            yield 300
            (panel().apply_button if end == "apply" else panel().discard_button).click()
            yield from settle()
            yield 400
            if end == "discard":
                assert without_places(state(again)[0]) == without_places(before), end
            else:
                assert layers(again) == ["Background", "cat 7"], layers(again)
                assert not layer_named(again, "cat 7").locked()
            assert not desk().preview.is_shown
            yield CALM_MS
            again.setModified(False)
            again.close()
            yield 400
        bench.close_all()
        yield 300


def promise_a_light_saved_in_the_middle_keeps_the_original(_figures):
    document = yield from inserted()
    old = whole(layer_named(document, "dog 42"))
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"))
    yield from settle()
    again = yield from saved_and_opened(document)
    assert whole(layer_named(again, "dog 42")) == old
    yield from applied()
    assert layers(again) == ["Background", "dog 42"], layers(again)
    lit = layer_named(again, "dog 42")
    assert whole(lit) != old and whole(lit)[3::4] == old[3::4]
    again.setActiveNode(lit)
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("it is lit again"))
    yield from settle()
    panel().light_row.strength_slider.setValue(0)
    yield from until(lambda: desk().light.is_current, failure_or("the strength"))
    yield from settle()
    yield from applied()
    assert whole(layer_named(again, "dog 42")) == old, "light does not come off"


def saved_and_opened(document):
    """What a document that was saved as it is now opens as, with its preview found."""
    path = str(Path(tempfile.mkdtemp()) / "middle.kra")
    document.setBatchmode(True)
    assert document.exportImage(path, bench.export_options()), "it was not saved"
    yield CALM_MS
    again = krita().openDocument(path)
    krita().activeWindow().addView(again)
    yield from until(lambda: desk() is not None and desk().document == again, "its desk")
    yield from until(lambda: desk().preview.is_shown, failure_or("the saved preview is found"))
    return again


def without_places(tree):
    """The state of layers but for what an opened file may call otherwise: the root."""
    return tree[1:]
