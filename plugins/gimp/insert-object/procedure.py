"""The procedure ``plug-in-insert-object``: its menu entry, its arguments, its ways to run."""

from __future__ import annotations

from dataclasses import replace

import changed_layer
import light_procedure
import picture
import preview
import reference_picture
from changed_layer import Way
from gi.repository import Gimp, Gio, GObject
from guard import ICON, guarded
from settings import FIRST_WISH, SHAPE_AUTOMATIC, SHAPE_FREE, SHAPE_GIVEN, SWITCHES, Settings, roll_seed
from subject import EditedObject, Subject, choose_subject
from thumbnails import LARGEST, SMALLEST
from wording import _

from wire.protocol import MAX_SEED, Rect
from wire.request import sent_area
from wire.sentences import N_

NAME = "plug-in-insert-object"
_READ_WRITE = GObject.ParamFlags.READWRITE
_BOX = ("box-x", "box-y", "box-width", "box-height")


def create(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    """Describes the procedure to GIMP."""
    procedure = Gimp.ImageProcedure.new(plug_in, NAME, Gimp.PDBProcType.PLUGIN, guarded(_run), None)
    procedure.set_image_types("*")  # indexed images too: they get an explanation instead of a grey menu
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
    procedure.set_menu_label(_("Insert _object..."))
    procedure.set_icon_file(Gio.File.new_for_path(str(ICON)))
    procedure.add_menu_path("<Image>/Filters")
    procedure.set_documentation(
        _("Insert a generated object, lit like the scene, into the selection"),
        _(
            "A local service draws an object of the chosen class into the selected box. It arrives as a new "
            "layer above the active one. On an object layer without another selection it edits that object."
        ),
        None,
    )
    procedure.set_attribution("Insert Object", "Insert Object", "2026")
    _add_arguments(procedure)
    procedure.add_layer_return_value("layer", _("Layer"), _("The layer with the object"), True, _READ_WRITE)
    procedure.add_layer_return_value(
        "shadow-layer", _("Shadow"), _("The layer with its contact shadow, if it has one"), True, _READ_WRITE
    )
    return procedure


def _add_arguments(procedure: Gimp.Procedure) -> None:
    shapes = Gimp.Choice.new()
    shapes.add(SHAPE_AUTOMATIC, 0, _("Automatic"), _("A selection that is not a rectangle is the shape"))
    shapes.add(SHAPE_GIVEN, 1, _("Given"), _("The selection, or the edited layer, is the shape"))
    shapes.add(SHAPE_FREE, 2, _("Free"), _("Only the box counts"))
    procedure.add_string_argument(
        "object-class",
        _("C_lass"),
        _("What to insert, by its English name; empty: the first class there is"),
        "",
        _READ_WRITE,
    )
    procedure.add_string_argument(
        "style", _("S_tyle"), _("One of the class's style presets; empty: from the seed"), "", _READ_WRITE
    )
    procedure.add_int_argument(
        "seed", _("_Seed"), _("The same seed gives the same object"), 0, MAX_SEED, 0, _READ_WRITE
    )
    procedure.add_choice_argument(
        "shape", _("Sh_ape"), _("What the object's shape comes from"), shapes, SHAPE_AUTOMATIC, _READ_WRITE
    )
    ways = Gimp.Choice.new()
    ways.add(Way.REFUSE.value, 0, _("Refuse"), _("The layer stays as it is, with a message"))
    ways.add(Way.LIGHT.value, 1, _("Light"), _("Its own pixels take the light of where it is"))
    ways.add(Way.ABOVE.value, 2, _("Above"), _("The new object comes on a layer of its own above"))
    ways.add(Way.REPAINT.value, 3, _("Repaint"), _("The new object covers what was done to the old one"))
    procedure.add_choice_argument(
        "changed",
        _("C_hanged layer"),
        _("What an edit does to a layer that was painted on, erased or filtered since it was inserted"),
        ways,
        Way.REFUSE.value,
        _READ_WRITE,
    )
    for name, words in zip(
        _BOX, (N_("Box left"), N_("Box top"), N_("Box width"), N_("Box height")), strict=True
    ):
        procedure.add_int_argument(
            name,
            _(words),
            _("In image pixels; with a width or height of 0 the selection is the box"),
            0 if "width" in name or "height" in name else -300_000,
            600_000,
            0,
            _READ_WRITE,
        )
    procedure.add_string_argument(
        "pack",
        _("_Model pack"),
        _("The name of a model pack of your own; empty: the one that is shipped"),
        "",
        _READ_WRITE,
    )
    for field, (words, tooltip) in SWITCHES.items():
        name = field.replace("_", "-")
        procedure.add_boolean_argument(name, _(words), _(tooltip), getattr(FIRST_WISH, field), _READ_WRITE)
    procedure.add_boolean_aux_argument(
        "show-preview",
        _("_Preview on the picture"),
        _("Show the object before it is inserted"),
        True,
        _READ_WRITE,
    )
    procedure.add_boolean_aux_argument(
        "keep-seed", _("Keep the seed"), _("Begin the next object with the same seed"), False, _READ_WRITE
    )
    procedure.add_int_aux_argument(
        "thumbnail-size",
        _("Size of the thumbnails"),
        _("How large the variations are shown"),
        SMALLEST,
        LARGEST,
        SMALLEST,
        _READ_WRITE,
    )


def _run(run_mode: Gimp.RunMode, image: Gimp.Image, config: Gimp.ProcedureConfig) -> Gimp.Layer | None:
    preview.remove_leftovers(image)
    settings = Settings.from_config(config)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        return _with_dialog(image, settings, config)
    if run_mode == Gimp.RunMode.WITH_LAST_VALS:
        settings = replace(settings, wish=replace(settings.wish, seed=roll_seed()), use_shape=None)
        config.set_property("seed", settings.wish.seed)
        subject = choose_subject(image, box=None, prefer_new=True)
    else:
        subject = choose_subject(image, box=_box(config), prefer_new=False)
    if isinstance(subject, EditedObject) and subject.standing.is_changed:
        way = Way(config.get_property("changed"))
        if way is Way.LIGHT:
            return light_procedure.light(image, 1.0, shadow=False)
        hint = _("Set “changed” to “light”, “above” (on a new layer) or “repaint”.")
        if run_mode == Gimp.RunMode.WITH_LAST_VALS:
            hint = _("Choose Filters ▸ Insert object…, which asks what to do.")
        subject = changed_layer.taken(subject, way, hint)
    _check_box(subject, settings)
    from unattended import UnattendedInsertion  # its threads and sockets take long to import

    return UnattendedInsertion(subject, settings).run()


def _box(config: Gimp.ProcedureConfig) -> Rect | None:
    x, y, width, height = (config.get_property(name) for name in _BOX)
    return Rect(x, y, width, height) if width > 0 and height > 0 else None


def _check_box(subject: Subject, settings: Settings) -> None:
    """Refuses a box that cannot be used before the daemon is started for it."""
    ground = subject.ground()
    if ground is not None:
        box = subject.box(ground, use_shape=bool(settings.use_shape))
        sent_area(box, subject.image.get_width(), subject.image.get_height())


def _with_dialog(image: Gimp.Image, settings: Settings, config: Gimp.ProcedureConfig) -> Gimp.Layer | None:
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi

    picture.start_gegl()
    GimpUi.init(NAME)
    from live import LiveInsertion  # needs GTK, which an unattended run must not

    if not _offer_conversion(image):
        return None
    subject = choose_subject(image, box=None, prefer_new=False)
    if isinstance(subject, EditedObject):
        model = reference_picture.of_recipe(subject.record.recipe)
        settings = replace(settings, wish=subject.wish, model=model)
        if subject.standing.is_changed:
            way = changed_layer.ask(subject)
            if way is None:
                return None
            if way is Way.LIGHT:
                return light_procedure.light_in_dialog(image, None)
            subject = changed_layer.taken(subject, way)
    elif not settings.keep_seed:
        settings = replace(settings, wish=replace(settings.wish, seed=roll_seed()))
    live = LiveInsertion(subject, settings)
    layer = live.run()
    if layer is not None:
        replace(live.chosen, use_shape=None).to_config(config)
    return layer


def _offer_conversion(image: Gimp.Image) -> bool:
    """An indexed image becomes an RGB one if the user agrees; True when the filter can go on."""
    if image.get_base_type() != Gimp.ImageBaseType.INDEXED:
        return True
    from dialog import ask

    agreed = ask(
        _("Insert Object"),
        _("This picture has a fixed table of colours, which an object cannot be drawn with."),
        _("It can be converted to RGB first. Undo takes that back."),
        yes=_("Convert to _RGB"),
    )
    if agreed:
        image.convert_rgb()
        Gimp.displays_flush()
    return agreed
