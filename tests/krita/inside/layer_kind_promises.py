"""What the plug-in promises whatever is active: masks, kinds of layers, copies, local selections."""

import tempfile
from pathlib import Path

import bench
from bench import (
    BOX,
    desk,
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
from insert_object.documents import layer_id, owned, walk
from insert_object.qt import Qt, QtGui
from krita import Selection
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise


def promise_tab_adds_no_layer(_figures):
    document = yield from open_picture()
    yield from select(document, *BOX)
    set_form(class_name="dog", seed=42, variations=2)
    yield from insert()
    panel().discard_button.click()
    yield from settle()
    yield 300
    latest = krita().action("edit_undo").text()
    for reason in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
        panel().seed_box.setFocus(reason)
        yield 100
        panel().strip.setFocus(reason)
        yield 300
        yield from settle()
    assert panel().strip.hasFocus()
    assert layers(document) == ["Background"], layers(document)
    assert krita().action("edit_undo").text() == latest


def promise_a_local_selection_counts(_figures):
    document = yield from open_picture()
    layer = layer_named(document, "Background")
    selection = Selection()
    selection.select(300, 200, 400, 300, 255)
    mask = document.createSelectionMask("local")
    mask.setSelection(selection)
    layer.addChildNode(mask, None)
    yield 300
    document.setActiveNode(layer)
    yield from until(lambda: bench.seen_box() == (300, 200, 400, 300), "the docker sees it")
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    assert tuple(desk().history.items[-1].recipe.wish.box.__dict__.values()) == (300, 200, 400, 300)


def promise_a_duplicated_object_can_be_edited(_figures):
    for shadow in (False, True):
        document = yield from inserted(shadow=shadow)
        top = owned(document.rootNode().childNodes())
        original = next(node for node in top if node.name().startswith("dog"))
        old = whole(layer_named(document, "dog 42"))
        document.setActiveNode(original)
        yield 200
        krita().action("duplicatelayer").trigger()
        document.waitForDone()
        yield 500
        active = document.activeNode()
        assert layer_id(active) != layer_id(original), "Krita made no copy"
        yield from edited(document, None, class_name="cat", seed=7, variations=1, shadow=False)
        yield from applied()
        names = layers(document)
        assert names[0] == "Background" and "cat 7" in names and len(names) == 3, names
        assert whole(layer_named(document, "dog 42")) == old
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_whatever_kind_of_layer_is_active(_figures):
    yield from inserted_above("vector", "filter", "paint", "clone")


def promise_whatever_mask_or_group_is_active(_figures):
    yield from inserted_above("group", "transparencymask", "filtermask", "none")


def promise_a_linked_file_is_active(_figures):
    yield from inserted_above("file")


def inserted_above(*kinds):
    """Inserts above an active layer of each kind, and takes it back."""
    for kind in kinds:
        document = yield from open_picture(700, 600)
        root, background = document.rootNode(), layer_named(document, "Background")
        if kind == "vector":
            node = document.createVectorLayer("a vector")
        elif kind == "file":
            path = str(Path(tempfile.mkdtemp()) / "linked.png")
            QtGui.QImage(40, 30, QtGui.QImage.Format.Format_ARGB32).save(path)
            node = document.createFileLayer("a file", path, "None")
        elif kind == "clone":
            node = document.createCloneLayer("a clone", background)
        elif kind == "group":
            node = document.createGroupLayer("a group")
        elif kind in ("filter", "filtermask"):
            everything = Selection()
            everything.select(0, 0, 700, 600, 255)
            make = document.createFilterLayer if kind == "filter" else document.createFilterMask
            node = make("an effect", krita().filter("blur"), everything)
        elif kind == "paint":
            node = document.createNode("more", "paintlayer")
        else:
            node = document.createNode("a mask", "transparencymask") if kind != "none" else None
        if node is not None:
            (background if kind.endswith("mask") else root).addChildNode(node, None)
            yield 300
            document.setActiveNode(node)
        yield from select(document, 200, 150, 256, 256)
        set_form(class_name="dog", seed=42, variations=1)
        yield from insert()
        yield from applied()
        assert layers(document)[-1] == "dog 42", (kind, layers(document))
        yield from bench.undo()
        assert "dog 42" not in layers(document), (kind, layers(document))
        yield CALM_MS
        bench.close_all()
        yield 300


def promise_a_filter_mask_in_the_objects_group_hinders_no_edit(_figures):
    document = yield from inserted(shadow=True)
    group = layer_named(document, "dog 42 with its shadow")
    everything = Selection()
    everything.select(0, 0, 700, 600, 255)
    group.addChildNode(document.createFilterMask("softer", krita().filter("blur"), everything), None)
    yield 300
    yield from edited(document, layer_named(document, "dog 42"), class_name="cat", shadow=False)
    assert "dog 42" in [node.name() for node in walk(document.rootNode())]
    panel().discard_button.click()
    yield from settle()
    yield 300
    names = [node.name() for node in walk(document.rootNode())]
    assert "softer" in names and "shadow · dog 42" in names, names
    document.setActiveNode(layer_named(document, "dog 42"))
    yield from edited(document, None, class_name="cat", shadow=False)
    yield from applied()
    names = [node.name() for node in walk(document.rootNode()) if node.visible()]
    assert "cat 7" in names and "dog 42" not in names, names


def promise_a_preview_in_a_picture_behind_does_not_become_its_active_layer(_figures):
    behind = yield from open_picture(700, 600)
    background = layer_named(behind, "Background")
    behind.setActiveNode(background)
    yield from select(behind, 200, 150, 256, 256)
    set_form(class_name="dog", seed=42, variations=1)
    waiting = desk()
    panel().insert_button.click()
    front = krita().createDocument(300, 200, "front", "RGBA", "U8", "", 300.0)
    krita().activeWindow().addView(front)
    yield from until(lambda: waiting.preview.is_shown and waiting.is_idle, "the preview behind", 60)
    yield 2500
    for view in owned(krita().activeWindow().views()):
        if view.document() == behind:
            krita().activeWindow().showView(view)
            view.setVisible()
    yield from until(lambda: desk() is waiting, failure_or("the picture behind comes to the front"))
    yield from until(
        lambda: layer_id(behind.activeNode()) == layer_id(background), "the user's layer is active again", 5
    )


def promise_a_weak_selection_gives_its_box_and_no_shape(_figures):
    document = yield from open_picture(700, 600)
    selection = Selection()
    selection.select(200, 150, 256, 256, 90)
    document.setSelection(selection)
    yield from until(lambda: bench.seen_box() == (200, 150, 256, 256), "the docker sees it")
    assert not panel().shape_check.isChecked() and not panel().shape_check.isEnabled()
    set_form(class_name="dog", seed=42, variations=1)
    yield from insert()
    assert desk().preview.is_shown
