"""Krita is ended by force in the middle of an edit: what it had saved by itself has the old object."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import RunWindowed, check_promise
from tests.krita.harness import ARTIFACTS

pytestmark = [pytest.mark.editors, pytest.mark.slow]


def test_an_edit_survives_the_end_of_krita(
    run_windowed: RunWindowed, stand_in_daemon: PluginConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSERT_OBJECT_ONLY", "ended_in_the_middle")
    ended = run_windowed(["crash_promises"], stand_in_daemon)
    failure = ended["promise_to_be_ended_in_the_middle_of_an_edit"]["failure"]
    assert failure == "Krita ended during this promise", failure
    assert list(ARTIFACTS.glob("*ended.kra-autosave.kra")), "Krita did not save by itself"
    monkeypatch.setenv("INSERT_OBJECT_ONLY", "next_krita")
    found = run_windowed(["crash_promises"], stand_in_daemon)
    check_promise(found, "promise_the_next_krita_finds_the_object_and_the_preview")
