"""Krita is ended by force: what it saved by itself has the old object, and other promises are still run."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import check_promise, windowed
from tests.krita.harness import ARTIFACTS, KritaProfile
from tests.krita.inside.promises import ENDED_DURING
from tests.krita.provision import KritaPrograms

pytestmark = [pytest.mark.editors, pytest.mark.slow]

CRASHES = """
import os, signal

def promise_before(_figures):
    yield 5

def promise_that_crashes(_figures):
    print("its last words", flush=True)
    yield 5
    os.kill(os.getpid(), signal.SIGSEGV)

def promise_after(_figures):
    yield 5
"""


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
    failure = str(ended["promise_to_be_ended_in_the_middle_of_an_edit"]["failure"])
    assert failure.startswith(ENDED_DURING) and "SIGKILL" in failure, failure
    assert list(ARTIFACTS.glob("*ended.kra-autosave.kra")), "Krita did not save by itself"
    monkeypatch.setenv("INSERT_OBJECT_ONLY", "next_krita")
    found = run_windowed(["crash_promises"], stand_in_daemon)
    check_promise(found, "promise_the_next_krita_finds_the_object_and_the_preview")


def test_a_crash_fails_the_promise_in_which_it_is_and_no_other(
    krita_profile: KritaProfile, stand_in_daemon: PluginConfig, tmp_path: Path
) -> None:
    krita_profile.install(stand_in_daemon)
    script = tmp_path / "crashes.py"
    script.write_text(CRASHES)
    results = krita_profile.run_headless([script], tmp_path / "results.json")
    failure = str(results["promise_that_crashes"]["failure"])
    assert failure.startswith(ENDED_DURING), failure
    assert "SIGSEGV" in failure and "its last words" in failure, failure
    for name in ("promise_before", "promise_after"):
        check_promise(results, name)
