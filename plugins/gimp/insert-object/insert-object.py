#!/usr/bin/env python3
"""Filters ▸ Insert object… and Light layer like the scene…: new objects, and light for other layers."""

from __future__ import annotations

import sys

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - their versions come first


class InsertObject(Gimp.PlugIn):
    """What GIMP asks about this plug-in."""

    def do_set_i18n(self, _procedure: str) -> tuple[bool, str, None]:
        return True, "insert-object", None  # None: the folder locale/ beside this file

    def do_query_procedures(self) -> list[str]:
        import light_procedure
        import procedure

        return [procedure.NAME, light_procedure.NAME]

    def do_create_procedure(self, name: str) -> Gimp.Procedure | None:
        if name.endswith("-light"):
            import light_procedure

            return light_procedure.create(self) if name == light_procedure.NAME else None
        import procedure

        return procedure.create(self) if name == procedure.NAME else None


Gimp.main(InsertObject.__gtype__, sys.argv)
