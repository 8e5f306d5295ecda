"""What the plug-in does in Krita's window, driven from inside, with the real daemon."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import RunWindowed, check_promise, promises_of
from tests.krita.harness import Results

SCRIPTS = ("insert_promises", "live_and_edit_promises", "picture_promises")
pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(run_windowed: RunWindowed, daemon_for_krita: PluginConfig) -> Results:
    return run_windowed(SCRIPTS, daemon_for_krita)


@pytest.mark.parametrize("promise", promises_of(*SCRIPTS))
def test_krita_keeps(promise: str, results: Results) -> None:
    check_promise(results, promise)
