"""What tests do with the plug-in inside GIMP: run it, ask about it, measure it. Imported by inside.py."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from gi.repository import GdkPixbuf, Gimp
from inside_images import _image_of, visible_pixels

PROCEDURE = "plug-in-insert-object"
LIGHT = "plug-in-insert-object-light"


def insert(image: int, run_mode: str = "NONINTERACTIVE", **arguments: Any) -> dict[str, Any]:
    """Runs the procedure, with a contact shadow where it is asked for; its status, error and layers, and the
    time it took. ``shadow=None`` leaves it to the procedure."""
    arguments = {"shadow": False, **arguments}
    if arguments["shadow"] is None:
        del arguments["shadow"]
    return _run(PROCEDURE, image, run_mode, arguments)


def light(image: int, run_mode: str = "NONINTERACTIVE", **arguments: Any) -> dict[str, Any]:
    """Runs the procedure that gives light."""
    return _run(LIGHT, image, run_mode, arguments)


def _run(name: str, image: int, run_mode: str, arguments: dict[str, Any]) -> dict[str, Any]:
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    target = _image_of(image)
    config.set_property("run-mode", getattr(Gimp.RunMode, run_mode))
    config.set_property("image", target)
    config.set_core_object_array("drawables", target.get_selected_layers())
    for argument, value in arguments.items():
        config.set_property(argument.replace("_", "-"), value)
    began = time.perf_counter()
    values = procedure.run(config)
    seconds = time.perf_counter() - began
    status = values.index(0)
    done = status == Gimp.PDBStatusType.SUCCESS
    layer, shadow, cast = (
        *[values.index(place) for place in range(1, values.length()) if done],
        None,
        None,
        None,
    )[:3]
    return {
        "status": status.value_nick,
        "error": "" if layer is not None else Gimp.get_pdb().get_last_error(),
        "layer": None if layer is None else layer.get_id(),
        "shadow": None if shadow is None else shadow.get_id(),
        "cast": None if cast is None else cast.get_id(),
        "seconds": seconds,
    }


def arguments_of_procedure() -> dict[str, str]:
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    return {item.get_name(): item.get_blurb() or "" for item in procedure.get_arguments()}


def menu_of_procedure() -> dict[str, Any]:
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    return {"label": procedure.get_menu_label(), "paths": procedure.get_menu_paths()}


def longest_block(seconds: float) -> dict[str, float]:
    """The longest and the median time in milliseconds that GIMP let a trivial call wait."""
    waits = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        Gimp.get_images()
        waits.append(1e3 * (time.perf_counter() - began))
        time.sleep(0.002)
    waits.sort()
    return {"longest": waits[-1], "median": waits[len(waits) // 2], "calls": len(waits)}


def preview_rectangles(image: int, window: list[int], places: list[list[int]]) -> str:
    """Shows white rectangles one after the other as the dialog shows variations; what is seen at last."""
    _picture, rectangle = _plug_in_modules()
    import preview

    from wire.protocol import Layer, PixelFormat, PixelFrame

    target = _image_of(image)
    canvas = preview.CanvasPreview(target, target.get_layers()[0])
    for number, (x, y, width, height) in enumerate(places):
        frame = PixelFrame(width, height, PixelFormat.RGBA8, b"\xff" * (4 * width * height))
        canvas.show(Layer("", number, "dog", number, x, y, frame), rectangle(*window))
    seen = str(visible_pixels(image))
    canvas.clear()
    return seen


def active_around_preview(image: int) -> list[dict[str, list[int]]]:
    """What is active while a preview shows, and when it is gone."""
    _picture, rectangle = _plug_in_modules()
    import preview

    from wire.protocol import Layer, PixelFormat, PixelFrame

    target, told = _image_of(image), []
    canvas = preview.CanvasPreview(target, None)
    frame = PixelFrame(20, 10, PixelFormat.RGBA8, b"\xff" * 800)
    canvas.show(Layer("", 0, "dog", 0, 30, 30, frame), rectangle(20, 20, 60, 60))
    for _look in range(2):
        active = {"layers": target.get_selected_layers(), "channels": target.get_selected_channels()}
        told.append({kind: [item.get_id() for item in items] for kind, items in active.items()})
        canvas.clear()
    return told


def count_as_made(layer: int) -> None:
    """Has an object's layer remember the pixels that it has now as those that it was inserted with."""
    _plug_in_modules()
    from dataclasses import replace

    import layer_imprint
    import layer_marks

    item = Gimp.Item.get_by_id(layer)
    record = layer_marks.record_of(item)
    now = layer_imprint.imprint_of(item)
    layer_marks.remember(item, replace(record, imprint=now, place=layer_marks.layer_rectangle(item)))


def forget_imprint(layer: int) -> None:
    """Makes a record one of a version that kept no imprint."""
    _plug_in_modules()
    from dataclasses import replace

    import layer_marks

    item = Gimp.Item.get_by_id(layer)
    layer_marks.remember(item, replace(layer_marks.record_of(item), imprint=None))


