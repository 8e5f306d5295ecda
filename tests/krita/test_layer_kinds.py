"""What the plug-in does with every kind of layer, copies and selections, and to which; in Krita's window."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import RunWindowed, check_promise, promises_of
from tests.krita.harness import Results

SCRIPTS = ("layer_kind_promises", "right_place_promises")
pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(run_windowed: RunWindowed, stand_in_daemon: PluginConfig) -> Results:
    return run_windowed(SCRIPTS, stand_in_daemon)


@pytest.mark.parametrize("promise", promises_of(*SCRIPTS))
def test_krita_keeps(promise: str, results: Results) -> None:
    check_promise(results, promise)
