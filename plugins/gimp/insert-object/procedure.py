"""The procedure ``plug-in-insert-object``: its menu entry, its arguments, its ways to run."""

from __future__ import annotations

from dataclasses import replace

import arguments
import changed_layer
import light_procedure
import one_dialog
import picture
import preview
import reference_picture
from changed_layer import Way
from gi.repository import Gimp, Gio, GObject
from guard import ICON, guarded
from parasites import ShadowKind
from settings import ANY_SEED, Settings
from subject import EditedObject, Subject, choose_subject
from wording import _

from wire.request import sent_area

NAME = "plug-in-insert-object"
_READ_WRITE = GObject.ParamFlags.READWRITE


def create(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    """Describes the procedure to GIMP."""
    procedure = Gimp.ImageProcedure.new(
        plug_in, NAME, Gimp.PDBProcType.PLUGIN, guarded(_run, tuple(ShadowKind)), None
    )
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
    arguments.add(procedure)
    procedure.add_layer_return_value("layer", _("Layer"), _("The layer with the object"), True, _READ_WRITE)
    arguments.add_shadow_results(procedure)
    return procedure


def _run(run_mode: Gimp.RunMode, image: Gimp.Image, config: Gimp.ProcedureConfig) -> Gimp.Layer | None:
    arguments.check(config)
    settings = Settings.from_config(config)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        with one_dialog.only_one(image) as is_free:
            if not is_free:
                return None
            preview.remove_leftovers(image)
            return _with_dialog(image, settings, config)
    if not one_dialog.is_open(image):
        preview.remove_leftovers(image)
    if run_mode == Gimp.RunMode.WITH_LAST_VALS:
        settings = replace(settings.rolled(), use_shape=None, each_part=None)
        subject = choose_subject(image, box=None, prefer_new=True)
    else:
        if settings.wish.seed == ANY_SEED:
            settings = settings.rolled()
        subject = choose_subject(image, box=arguments.box(config), prefer_new=False)
    if isinstance(subject, EditedObject) and subject.standing.is_changed:
        way = arguments.way(config)
        if way is Way.LIGHT:
            return light_procedure.light(image, 1.0)
        hint = _("Set “changed” to “light”, “above” (on a new layer) or “repaint”.")
        if run_mode == Gimp.RunMode.WITH_LAST_VALS:
            hint = _("Choose Filters ▸ Insert object…, which asks what to do.")
        subject = changed_layer.taken(subject, way, hint)
    _check_box(subject, settings)
    from unattended import UnattendedInsertion  # its threads and sockets take long to import

    return UnattendedInsertion(subject, settings).run()


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
    elif not settings.keep_seed or settings.wish.seed == ANY_SEED:
        settings = settings.rolled()
    live = LiveInsertion(subject, settings)
    try:
        layer = live.run()
    except changed_layer.LightInstead:
        return light_procedure.light_in_dialog(image, None)
    if layer is not None:
        live.chosen.to_config(config)
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
