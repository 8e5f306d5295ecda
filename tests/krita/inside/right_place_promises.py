"""What the plug-in does reaches the layer and the picture that it is for, and no other; in Krita's window."""

import bench
from bench import (
    colour_at,
    controller,
    desk,
    docker,
    failure_or,
    insert,
    krita,
    layer_named,
    layers,
    open_picture,
    panel,
    select,
    set_form,
    settle,
    tidy,
)
from edit_promises import applied, edited, inserted, whole
from insert_object.qt import QtCore
from krita import Selection
from promises import until

__all__ = ["tidy"]  # called after every promise

SIZE = (700, 600)
PLACE = (100, 120, 80, 60)
MIDDLE = (140, 150)
OWN = (40, 80, 120)  # blue, green, red


def with_cut_out(depth="U8"):
    """A picture of 8 bits with a cut-out of that depth, which is the active layer."""
    document = yield from open_picture(*SIZE)
    layer = document.createNode("cut-out", "paintlayer")
    layer.setPixelData(QtCore.QByteArray(bytes((*OWN, 255)) * (PLACE[2] * PLACE[3])), *PLACE)
    layer.setPixelData(QtCore.QByteArray(bytes(4)), *PLACE[:2], 1, 1)
    document.rootNode().addChildNode(layer, None)
    layer.setColorSpace("RGBA", depth, document.colorProfile())
    document.setActiveNode(layer)
    document.refreshProjection()
    yield 300
    return document


def lit(strength=100):
    """The preview of the light of the active layer."""
    yield from until(lambda: panel().light_button.isVisible(), "light is offered")
    panel().light_button.click()
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer is lit"))
    panel().light_row.strength_slider.setValue(strength)
    yield from until(lambda: desk().light.is_current, failure_or("the strength"))
    yield from settle()


def promise_an_object_inserted_during_a_light_leaves_the_lit_layer_as_it_was(_figures):
    document = yield from with_cut_out()
    layer = layer_named(document, "cut-out")
    before = whole(layer)
    yield from lit()
    yield from select(document, 300, 250, 256, 256)
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    yield from applied()
    assert layers(document) == ["Background", "cut-out", "dog 42"], layers(document)
    assert layer.visible() and whole(layer) == before


def promise_a_layer_of_another_depth_is_lit_in_its_colours_and_gets_them_back(_figures):
    document = yield from with_cut_out("U16")
    bare = colour_at(document, *MIDDLE)
    yield from lit()
    yield from applied()
    bright = colour_at(document, *MIDDLE)
    assert all(now > then for now, then in zip(bright, bare, strict=True)), (bright, bare)
    assert layers(document) == ["Background", "cut-out"], layers(document)
    yield from lit()
    yield from applied()
    assert colour_at(document, *MIDDLE) == bright, (colour_at(document, *MIDDLE), bright)
    yield from lit(0)
    yield from applied()
    assert colour_at(document, *MIDDLE) == bare, (colour_at(document, *MIDDLE), bare)


def promise_a_copy_of_a_picture_has_a_desk_of_its_own(_figures):
    document = yield from open_picture(*SIZE)
    yield from select(document, 300, 250, 256, 256)
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    first = desk()
    copy = document.clone()
    assert copy.rootNode().uniqueId() == document.rootNode().uniqueId(), "ids differ: this tells nothing"
    krita().activeWindow().addView(copy)
    yield from until(lambda: desk() is not first and desk().document == copy, "the copy's desk")
    assert first.document == document and controller().desk(document) is first
    assert not desk().history.items or desk().history is not first.history


def promise_a_hidden_docker_follows_undo(_figures):
    document = yield from inserted()
    old = layer_named(document, "dog 42")
    yield from edited(document)
    assert not old.visible()
    docker().hide()
    try:
        yield from bench.undo()
        yield from until(old.visible, "the old object is seen again")
        assert layers(document) == ["Background", "dog 42"], layers(document)
    finally:
        docker().show()


def promise_a_floating_docker_is_found_by_its_window(_figures):
    yield from open_picture(*SIZE)
    window = krita().activeWindow()
    docker().setFloating(True)
    yield 300
    try:
        other = krita().openWindow()
        yield from until(lambda: len(controller().dockers) == 2, "the other window's docker")
        assert controller().docker_in(window) is docker()
        assert controller().docker_in(other) is controller().dockers[1]
        other.qwindow().close()
        yield from until(lambda: len(controller().dockers) == 1, "the other window is closed")
    finally:
        docker().setFloating(False)
        docker().show()


def promise_a_local_selection_gives_its_shape_to_the_reference(_figures):
    document = yield from with_cut_out()
    layer = layer_named(document, "cut-out")
    selection, hole = Selection(), Selection()
    selection.select(*PLACE, 255)
    hole.select(PLACE[0], PLACE[1], 40, 30, 255)
    selection.subtract(hole)
    mask = document.createSelectionMask("local")
    mask.setSelection(selection)
    layer.addChildNode(mask, None)
    yield 300
    document.setActiveNode(layer)
    document.setSelection(None)
    yield from until(lambda: bench.seen_box() == PLACE, "the docker sees it")
    panel().reference_button.selection_wanted.emit()
    yield from until(lambda: panel().reference_button.text() == "Selection: look", failure_or("it is taken"))
    assert panel().reference_button.model.reference.outline is not None
    panel().reference_button.set_model(None)


def promise_what_is_kept_of_gone_layers_is_let_go_when_the_file_is_opened(_figures):
    document = yield from with_cut_out()
    for _ in range(2):
        yield from lit()
        yield from applied()
    assert len(own_pixels(document)) == 2, own_pixels(document)
    path = str(bench.artifact("lit-often"))[: -len("png")] + "kra"
    document.setBatchmode(True)
    assert document.saveAs(path)
    document.waitForDone()
    bench.close_all()
    yield 500
    again = krita().openDocument(path)
    krita().activeWindow().addView(again)
    yield from until(lambda: desk() is not None and desk().document == again, "its desk")
    yield from until(lambda: len(own_pixels(again)) == 1, "what is gone is forgotten")
    again.setActiveNode(layer_named(again, "cut-out"))
    yield 300
    yield from lit(0)
    yield from applied()
    pixel = bytes(layer_named(again, "cut-out").pixelData(*MIDDLE, 1, 1))
    assert tuple(pixel) == (*OWN, 255), tuple(pixel)


def own_pixels(document):
    return [name for name in document.annotationTypes() if name.startswith("insert_object_own_")]
