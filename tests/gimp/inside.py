"""Runs inside GIMP: answers the calls of the tests over a socket.

GIMP's batch interpreter executes this file. Every public function of the modules beside it can be
called from a test by its name, with plain values both ways.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from types import ModuleType
from typing import Any

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp  # noqa: E402 - their versions come first

sys.path.insert(0, os.environ["INSERT_OBJECT_TESTS"])
import inside_images  # noqa: E402 - found through the line above
import inside_layers  # noqa: E402
import inside_plug_in  # noqa: E402
import inside_reading  # noqa: E402


def public_functions(module: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }


def serve(path: str) -> None:
    """Answers one client until it says quit; a call's exception goes back as its traceback."""
    calls = public_functions(inside_images) | public_functions(inside_layers)
    calls |= public_functions(inside_plug_in) | public_functions(inside_reading)
    Gegl.init(None)
    # a layer that goes while a test asks about it is an answer to the test, not a message box over the canvas
    Gimp.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    connection, _address = server.accept()
    with connection, connection.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if message["name"] == "quit":
                break
            try:
                function = calls[message["name"]]
                answer = {"result": function(*message["positional"], **message["named"])}
            except Exception:
                answer = {"error": traceback.format_exc()}
            lines.write(json.dumps(answer) + "\n")
            lines.flush()


serve(os.environ["INSERT_OBJECT_TEST_SOCKET"])
