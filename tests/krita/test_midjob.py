"""What the plug-in does at its first use, and when a job is interrupted: cancelled, closed, killed."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import RunWindowed, check_promise, promises_of
from tests.krita.harness import Results

SCRIPTS = ("first_use_promises", "midjob_promises")
pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(run_windowed: RunWindowed, slow_daemon: PluginConfig) -> Results:
    return run_windowed(SCRIPTS, slow_daemon)


@pytest.mark.parametrize("promise", promises_of(*SCRIPTS))
def test_krita_keeps(promise: str, results: Results) -> None:
    check_promise(results, promise)
