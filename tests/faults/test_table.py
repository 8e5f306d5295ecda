"""The table of faults in the documentation names tests that exist, and misses none of the tests of faults."""

from __future__ import annotations

import ast
import re

from tests.program import ROOT

PAGE = ROOT / "docs" / "faults.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_NOT_A_FAULT = {
    "test_table.py",
    "test_a_real_gpu_that_stops_answering_is_replaced_by_the_cpu",  # the injected fault, where there is a GPU
    "test_a_mistake_of_our_own_on_a_gpu_that_answers_is_no_reason_to_give_it_up",
    "test_neither_daemon_nor_client_asks_what_time_it_is",
}


def promises_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def named() -> list[tuple[str, str]]:
    return _NAMED.findall(PAGE.read_text("utf-8"))


def test_every_test_that_the_table_names_exists() -> None:
    assert len(named()) > 30
    assert [f"{path}::{name}" for path, name in named() if name not in promises_in(path)] == []


def test_every_line_of_the_table_names_a_test() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [line for line in lines if not line.startswith(("| fault", "|---"))]
    assert [row for row in rows if len(_NAMED.findall(row)) != 1] == []


def test_every_test_of_a_fault_is_in_the_table() -> None:
    known = {name for _, name in named()}
    files = [path for path in (ROOT / "tests" / "faults").glob("test_*.py") if path.name not in _NOT_A_FAULT]
    for file in files:
        found = {name for name in promises_in(file.relative_to(ROOT).as_posix()) if name.startswith("test_")}
        assert found - known - _NOT_A_FAULT == set(), file.name
