"""The house's arrows: which folder imports which is what CONTRIBUTING says, and no two import each other.

The tables are read from CONTRIBUTING.md, so that what is read there is what is checked. ``models/`` stands
for a folder with all below it, ``models/*.py`` for the files right in it; of several rows that a file fits,
the longest counts.
"""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.profiles.kinds import EditorKind

ROOT = Path(__file__).resolve().parents[1]
PLUG_INS = [f"plugins/{kind.value}/{kind.about.plugin_folder[1]}" for kind in EditorKind]
# Each finds wire/ beside its files.
OURS = ("wire", "models", "daemon", "plugins", "installer", "benchmarks", "tests")


@dataclass(frozen=True)
class Arrow:
    """One import of a module of ours: the file that imports, and the file that is imported."""

    source: str
    target: str

    @property
    def folders(self) -> tuple[str, str]:
        return self.source.rpartition("/")[0], self.target.rpartition("/")[0]


def code_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    files = [file for file in listed.stdout.splitlines() if (ROOT / file).is_file()]
    if not files:  # no checkout, a copy of one
        files = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")]
    return [file for file in files if file.split("/")[0] in OURS and not file.startswith("tests/")]


def imports(file: str) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it; relative ones made whole."""
    for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = file.split("/")[: -node.level] if node.level else []
            module = ".".join([*package, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def file_of(name: str, importer: str) -> str | None:
    """The file of ours that a dotted name leads to."""
    parts = name.split(".")
    for plug_in in PLUG_INS:
        if importer.startswith(f"{plug_in}/") and name.startswith(plug_in.replace("/", ".") + ".wire."):
            parts = parts[plug_in.count("/") + 1 :]
    while parts and parts[0] in OURS:
        path = ROOT.joinpath(*parts)
        for found in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if found.is_file():
                return found.relative_to(ROOT).as_posix()
        parts = parts[:-1]
    return None


def arrows() -> list[Arrow]:
    found = {
        Arrow(file, target)
        for file in code_files()
        for name in imports(file)
        if (target := file_of(name, file))
    }
    return sorted(found, key=lambda arrow: (arrow.source, arrow.target))


def table(heading: str) -> dict[str, list[str]]:
    """A table of CONTRIBUTING: the code in its first column, and the code in its second."""
    lines = (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()
    rows: dict[str, list[str]] = {}
    for line in lines[lines.index(heading) + 2 :]:
        if not line.startswith("|"):
            break
        first, second = (re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|"))
        rows |= {name: second for name in first}
    return rows


def fits(file: str, pattern: str) -> bool:
    if pattern.endswith("/*.py"):
        return file.rpartition("/")[0] == pattern.removesuffix("/*.py")
    return file.startswith(pattern)


def row_of(file: str, rows: dict[str, list[str]]) -> str:
    fitting = [pattern for pattern in rows if fits(file, pattern)]
    assert fitting, f"CONTRIBUTING's table has no row for {file}"
    return max(fitting, key=lambda pattern: len(pattern.removesuffix("*.py")) + pattern.endswith("*.py"))


@pytest.fixture(scope="module")
def may_import() -> dict[str, list[str]]:
    return table("| folder | may import |")


def test_no_folder_imports_what_the_table_does_not_allow(may_import: dict[str, list[str]]) -> None:
    found = arrows()
    assert len(found) > 500
    forbidden = [
        f"{arrow.source} imports {arrow.target}"
        for arrow in found
        if not any(fits(arrow.target, allowed) for allowed in may_import[row_of(arrow.source, may_import)])
        and row_of(arrow.source, may_import) != row_of(arrow.target, may_import)
    ]
    assert forbidden == []


def test_the_table_allows_nothing_that_is_not_used(may_import: dict[str, list[str]]) -> None:
    found = [(row_of(arrow.source, may_import), arrow.target) for arrow in arrows()]
    unused = [
        f"{row} may import {allowed}"
        for row, all_allowed in may_import.items()
        for allowed in all_allowed
        if not any(source == row and fits(target, allowed) for source, target in found)
    ]
    assert unused == []


@pytest.mark.parametrize("what", ["folders", "files"])
def test_none_import_each_other_not_even_in_a_circle(what: str) -> None:
    graph: dict[str, set[str]] = {}
    for arrow in arrows():
        source, target = arrow.folders if what == "folders" else (arrow.source, arrow.target)
        if source != target and not target.endswith("/__init__.py"):  # which gathers what its folder offers
            graph.setdefault(source, set()).add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"A circle of imports: {' <- '.join(error.args[1])}")


def test_a_package_is_imported_only_where_the_table_says() -> None:
    rows = table("| package | imported only in |")
    strangers = [
        f"{file} imports {name}"
        for file in code_files()
        for name in imports(file)
        if (package := name.split(".")[0]) in rows
        and not any(fits(file, allowed) for allowed in rows[package])
    ]
    assert strangers == []
