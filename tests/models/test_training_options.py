"""An option of ``insert-object train`` that is not read is refused, not passed over."""

from __future__ import annotations

import argparse
import inspect
import re
from pathlib import Path

import pytest

from daemon.commands import train_parts
from daemon.commands.train import add_parser, run_train

EVERYWHERE = {"data", "out", "minutes", "threads", "seed"}
WORKS = {
    "--class": (["--class", "moon", "--pack", "p"], "train_own_class"),
    "--part objects": ([], "train_objects"),
    "--part masks": (["--part", "masks"], "train_masks"),
    "--part backgrounds": (["--part", "backgrounds"], "train_backgrounds"),
    "--part light": (["--part", "light"], "train_light"),
}
VALUES = {
    "--device": "cpu",
    "--network": "object",
    "--set": "r1=1",
    "--patience": "6",
    "--grid-every": "4",
}


def parser() -> argparse.ArgumentParser:
    subparsers = argparse.ArgumentParser().add_subparsers()
    add_parser(subparsers)
    trained: argparse.ArgumentParser = subparsers.choices["train"]
    return trained


OPTIONS = sorted(
    action.option_strings[0]
    for action in parser()._actions
    if not {action.dest} & {*EVERYWHERE, "help", "part", "class_name", "pack"}
)


def asked(tmp_path: Path, *more: str) -> argparse.Namespace:
    base = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--minutes", "0"]
    return parser().parse_args([*base, *more])


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("work", WORKS)
def test_an_option_is_read_by_what_is_trained_or_refused_with_what_it_goes_with(
    work: str,
    option: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, function = WORKS[work]
    is_read = reads(function, option)
    started: list[argparse.Namespace] = []
    monkeypatch.setattr(train_parts, function, lambda arguments, *_: started.append(arguments))
    exported = ["--export", "e"] if option != "--export" and work == "--part objects" else []
    code = run_train(asked(tmp_path, *words, *exported, option, VALUES.get(option, "1")))
    told = capsys.readouterr().err
    assert bool(started) == (code == 0) != (f"{option} does not go with {work}" in told)
    assert code == 0 or "only with --" in told
    assert (code == 0) == is_read


def reads(function: str, option: str) -> bool:
    """Whether the source of what trains names the option."""
    source = inspect.getsource(getattr(train_parts, function))
    if "settings_of(" in source:
        source += inspect.getsource(train_parts.settings_of)
    word = "device: str" if option == "--device" else f"arguments.{option[2:].replace('-', '_')}\\b"
    return re.search(word, source) is not None


@pytest.mark.parametrize("option", ["--outlines", "--best-class", "--masks", "--backgrounds", "--light"])
def test_what_is_exported_goes_only_with_an_export(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_train(asked(tmp_path, option, "x")) == 2
    assert f"{option} goes only with --export" in capsys.readouterr().err


def test_a_part_does_not_go_with_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_train(asked(tmp_path, "--class", "moon", "--pack", "p", "--part", "masks")) == 2
    assert "--part masks does not go with --class" in capsys.readouterr().err
