"""The private environment after something around it has changed: the system's Python, the graphics card."""

from __future__ import annotations

import hashlib
import os
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from installer.computer import environment
from installer.computer.environment import LOCK, TORCH_CPU_LOCK, Environment, torch_lock
from installer.computer.places import Places
from installer.launcher import write_launcher
from installer.program import (
    NVIDIA_SPACE,
    PROCESSOR_SPACE,
    OwnCodeStep,
    PackagesStep,
    SpaceStep,
    TorchStep,
    fingerprint,
    needed_space,
    program_files,
)
from installer.record import Record

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="lays links as Linux and macOS do")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    data = tmp_path / "data"
    data.mkdir()
    return Places(tmp_path, data, {"PATH": os.environ["PATH"]}, "linux")


@pytest.fixture
def record(places: Places) -> Record:
    """The record of an installation that worked, with an environment to it."""
    make_environment(places.environment)
    write_launcher(places.program, places.environment.python)
    return Record(
        places.record,
        packages=fingerprint(LOCK),
        torch=fingerprint(torch_lock()),
        program=fingerprint(*program_files()),
    )


def make_environment(environment: Environment, _python: Path = Path(sys.executable)) -> None:
    venv.create(environment.folder, with_pip=False, symlinks=True)


def upgrade_the_systems_python(environment: Environment) -> None:
    """As a new release of the system does: the link leads to a Python that has no packages here."""
    folder = environment.site_packages().parent
    folder.rename(folder.with_name("python3.9"))


@pytest.mark.usefixtures("record")
def test_an_environment_works_while_its_python_is_the_one_it_was_made_with(places: Places) -> None:
    assert places.environment.works()
    upgrade_the_systems_python(places.environment)
    assert not places.environment.works()
    places.environment.python.unlink()
    assert not places.environment.works()


def test_after_an_upgrade_of_the_systems_python_the_environment_is_made_anew(
    places: Places, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (PackagesStep(places, record), TorchStep(places, record))
    assert [step.is_done() for step in steps] == [True, True]
    upgrade_the_systems_python(places.environment)
    assert [step.is_done() for step in (*steps, OwnCodeStep(places, record))] == [False, False, False]
    monkeypatch.setattr(Environment, "create", make_environment)
    monkeypatch.setattr(Environment, "install_locked", lambda *_: None)
    steps[0].do()
    assert places.environment.works()
    assert not (places.environment.folder / "lib" / "python3.9").exists()
    assert (record.torch, record.program) == ("", ""), "they went with the old environment"


def test_a_python_that_does_not_run_is_no_obstacle_to_a_dry_run(places: Places, record: Record) -> None:
    places.environment.python.unlink()
    places.environment.python.write_text("#!/bin/sh\nexit 1\n")
    places.environment.python.chmod(0o755)
    steps = (PackagesStep(places, record), TorchStep(places, record), OwnCodeStep(places, record))
    assert [step.is_done() for step in steps] == [False, False, False]


def test_space_is_checked_again_for_a_card_that_was_added_later(
    places: Places, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    record.torch = fingerprint(TORCH_CPU_LOCK)
    steps = (SpaceStep(places, record), TorchStep(places, record))
    for card, done in ((False, True), (True, False)):
        monkeypatch.setattr(environment, "has_nvidia_card", lambda card=card: card)
        assert [step.is_done() for step in steps] == [done, done]


@pytest.mark.parametrize(
    ("platform", "space", "told"),
    [
        ("linux", NVIDIA_SPACE, "several GB to download, with CUDA"),
        ("win32", PROCESSOR_SPACE, "about 200 MB to download"),
    ],
)
def test_cuda_is_announced_only_where_it_comes(
    platform: str,
    space: int,
    told: str,
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "nvidia-smi")
    monkeypatch.setattr(sys, "platform", platform)
    assert needed_space() == space
    assert TorchStep(places, Record(places.record)).effort == told


def put_torch(folder: Path) -> Path:
    """A wheel in PyTorch's place, of the version that the folder is named for; returns its lock."""
    folder.mkdir()
    version = folder.name
    wheel = folder / f"torch-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as content:
        about = f"torch-{version}.dist-info"
        content.writestr("torch.py", "")
        content.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        content.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        content.writestr(f"{about}/RECORD", "")
    lock = folder / "lock"
    lock.write_text(
        f"torch=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    )
    return lock


@pytest.mark.slow
def test_a_card_that_was_added_later_gets_the_build_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(environment, "TORCH_CPU_LOCK", put_torch(tmp_path / "2.13.0+cpu"))
    monkeypatch.setattr(environment, "TORCH_LOCK", put_torch(tmp_path / "2.13.0"))
    monkeypatch.setattr(sys, "platform", "linux")
    made = Environment(tmp_path / "environment")
    made.create(Path(sys.executable))
    for card, version in ((False, "2.13.0+cpu"), (True, "2.13.0")):
        monkeypatch.setattr(environment, "has_nvidia_card", lambda card=card: card)
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / version))
        assert not made.has_torch()
        made.install_torch()
        assert made.has_torch()
        assert (made.site_packages() / f"torch-{version}.dist-info").is_dir()
