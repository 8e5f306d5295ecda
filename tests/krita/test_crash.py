"""Krita is ended by force in the middle of an edit: what it had saved by itself has the old object."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import check_promise, windowed
from tests.krita.harness import ARTIFACTS, KritaProfile
from tests.krita.provision import KritaPrograms

pytestmark = [pytest.mark.editors, pytest.mark.slow]


def test_an_edit_survives_the_end_of_krita(
    krita_programs: KritaPrograms,
    tmp_path_factory: pytest.TempPathFactory,
    stand_in_daemon: PluginConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What a Krita that was ended by force leaves behind makes later ones end, too: a profile of its own.
    profile = KritaProfile(tmp_path_factory.mktemp("ended-krita-home"), krita_programs)
    run_windowed = windowed(profile, tmp_path_factory)
    monkeypatch.setenv("INSERT_OBJECT_ONLY", "ended_in_the_middle")
    ended = run_windowed(["crash_promises"], stand_in_daemon)
    failure = ended["promise_to_be_ended_in_the_middle_of_an_edit"]["failure"]
    assert failure == "Krita ended during this promise", failure
    assert list(ARTIFACTS.glob("*ended.kra-autosave.kra")), "Krita did not save by itself"
    monkeypatch.setenv("INSERT_OBJECT_ONLY", "next_krita")
    found = run_windowed(["crash_promises"], stand_in_daemon)
    check_promise(found, "promise_the_next_krita_finds_the_object_and_the_preview")
