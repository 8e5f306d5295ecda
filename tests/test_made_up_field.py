"""A field made up for the wish: its own line and one in each form carry it from every form to the engine.

Daemon and plug-in are copied, the lines added, and what the copy does is looked at; the docker's form is
tried in the same way in ``tests/krita/test_logic.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.changed_copy import Added, copy_with, run_in

GIMP = "plugins/gimp/insert-object"
ADDED: Added = {
    "wire/protocol/wish.py": {"    mirrored: bool = False": "    tilted: bool = False"},
    "daemon/commands/insert_options.py": {
        '    parser.add_argument("--json"': (
            '    parser.add_argument("--tilted", action="store_true", help="tilt it")'
        )
    },
    f"{GIMP}/settings.py": {'    "mirrored": (': '    "tilted": (N_("Tilted"), N_("Tilts it")),'},
}
REQUEST_AND_RECORD = """
import argparse
from daemon.client.arguments import WrongArgument, wish_of
from daemon.commands.insert_options import add_insert_options, asked_objects
from wire.layer_record import LayerRecord, Recipe
from wire.protocol import MalformedMessage, PixelFormat, PixelFrame, Rect, decode_request, encode
from wire.protocol.plain import from_plain, to_plain
from wire.request import insert_request

parser = argparse.ArgumentParser()
add_insert_options(parser)
options = parser.parse_args("a.png --box 0,0,9,9 --class dog -o b.png --tilted".split())
wish = asked_objects(options)[0].wish
assert wish.tilted and wish == wish_of("dog", (0, 0, 9, 9), {"tilted": True})
assert not wish_of("dog", (0, 0, 9, 9), {}).tilted
request = insert_request(wish, 9, 9, PixelFrame(9, 9, PixelFormat.RGB8, bytes(243)))
assert decode_request(encode(request)).wish.tilted
assert LayerRecord.from_json(LayerRecord(Recipe(wish), Rect(0, 0, 9, 9)).to_json()).wish.tilted
for judge in (
    lambda: wish_of("dog", (0, 0, 9, 9), {"tilted": "much"}),
    lambda: from_plain(type(wish), {**to_plain(wish), "tilted": "much"}, "wish"),
):
    try:
        judge()
    except (WrongArgument, MalformedMessage) as error:
        assert "tilted" in str(error)
    else:
        raise AssertionError("a wrong value is taken")
"""
WHAT_GIMP_KEEPS = """
import sys, types
sys.modules["gi"] = types.ModuleType("gi")
sys.modules["gi.repository"] = types.SimpleNamespace(Gimp=types.SimpleNamespace(ProcedureConfig=None))
from dataclasses import replace
from settings import SWITCHES, Settings
from wire.protocol import Wish

class Config(dict):
    get_property, set_property = dict.get, dict.__setitem__

config = Config()
Settings(Wish("dog", tilted=True)).to_config(config)
assert config["tilted"] is True and "tilted" in SWITCHES
assert Settings.from_config(config).wish == Wish("dog", tilted=True)
"""


@pytest.fixture(scope="module")
def changed_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with the lines of ADDED."""
    return copy_with(ADDED, ("wire", "daemon", GIMP), tmp_path_factory.mktemp("made-up"))


@pytest.mark.parametrize(
    ("script", "folders"), [(REQUEST_AND_RECORD, ("",)), (WHAT_GIMP_KEEPS, (GIMP, ""))], ids=["wire", "gimp"]
)
def test_a_made_up_field_is_carried_by_its_own_line_and_one_a_form(
    script: str, folders: tuple[str, ...], changed_copy: Path
) -> None:
    run_in(changed_copy, "-c", script, folders=folders)
