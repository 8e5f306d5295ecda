"""Steps are done in order, passed over when done, and undone when they fail."""

from __future__ import annotations

import pytest

from installer.computer.failure import InstallFailure
from installer.steps import Step, run_steps, show_plan


class Recorded(Step):
    """A step that notes what happens to it, and fails if told to."""

    def __init__(self, title: str, log: list[str], *, done: bool = False, error: BaseException | None = None):
        self.title = title
        self.log = log
        self.done = done
        self.error = error

    def plan(self) -> str:
        return "would be done"

    def is_done(self) -> bool:
        return self.done

    def do(self) -> str:
        self.log.append(f"do {self.title}")
        if self.error is not None:
            raise self.error
        return "a remark"

    def undo(self) -> None:
        self.log.append(f"undo {self.title}")


def test_steps_run_in_order_and_done_ones_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    run_steps([Recorded("one", log), Recorded("two", log, done=True), Recorded("three", log)])
    assert log == ["do one", "do three"]
    assert "[2/3] two: already there" in capsys.readouterr().out


def test_a_step_that_fails_is_undone_and_ends_the_installation() -> None:
    log: list[str] = []
    failure = InstallFailure("It broke.", "Mend it.")
    with pytest.raises(InstallFailure, match=r"It broke\. Mend it\."):
        run_steps([Recorded("one", log), Recorded("two", log, error=failure), Recorded("three", log)])
    assert log == ["do one", "do two", "undo two"]


def test_an_interrupted_step_is_undone() -> None:
    log: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run_steps([Recorded("one", log, error=KeyboardInterrupt())])
    assert log == ["do one", "undo one"]


def test_a_full_disk_is_told_with_its_place() -> None:
    error = OSError(28, "No space left on device", "/data/file")
    with pytest.raises(InstallFailure, match="one: /data/file No space left on device"):
        run_steps([Recorded("one", [], error=error)])


def test_a_dry_run_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    show_plan([Recorded("one", log), Recorded("two", log, done=True)])
    assert log == []
    assert capsys.readouterr().out == "[1/2] one: would be done\n[2/2] two: already there\n"
