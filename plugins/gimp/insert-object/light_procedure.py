"""The procedure ``plug-in-insert-object-light``: Filters ▸ Light layer like the scene…"""

from __future__ import annotations

from dataclasses import replace

import arguments
import cut_out
import layer_marks
import one_dialog
import picture
import preview
from gi.repository import Gimp, Gio, GObject
from guard import ICON, guarded
from parasites import ShadowKind
from settings import SWITCHES, keep_shadows, with_shadows
from wording import _

from wire.protocol import WITHOUT_SHADOWS, Wish

NAME = "plug-in-insert-object-light"
_READ_WRITE = GObject.ParamFlags.READWRITE


def create(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    """Describes the procedure to GIMP."""
    procedure = Gimp.ImageProcedure.new(
        plug_in, NAME, Gimp.PDBProcType.PLUGIN, guarded(_run, tuple(ShadowKind)), None
    )
    procedure.set_image_types("*")  # what cannot be lit gets an explanation instead of a grey menu
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
    procedure.set_menu_label(_("Light layer li_ke the scene..."))
    procedure.set_icon_file(Gio.File.new_for_path(str(ICON)))
    procedure.add_menu_path("<Image>/Filters")
    procedure.set_documentation(
        _("Give a cut-out, or an inserted object, the light of the picture around it"),
        _(
            "The active layer's own pixels take the scene's light: nothing is repainted, and its alpha stays "
            "as it is. Its own pixels are kept with it: run on it again, the filter begins with them, and "
            "with strength 0 it brings them back."
        ),
        None,
    )
    procedure.set_attribution("Insert Object", "Insert Object", "2026")
    procedure.add_double_argument(
        "strength",
        _("_Strength"),
        _("How much of the scene's light the layer gets, in percent; 0 takes it off"),
        0.0,
        100.0,
        100.0,
        _READ_WRITE,
    )
    procedure.add_boolean_argument(
        "shadow",
        _("Contact shado_w"),
        _("A soft shadow on the ground, as a layer below this one"),
        False,
        _READ_WRITE,
    )
    words, tooltip = SWITCHES["cast_shadow"]
    procedure.add_boolean_argument("cast-shadow", _(words), _(tooltip), False, _READ_WRITE)
    arguments.add_cast(procedure)
    procedure.add_layer_return_value("layer", _("Layer"), _("The layer that was lit"), True, _READ_WRITE)
    arguments.add_shadow_results(procedure)
    return procedure


def _run(run_mode: Gimp.RunMode, image: Gimp.Image, config: Gimp.ProcedureConfig) -> Gimp.Layer | None:
    arguments.check_cast(config)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        with one_dialog.only_one(image) as is_free:
            if not is_free:
                return None
            preview.remove_leftovers(image)
            return light_in_dialog(image, config)
    if not one_dialog.is_open(image):
        preview.remove_leftovers(image)
    return light(image, config.get_property("strength") / 100, with_shadows(WITHOUT_SHADOWS, config))


def light(image: Gimp.Image, strength: float, wish: Wish = WITHOUT_SHADOWS) -> Gimp.Layer:
    """Gives the active layer light, and the shadows of a wish, without a dialog.

    Raises:
        InsertObjectError: with the sentence for the user; the image is unchanged then.
    """
    from light_unattended import UnattendedLight  # its threads and sockets take long to import

    return UnattendedLight(image, cut_out.layer_to_light(image), strength, wish).run()


def light_in_dialog(image: Gimp.Image, config: Gimp.ProcedureConfig | None) -> Gimp.Layer | None:
    """Gives the active layer light as the user chooses; ``config`` keeps the choice. None: cancelled.

    Raises:
        InsertObjectError: it cannot be lit; this is told before a dialog opens.
    """
    layer = cut_out.layer_to_light(image)
    cut_out.read_cut_out(image, layer)
    import gi

    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi

    picture.start_gegl()
    GimpUi.init(NAME)
    from light_live import Choice, LiveLight  # needs GTK, which an unattended run must not

    before = layer_marks.light_of(layer)
    begin = before.strength if before is not None and before.strength > 0 else 1.0
    record = layer_marks.record_of(layer)
    wish = WITHOUT_SHADOWS if record is None else replace(record.wish, shadow=False, cast_shadow=False)
    live = LiveLight(image, layer, Choice(begin, wish))
    result = live.run()
    if result is not None and config is not None:
        config.set_property("strength", 100 * live.choice.strength)
        keep_shadows(live.choice.wish, config)
    return result