def insert_with_a_broken_shadow(image: int, *, is_cast: bool) -> str:
    """Inserts two objects; the contact shadow of the second, or its cast shadow alone, cannot be painted once
    both are in. The exception's name."""
    _plug_in_modules()
    import object_layer

    from wire.layer_record import LayerRecord, Recipe
    from wire.protocol import Layer, PixelFormat, PixelFrame, Rect, Wish

    target = _image_of(image)
    pixels = PixelFrame(20, 10, PixelFormat.RGBA8, b"\xff" * 800)
    shadow = PixelFrame(20, 10, PixelFormat.RGBA8, b"\xff" * 799)
    broken = Layer("", 0, "dog", 1, 30, 40, pixels, shadow, 30, 50)
    if is_cast:
        broken = Layer("", 0, "dog", 1, 30, 40, pixels, pixels, 30, 50, shadow, 30, 60)
    whole = Layer("", 0, "dog", 1, 30, 40, pixels, pixels, 30, 50)
    record = LayerRecord(Recipe(Wish("dog", Rect(20, 30, 40, 40))), Rect(30, 40, 20, 10), "dog", "pair")
    try:
        made = [object_layer.Made(reply, record) for reply in (whole, broken)]
        object_layer.insert_all(target, made, target.get_layers()[0])
    except Exception as error:
        return type(error).__name__
    return ""


def claim_dialog(image: int) -> None:
    """Leaves behind what a dialog leaves that was killed."""
    _image_of(image).attach_parasite(Gimp.Parasite.new("insert-object-dialog", 0, b""))


def help_page() -> str:
    """The name of the help page that the dialog's button opens."""
    _plug_in_modules()
    import wording

    return str(wording.help_page().name)


def class_label(labels: dict[str, str]) -> str:
    """What the dialog calls a class that the daemon calls Dog, with these labels by language."""
    _plug_in_modules()
    import wording

    from wire.protocol import ClassInfo

    return str(wording.class_label(ClassInfo("dog", "Dog", labels=labels)))


def visible_labels(packs: list[str]) -> list[str]:
    """The labels that the dialog's form shows before its classes' styles, for a daemon with these packs."""
    _plug_in_modules()
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi

    GimpUi.init("tests")
    import reference_reader
    from earlier import Earlier
    from earlier_list import EarlierList
    from form import InsertForm

    from wire.protocol import ClassInfo, Limits, PackInfo, Welcome

    reader = reference_reader.ReferenceReader(None, lambda: None, lambda _text: None)
    earlier_list = EarlierList(Earlier(Gimp.Image.new(8, 8, Gimp.ImageBaseType.RGB)), print)
    form = InsertForm(lambda: None, lambda _index: None, reader, earlier_list, editing=False)
    form.show_all()
    classes = (ClassInfo("dog", "Dog"),)
    offered = tuple(PackInfo(name, name, classes) for name in packs)
    form.offer(Welcome("", 1, "", "", classes, Limits(), offered))
    labels = [widget for widget in form.get_children() if widget.get_name() == "GtkLabel"]
    rows = [(form.child_get_property(label, "top-attach"), label) for label in labels if label.get_visible()]
    return [label.get_text() for _row, label in sorted(rows, key=lambda row: row[0])][: 1 + bool(packs)]


def dialog_controls(*, editing: bool = False) -> dict[str, Any]:
    """The dialog's controls with their tooltips, and how large its thumbnails are at first and enlarged."""
    _plug_in_modules()
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi, Gtk

    GimpUi.init("tests")
    import reference_reader
    from dialog import InsertDialog
    from earlier import Earlier
    from thumbnails import LARGEST

    class Nobody:
        def settings_changed(self) -> None:
            pass

        variation_chosen = earlier_chosen = reset_pressed = retry_pressed = settings_changed

    reader = reference_reader.ReferenceReader(None, Nobody.settings_changed, Nobody.settings_changed)
    earlier = Earlier(Gimp.Image.new(8, 8, Gimp.ImageBaseType.RGB))
    dialog = InsertDialog(Nobody(), reader, earlier, editing=editing)
    kinds = (Gtk.Button, Gtk.ComboBox, Gtk.SpinButton, Gtk.Scale)
    found, waiting, images = [], [dialog.window], []
    while waiting:
        widget = waiting.pop()
        images += [widget] if isinstance(widget, Gtk.Image) and widget.get_tooltip_text() else []
        if isinstance(widget, kinds):
            name = widget.get_label() if isinstance(widget, Gtk.Button) else widget.get_name()
            found.append([name, widget.get_tooltip_text() or ""])
        elif isinstance(widget, Gtk.Container):
            waiting.extend(widget.get_children())
    sizes = [list(image.get_size_request()) for image in images]
    dialog.form.gallery.side = LARGEST
    enlarged = images[0].get_size_request()
    dialog.window.destroy()
    return {
        "controls": found,
        "thumbnails": len(images),
        "thumbnail": min(sizes),
        "enlarged": list(enlarged),
    }


