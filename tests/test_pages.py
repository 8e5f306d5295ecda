"""What the pages tell a reader to do holds: what the program needs, which Python, and how a service stays."""

from __future__ import annotations

import re

import pytest

from installer.computer import environment
from installer.computer.environment import NEWEST_PYTHON, OLDEST_PYTHON
from installer.program import needed_space
from tests.program import ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/**/*.md", "models/**/*.md", "plugins/**/*.html")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
}
OF_AN_EDITOR = re.compile(r"docs/(gimp|krita|service)\.md|plugins/.*\.html")
# modules that an ordinary Python cannot run, as it has none of the program's packages
WITH_ANY_PYTHON = re.compile(r"\bpython3?(\.exe)? -m (?:benchmarks|daemon|models|plugins|tests|wire)\b")


@pytest.mark.parametrize("name", ["README.md", "docs/remote.md"])
def test_a_page_on_installing_names_the_pythons_and_the_space_that_are_needed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST_PYTHON, NEWEST_PYTHON))
    assert f"Python {oldest} to {newest}" in PAGES[name]
    monkeypatch.setattr("sys.platform", "linux")
    for card in (False, True):
        monkeypatch.setattr(environment, "has_nvidia_card", lambda card=card: card)
        assert f"{needed_space() / 1e9:.1f} GB" in PAGES[name], f"NVIDIA card: {card}"


def test_no_page_runs_a_module_of_ours_with_a_python_that_lacks_its_packages() -> None:
    assert [name for name, text in PAGES.items() if WITH_ANY_PYTHON.search(text)] == []


def test_every_page_that_speaks_of_a_sandbox_says_how_its_service_is_there_for_good() -> None:
    pages = {name: text for name, text in PAGES.items() if OF_AN_EDITOR.fullmatch(name)}
    spoken = [name for name, text in pages.items() if "Snap" in text and "daemon start" in text]
    assert (
        len(spoken) >= 8
    )  # two guides, the page on the service, GIMP's help in four languages, Krita's manual
    assert [name for name in spoken if "install.py --autostart" not in " ".join(pages[name].split())] == []


def test_weights_of_ones_own_are_tried_with_no_service_running_that_has_others() -> None:
    lines = PAGES["docs/training.md"].splitlines()
    start = lines.index("INSERT_OBJECT_WEIGHTS=lamps insert-object daemon start")
    assert lines[start - 1] == "insert-object daemon stop"
