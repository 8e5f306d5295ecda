"""What the plug-in promises of look and shape from a layer, a selection or a file; in Krita's window."""

from pathlib import Path

import bench
from bench import (
    colour_at,
    desk,
    failure_or,
    insert,
    layers,
    open_picture,
    panel,
    select,
    select_ellipse,
    set_form,
    settle,
    tidy,
)
from insert_object.annotations import read_records
from insert_object.qt import QtCore, QtGui
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

SIZE = (700, 600)
BOX = (300, 250, 256, 256)
MIDDLE = (428, 378)
RED = (200, 30, 40)


def with_red_layer(model="RGBA", depth="U8"):
    """A picture with a red square on a layer of its own, which is active."""
    document = yield from open_picture(*SIZE, model, depth)
    node = document.createNode("red", "paintlayer")
    pixel = bytes((RED[2], RED[1], RED[0], 255))
    if depth == "U16":
        pixel = b"".join(bytes((value, value)) for value in pixel)
    node.setPixelData(QtCore.QByteArray(pixel * 6400), 20, 30, 80, 80)
    document.rootNode().addChildNode(node, None)
    document.setActiveNode(node)
    document.refreshProjection()
    yield 300
    return document


def apart(one, other):
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def taken(signal, text):
    """Presses an entry of the reference's menu."""
    signal()
    yield from until(lambda: panel().reference_button.text() == text, failure_or(f"the button says {text}"))


def promise_the_object_takes_the_look_of_the_active_layer_and_remembers_it(_figures):
    for depth in ("U8", "U16"):
        document = yield from with_red_layer(depth=depth)
        red = colour_at(document, 60, 70)  # sRGB, whatever the picture's own profile is
        yield from taken(panel().reference_button.layer_wanted.emit, "red: look")
        yield from select(document, *BOX)
        set_form(class_name="dog", seed=42, variations=2)
        yield from insert()
        yield from settle()
        assert apart(colour_at(document, *MIDDLE), red) <= 2, colour_at(document, *MIDDLE)
        bench.screenshot("reference")
        panel().apply_button.click()
        yield from settle()
        (record,) = read_records(document).values()
        assert record.recipe.look is not None
        panel().reference_button.set_model(None)
        yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
        panel().edit_button.click()
        assert panel().reference_button.text() == "As it was made: look", panel().reference_button.text()
        set_form(seed=7)
        yield from insert()
        yield from settle()
        assert apart(colour_at(document, *MIDDLE), red) <= 2
        panel().reference_button.set_model(None)
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_a_selection_gives_look_and_shape(_figures):
    document = yield from with_red_layer()
    yield from select_ellipse(document, 20, 30, 80, 80)
    yield from taken(panel().reference_button.selection_wanted.emit, "Selection: look")
    panel().reference_button.shape_action.trigger()
    assert panel().reference_button.text() == "Selection: look and shape"
    yield from select(document, *BOX)
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    yield from settle()
    assert colour_at(document, *MIDDLE) == RED, colour_at(document, *MIDDLE)
    shape = desk().history.items[-1].recipe.shape
    assert shape is not None, "the outline is not sent"
    coverage = bytes(shape.frame().data)
    filled = sum(coverage) / 255 / (shape.width * shape.height)
    assert 0.2 < filled < 0.6, filled  # a circle in a box in a window 1.4 times as wide: 0.40
    panel().reference_button.set_model(None)


def promise_a_picture_file_gives_its_look(_figures):
    image = QtGui.QImage(300, 200, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor(*RED))
    path = bench.artifact("reference-file")
    assert image.save(str(path))
    document = yield from open_picture(*SIZE)
    yield from select(document, *BOX)
    panel().reference_button.file_wanted.emit(Path(path))
    assert panel().reference_button.text() == "reference-file.png: look"
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    yield from settle()
    assert colour_at(document, *MIDDLE) == RED
    panel().reference_button.file_wanted.emit(Path("/nowhere/horse.png"))
    assert "horse.png" in desk().message.text, desk().message
    panel().defaults_button.click()
    assert panel().reference_button.text() == "None"
    panel().discard_button.click()
    yield from settle()
    assert layers(document) == ["Background"]
