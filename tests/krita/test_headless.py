"""Pixels, colour spaces and places in a real Krita without a window, with the real daemon."""

from __future__ import annotations

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.krita.conftest import check_promise, promises_of
from tests.krita.harness import HERE, KritaProfile, Results

pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(
    krita_profile: KritaProfile, daemon_for_krita: PluginConfig, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    krita_profile.install(daemon_for_krita)
    path = tmp_path_factory.mktemp("results") / "headless.json"
    return krita_profile.run_headless([HERE / "inside" / "headless_promises.py"], path)


@pytest.mark.parametrize("promise", promises_of("headless_promises"))
def test_krita_keeps(promise: str, results: Results) -> None:
    check_promise(results, promise)
