"""The environment of tests/run.py: which folder it is, and what is never taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.computer.environment import Environment
from tests import run


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user named for the environments; in them nothing is installed."""
    folder = tmp_path / "named"
    folder.mkdir()
    monkeypatch.setenv("INSERT_OBJECT_TEST_ENVIRONMENT", str(folder))
    monkeypatch.setattr(Environment, "create", lambda self, _: self.folder.mkdir(parents=True))
    monkeypatch.setattr(run, "install_test_packages", lambda _: None)
    return folder


def test_what_is_in_the_folder_that_is_named_for_the_tests_stays(named: Path) -> None:
    (named / "letter.txt").write_text("dear")
    made = run.environment_for_tests()
    assert (named / "letter.txt").read_text() == "dear"
    assert made.folder.parent == named


def test_a_named_folder_has_another_environment_once_the_pins_change(
    named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run.environment_for_tests()
    assert run.environment_for_tests() == before
    renewed = tmp_path / "requirements.lock"
    renewed.write_text("numpy==9.0\n")
    monkeypatch.setattr(run, "TEST_LOCK", renewed)
    after = run.environment_for_tests()
    assert after != before
    assert after.folder.parent == named


def test_a_named_folder_is_meant_from_where_the_command_was_typed(
    named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(named.parent)
    monkeypatch.setenv("INSERT_OBJECT_TEST_ENVIRONMENT", "named")
    assert run.environment_for_tests().folder.parent == named
