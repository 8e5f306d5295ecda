"""Rows of ``insert --batch``: each a JSON object with the names of the command's own options.

A row is judged by the command's own grammar, so it may say whatever a call may, and is refused with the same
words.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from daemon.commands.insert_job import Plan, planned
from daemon.commands.insert_options import add_insert_options
from daemon.commands.option_values import WrongOptions, box_of
from daemon.commands.result_files import KnownFiles, claim
from wire.protocol import InsertObjectError
from wire.protocol.plain import shown

LONGEST_ROW = 1 << 20  # bytes
_OUT, _PHOTO = "out", "photo"
_NOT_OF_A_ROW = ("help", "json", "batch", "cluster", "output")


@dataclass(frozen=True)
class Row:
    """A row of a batch, its number counted from 1: what is to be made, or why it cannot be."""

    number: int
    plan: Plan | InsertObjectError


class _RowParser(argparse.ArgumentParser):
    """A parser whose complaint is an error of its row alone."""

    def error(self, message: str) -> NoReturn:
        raise WrongOptions(f"{message.removeprefix('argument ')}.")


class RowGrammar:
    """What a row may say."""

    def __init__(self) -> None:
        self._parser = _RowParser(allow_abbrev=False, add_help=False)
        add_insert_options(self._parser)
        names = {name: action for action in self._parser._actions for name in _names(action)}
        self._options = {name: action for name, action in names.items() if name not in _NOT_OF_A_ROW}
        self._options[_OUT] = names["output"]

    def plan(self, row: Any) -> Plan:
        """What a row asks for.

        Raises:
            InsertObjectError: it does not say what it must, or what cannot be.
        """
        if not isinstance(row, dict):
            raise WrongOptions("The row is not a JSON object.", 'Write {"photo": …, "box": …} on one line.')
        arguments: list[str] = []
        for name, value in row.items():
            if name != _PHOTO:
                arguments += self._arguments(name, value)
        photo = row.get(_PHOTO)
        if photo is not None:
            arguments += ["--", _text(_PHOTO, photo)]
        return planned(self._parser.parse_args(arguments))

    def _arguments(self, name: str, value: Any) -> list[str]:
        """A row's entry as the command's arguments."""
        action = self._options.get(name)
        if action is None:
            known = ", ".join([_PHOTO, *self._options])
            raise WrongOptions(f"“{name[:60]}” is not known in a row.", f"There are {known}.")
        option = action.option_strings[-1]
        if action.nargs == 0:
            if not isinstance(value, bool):
                raise WrongOptions(f"{name} is {shown(value)}, it must be true or false.")
            if isinstance(action, argparse.BooleanOptionalAction):
                return [f"--{'' if value else 'no-'}{name.replace('_', '-')}"]
            return [option] if value else []
        if isinstance(value, list) and not isinstance(action, argparse._AppendAction):
            raise WrongOptions(
                f"{name} is a list, it takes one value.",
                "Give one for the whole row; the files of several objects are numbered.",
            )
        return [f"{option}={_text(name, one)}" for one in _each(value, is_box=action.type is box_of)]


def _names(action: argparse.Action) -> list[str]:
    """The option's own names, without those that say no."""
    names = [option for option in action.option_strings if option.startswith("--")]
    if isinstance(action, argparse.BooleanOptionalAction):
        names = [name for name in names if not name.startswith("--no-")]
    return [name.removeprefix("--").replace("-", "_") for name in names]


def _each(value: Any, *, is_box: bool) -> Sequence[Any]:
    """The values of an entry: one, or one for each object. A box is itself a list of numbers."""
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    if not is_box:
        return value
    boxes = value if value and all(isinstance(one, (list, str)) for one in value) else [value]
    return [",".join(_text("box", side) for side in one) if isinstance(one, list) else one for one in boxes]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise WrongOptions(
            f"{name} is {shown(value)}, which cannot be read.", "Give a text or a whole number."
        )
    return str(value)


def read_rows(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Number and content of each line that is not empty; ``WrongOptions`` in place of one that is no JSON."""
    number = 0
    while line := file.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_ROW)
            yield number, WrongOptions(f"The row is longer than {LONGEST_ROW} bytes.")
        elif line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, WrongOptions("The row is not JSON.", "Write one JSON object on one line.")


def planned_rows(rows: Iterator[tuple[int, Any]], read: Sequence[Path]) -> list[Row]:
    """The rows of a batch, judged together: no row's result takes the place of a file that any row, or the
    batch itself (``read``), reads, nor of an earlier row's result."""
    grammar = RowGrammar()
    found: list[Row] = []
    inputs = KnownFiles(read)
    for number, content in rows:
        plan = _plan(grammar, content)
        if isinstance(plan, Plan):
            for path in plan.read:
                inputs.add(path)
        found.append(Row(number, plan))
    results = KnownFiles()
    return [_claimed(row, inputs, results) for row in found]


def _plan(grammar: RowGrammar, content: Any) -> Plan | InsertObjectError:
    if isinstance(content, InsertObjectError):
        return content
    try:
        return grammar.plan(content)
    except InsertObjectError as error:
        return error


def _claimed(row: Row, inputs: KnownFiles, results: KnownFiles) -> Row:
    if isinstance(row.plan, Plan):
        try:
            claim(row.plan.written, inputs, results)
        except InsertObjectError as error:
            return Row(row.number, error)
    return row


def failure(error: InsertObjectError) -> Mapping[str, Any]:
    """What is told of a row that failed."""
    told = {"code": error.code.value, "sentence": error.sentence}
    return {"error": {**told, "hint": error.hint} if error.hint else told}
