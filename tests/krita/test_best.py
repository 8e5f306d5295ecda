"""The best of a row of seeds, chosen by a real daemon whose networks are small and untrained but judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import end_daemon
from tests.krita.conftest import RunWindowed, check_promise, promises_of
from tests.krita.harness import Results, daemon_config
from tests.tiny_weights import write_tiny_weights

SCRIPT = "best_promises"
pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.fixture(scope="module")
def judging_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginConfig]:
    home = tmp_path_factory.mktemp("judging-daemon")
    write_tiny_weights(home / "weights", judging=True)
    config = daemon_config(home, "-m", "daemon.command_line", "daemon", "run")
    yield replace(
        config, start_command=("env", f"INSERT_OBJECT_WEIGHTS={home / 'weights'}", *config.start_command)
    )
    end_daemon(home)


@pytest.fixture(scope="module")
def results(run_windowed: RunWindowed, judging_daemon: PluginConfig) -> Results:
    return run_windowed([SCRIPT], judging_daemon)


@pytest.mark.parametrize("promise", promises_of(SCRIPT))
def test_krita_keeps(promise: str, results: Results) -> None:
    check_promise(results, promise)
