"""What the plug-in promises of several objects at once; in Krita's window, with the stand-in engine."""

from bench import (
    colour_at,
    desk,
    insert,
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
from insert_object.documents import layer_id, owned
from insert_object.wire.herd import CANDIDATES, Region, herd_in
from insert_object.wire.protocol import Rect
from krita import Selection
from promises import until

__all__ = ["tidy"]  # called after every promise

AREA = (300, 400, 1200, 700)


def best_of(member):
    """The seed that the stand-in chooses for an object of a herd: ``chosen_seeds`` in its engine."""
    return member.seed + CANDIDATES - 1 - member.box.x % CANDIDATES


def inside(node):
    return [child.name() for child in owned(node.childNodes())]


def promise_a_herd_is_one_undo_step_and_each_object_is_edited_alone(_figures):
    document = yield from open_picture()
    yield from started(document, class_name="dog", shadow=True, seed=7, variations=2)
    yield from select(document, *AREA)
    members = herd_in(Region(Rect(*AREA)), "dog", 4, 7, document.height())
    places = [(m.box.x + m.box.width // 2, m.box.y + m.box.height // 2) for m in members]
    before = [colour_at(document, *place) for place in places]
    panel().number.box.setValue(4)
    yield from insert()
    yield from until(lambda: panel().strip.count() == 2, "two herds")
    shown = [colour_at(document, *place) for place in places]
    assert all(now != then for now, then in zip(shown, before, strict=True)), (shown, before)
    screenshot("window-herd")
    panel().apply_button.click()
    yield from settle()
    group = layer_named(document, "4 × dog 7")
    assert layers(document) == ["Background", group.name()], layers(document)
    assert inside(group) == [f"dog {best_of(member)} with its shadow" for member in members]
    yield from undo()
    assert layers(document) == ["Background"], layers(document)
    assert [colour_at(document, *place) for place in places] == before
    yield from redo()
    assert [colour_at(document, *place) for place in places] == shown
    far = f"dog {best_of(members[0])}"
    document.setActiveNode(layer_named(document, far))
    panel().number.box.setValue(1)
    yield from until(lambda: panel().edit_button.isVisible(), "Edit is offered")
    panel().edit_button.click()
    yield from settle()
    set_form(seed=5, variations=1, class_name="dog", shadow=True)
    yield from insert()
    panel().apply_button.click()
    yield from settle()
    group = layer_named(document, "4 × dog 7")
    assert inside(group)[0] == "dog 5 with its shadow", inside(group)
    assert inside(group)[1:] == [f"dog {best_of(member)} with its shadow" for member in members[1:]]


def promise_each_part_of_a_selection_gets_an_object_where_that_is_ticked(_figures):
    document = yield from open_picture()
    yield from started(document, class_name="dog", seed=7, variations=1)
    parts = ((300, 600, 400, 400), (1000, 300, 200, 160))
    selection = Selection()
    for part in parts:
        selection.select(*part, 255)
    document.setSelection(selection)
    yield from until(lambda: panel().number.each_check.isVisible(), "the parts are offered")
    screenshot("window-parts")
    assert panel().form().each_part
    yield from insert()
    yield from until(lambda: desk().preview.is_shown, "both are shown")
    panel().apply_button.click()
    yield from settle()
    group = layer_named(document, "2 × dog 7")
    far, near = owned(group.childNodes())
    middle = far.bounds().center()
    assert abs(middle.x() - 1100) < 20 and abs(middle.y() - 380) < 20, (middle.x(), middle.y())
    assert layer_id(document.activeNode()) == layer_id(near)