def read_reference(kind: str, what: int | str) -> dict[str, Any]:
    """The plug-in's own reading of a layer (its id), of what is selected in an image, or of a file."""
    _plug_in_modules()
    import reference_picture

    from wire.protocol import InsertObjectError, Rect

    readers = {
        "layer": lambda: reference_picture.of_layer(Gimp.Layer.get_by_id(what)),
        "selection": lambda: reference_picture.of_selection(_image_of(what)),
        "file": lambda: reference_picture.of_file(Path(str(what))),
    }
    try:
        reference = readers[kind]()
    except InsertObjectError as error:
        return {"error": error.sentence}
    frame, outline = reference.pixels, reference.outline
    middle = 4 * (frame.height // 2 * frame.width + frame.width // 2)
    shape = reference_picture.shape_in(reference, Rect(10, 10, 40, 40), Rect(0, 0, 60, 60), (60, 60))
    return {
        "name": reference.name,
        "size": [frame.width, frame.height],
        "outline": outline and [outline.x, outline.y, outline.width, outline.height],
        "middle": list(bytes(frame.data)[middle : middle + 4]),
        "shape": shape and base64.b64encode(bytes(shape.data)).decode(),
    }


def class_list(names: list[str], favourites: list[str], typed: str) -> dict[str, Any]:
    """The order of a list of these classes of the shipped pack, and what typing chooses in it."""
    _plug_in_modules()
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi

    GimpUi.init("tests")
    from class_list import ClassList

    shown = ClassList(lambda _widget: None, lambda _widget: None)
    shown.favourites = tuple(favourites)
    shown.offer("", [(name, name) for name in names], names[0])
    shown.type_ahead(typed)
    return {"order": shown.names(), "chosen": shown.chosen}


def history_of(image: int) -> list[dict[str, Any]]:
    """What the plug-in reads of the history that an image keeps, oldest first."""
    _plug_in_modules()
    from earlier import Earlier

    def told(item: Any) -> dict[str, Any]:
        picture = item.picture
        size = [picture.get_width(), picture.get_height()] if picture is not None else None
        return {"seed": item.recipe.wish.seed, "size": size, "marked": item.marked}

    return [told(item) for item in Earlier(_image_of(image)).items]


def keep_alike(image: int, greys: list[int | None]) -> int:
    """Adds variations with the same numbers, each with the look of a picture of that grey; how many are
    kept."""
    _plug_in_modules()
    from earlier import Earlier, Seen

    from wire.layer_record import GivenLook, Recipe
    from wire.protocol import PixelFormat, PixelFrame, Wish

    earlier = Earlier(_image_of(image))
    for grey in greys:
        look = grey if grey is None else GivenLook.of(PixelFrame(1, 1, PixelFormat.RGBA8, bytes([grey] * 4)))
        earlier.add([Seen(Recipe(Wish("dog", seed=7), look=look), None)])
    return len(earlier.items)


def change_history(image: int, how: str) -> None:
    """Puts something crafted in place of the history that an image keeps."""
    target = _image_of(image)
    text = bytes(target.get_parasite("insert-object-history").get_data()).rstrip(b"\0")
    if how == "nested":
        text = b"[" * 100_000
    else:
        plain = json.loads(text)
        first, second, third = plain["variations"][:3]
        first["recipe"]["wish"]["seed"] = float("inf")
        second["packed"] = base64.b64encode(b"\xff\xd8\xff no picture").decode()
        buffer = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 4000, 3000)
        third["packed"] = base64.b64encode(bytes(buffer.save_to_bufferv("jpeg", [], [])[1])[:30_000]).decode()
        text = json.dumps(plain).encode()
    target.attach_parasite(Gimp.Parasite.new("insert-object-history", 1, text))


def use_menu(image: int, seed: int, words: str) -> str:
    """Chooses an entry of the menu of an earlier variation; gives what is on the clipboard then."""
    _plug_in_modules()
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import Gdk, GimpUi, Gtk

    GimpUi.init("tests")
    from earlier import Earlier
    from earlier_list import EarlierList

    earlier = Earlier(_image_of(image))
    item = next(item for item in earlier.items if item.recipe.wish.seed == seed)
    dict(EarlierList(earlier, print).entries_of(item))[words]()
    earlier.write()
    return str(Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text())


def _plug_in_modules() -> tuple[Any, Any]:
    """The installed plug-in's module ``picture``, and the class of rectangles it wants."""
    folder = str(Path(os.environ["GIMP3_DIRECTORY"]) / "plug-ins" / "insert-object")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import picture

    from wire.protocol import Rect

    return picture, Rect
