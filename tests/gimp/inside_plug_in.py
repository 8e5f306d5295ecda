"""What tests do with the plug-in inside GIMP: run it, ask about it, measure it. Imported by inside.py."""

from __future__ import annotations

import base64
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from gi.repository import Gimp
from inside_images import _image_of

PROCEDURE = "plug-in-insert-object"


def insert(image: int, run_mode: str = "NONINTERACTIVE", **arguments: Any) -> dict[str, Any]:
    """Runs the procedure; its status, error and layer, and the time it took."""
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    config = procedure.create_config()
    target = _image_of(image)
    config.set_property("run-mode", getattr(Gimp.RunMode, run_mode))
    config.set_property("image", target)
    config.set_core_object_array("drawables", target.get_selected_layers())
    for name, value in arguments.items():
        config.set_property(name.replace("_", "-"), value)
    began = time.perf_counter()
    values = procedure.run(config)
    seconds = time.perf_counter() - began
    status = values.index(0)
    layer = values.index(1) if status == Gimp.PDBStatusType.SUCCESS else None
    return {
        "status": status.value_nick,
        "error": "" if layer is not None else Gimp.get_pdb().get_last_error(),
        "layer": None if layer is None else layer.get_id(),
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


def selection_shape(image: int, window: list[int], size: list[int]) -> str:
    """The plug-in's own reading of the selection in a window, a8 in base64."""
    picture, rectangle = _plug_in_modules()
    frame = picture.selection_shape(_image_of(image), rectangle(*window), tuple(size))
    return base64.b64encode(frame.data).decode()


def read_window(image: int, window: list[int], size: list[int]) -> dict[str, Any]:
    """The plug-in's own reading of what the user sees, and how many MiB more this process took for it."""
    picture, rectangle = _plug_in_modules()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    frame = picture.visible_pixels(_image_of(image), rectangle(*window), tuple(size))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"pixels": base64.b64encode(frame.data).decode(), "mebibytes": grown / 1024}


def _plug_in_modules() -> tuple[Any, Any]:
    """The installed plug-in's module ``picture``, and the class of rectangles it wants."""
    folder = str(Path(os.environ["GIMP3_DIRECTORY"]) / "plug-ins" / "insert-object")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import picture
    from client.protocol import Rect

    return picture, Rect
