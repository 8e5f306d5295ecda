"""The edge between the plug-in and GIMP: whatever goes wrong in a run reaches the user as a sentence."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import layer_marks
from gi.repository import Gimp, GLib, GObject
from parasites import ShadowKind
from wording import _, explain

from wire.protocol import InsertObjectError

Run = Callable[[Gimp.RunMode, Gimp.Image, Gimp.ProcedureConfig], "Gimp.Layer | None"]
ICON = Path(__file__).resolve().parent / "insert-object.svg"


def guarded(run: Run, kinds: Sequence[ShadowKind] = (ShadowKind.CONTACT,)) -> Callable[..., Gimp.ValueArray]:
    """What GIMP calls for a filter that gives a layer, or None where the user cancelled; its values are the
    layer and its shadows of these kinds."""

    def called(
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        _drawables: list[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        _data: Any,
    ) -> Gimp.ValueArray:
        return _run_guarded(procedure, image, lambda: run(run_mode, image, config), kinds)

    return called


def _run_guarded(
    procedure: Gimp.Procedure,
    image: Gimp.Image,
    run: Callable[[], Gimp.Layer | None],
    kinds: Sequence[ShadowKind],
) -> Gimp.ValueArray:
    """GIMP tells of an exception that leaves a procedure only that there was one."""
    status = Gimp.PDBStatusType
    try:
        # A picture that is closed, or a layer that is deleted, while it is looked at is no news for the user.
        Gimp.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
        layer = run()
    except InsertObjectError as error:
        return procedure.new_return_values(status.EXECUTION_ERROR, _gerror(explain(error)))
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        text = _("Insert Object has a fault: {fault}").format(fault=f"{type(error).__name__}: {error}")
        return procedure.new_return_values(status.EXECUTION_ERROR, _gerror(text))
    finally:
        Gimp.displays_flush()
    if layer is None:
        return procedure.new_return_values(status.CANCEL, GLib.Error())
    values = procedure.new_return_values(status.SUCCESS, GLib.Error())
    pair = layer_marks.pair_of(layer)
    shadows = [layer_marks.shadow_of(image, layer, pair, kind) for kind in kinds]
    for index, value in enumerate((layer, *shadows), 1):
        values.remove(index)
        values.insert(index, GObject.Value(Gimp.Layer, value))
    return values


def _gerror(text: str) -> GLib.Error:
    return GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
