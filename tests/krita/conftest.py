"""Krita for the tests: found or installed, with a profile of its own and a daemon to talk to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import WEIGHTS, RunningDaemon, end_daemon
from tests.krita.harness import HERE, ROOT, KritaProfile, Results, daemon_config
from tests.krita.provision import KritaPrograms, NoKrita, find_krita

RunWindowed = Callable[[Sequence[str], PluginConfig], Results]
STAND_IN_DAEMON = str(ROOT / "tests" / "stand_in_daemon.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--krita-root",
        metavar="FOLDER",
        help="test in the Krita of this root folder (see tests/krita/provision.py), not in the system's",
    )


@pytest.fixture(scope="session")
def krita_programs(pytestconfig: pytest.Config) -> KritaPrograms:
    """Krita itself; skips with the reason where there is none."""
    root = pytestconfig.getoption("--krita-root", None)
    try:
        return find_krita(Path(root).resolve() if root else None)
    except NoKrita as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def krita_profile(krita_programs: KritaPrograms, tmp_path_factory: pytest.TempPathFactory) -> KritaProfile:
    """A profile for the whole run: Krita's first start in a fresh one takes long."""
    return KritaProfile(tmp_path_factory.mktemp("krita-home"), krita_programs)


@pytest.fixture(scope="session")
def daemon_for_krita(
    request: pytest.FixtureRequest,
) -> Iterator[PluginConfig]:
    """A plug-in's configuration for the daemon with the shipped weights, else with the stand-in engine."""
    if (WEIGHTS / "manifest.json").exists():
        shared: RunningDaemon = request.getfixturevalue("shared_daemon")
        shared.ensure_running()
        yield daemon_config(shared.home, "-m", "daemon.command_line", "daemon", "run")
        return
    yield request.getfixturevalue("stand_in_daemon")


@pytest.fixture(scope="session")
def stand_in_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginConfig]:
    """A real daemon with the stand-in engine, which has a further pack and shadows of one colour."""
    home = tmp_path_factory.mktemp("stand-in-daemon")
    yield daemon_config(home, STAND_IN_DAEMON)
    end_daemon(home)


@pytest.fixture(scope="session")
def slow_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginConfig]:
    """A real daemon whose stand-in engine takes its time, so that something can happen in between."""
    home = tmp_path_factory.mktemp("slow-home")
    yield daemon_config(home, STAND_IN_DAEMON, "--stage-seconds", "0.7")
    end_daemon(home)


@pytest.fixture(scope="session")
def run_windowed(krita_profile: KritaProfile, tmp_path_factory: pytest.TempPathFactory) -> RunWindowed:
    """Runs scripts of promises in Krita's window; skips where there is no X server to be had."""
    return windowed(krita_profile, tmp_path_factory)


def windowed(krita_profile: KritaProfile, tmp_path_factory: pytest.TempPathFactory) -> RunWindowed:
    """What runs scripts of promises in the window of the Krita of a profile."""

    def run(names: Sequence[str], config: PluginConfig) -> Results:
        missing = krita_profile.programs.missing_for_windows
        if missing:
            pytest.skip(f"not in PATH: {', '.join(missing)}")
        krita_profile.install(config)
        results = tmp_path_factory.mktemp("results") / "results.json"
        scripts = [HERE / "inside" / f"{name}.py" for name in names]
        return krita_profile.run_windowed(scripts, results)

    return run


def promises_of(*scripts: str) -> list[str]:
    """The names of the scripts' promises, in their order."""
    names = []
    for script in scripts:
        tree = ast.parse((HERE / "inside" / f"{script}.py").read_text(encoding="utf-8"))
        names += [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if name.startswith("promise_")]


def check_promise(results: Results, name: str) -> None:
    """Fails with what went wrong inside Krita."""
    failure = results[name]["failure"]
    assert failure is None, failure
    if results[name]["figures"]:
        print(f"{name}: {results[name]['figures']}")
