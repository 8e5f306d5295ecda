"""What the plug-in promises when something happens in the middle of a job; the daemon is a slow one."""

import json
import os
import signal
from pathlib import Path

import bench
from bench import (
    controller,
    desk,
    failure_or,
    layers,
    open_picture,
    panel,
    screenshot,
    select,
    set_form,
    settle,
)
from insert_object import link as link_module
from promises import until

BOX = (300, 200, 256, 256)


def tidy():
    """Between two promises: no picture, no modal box."""
    bench.close_all()
    assert bench.modal_box() is None, bench.modal_box()


def begun():
    """A picture with a job that the daemon is working on."""
    document = yield from open_picture(900, 700)
    yield from select(document, *BOX)
    set_form(variations=2, seed=42)
    panel().insert_button.click()
    yield from until(lambda: desk().job is not None and desk().job.fraction > 0, failure_or("the job begins"))
    return document


def daemon_pid():
    config = json.loads(Path(link_module.CONFIG).read_text(encoding="utf-8"))
    return json.loads(Path(config["connection_file"]).read_text(encoding="utf-8"))["pid"]


def promise_progress_and_cancel_are_offered_while_a_job_runs(_figures):
    document = yield from begun()
    yield 50
    assert panel().cancel_button.isVisible() and not panel().insert_button.isVisible()
    assert panel().progress_bar.isVisible() and panel().progress_bar.value() > 0
    screenshot("midjob-progress")
    before = bytes(document.pixelData(*BOX))
    panel().cancel_button.click()
    yield 100
    assert panel().insert_button.isVisible() and not panel().progress_bar.isVisible()
    yield 3000
    assert layers(document) == ["Background"], "a cancelled job left a layer"
    assert bytes(document.pixelData(*BOX)) == before


def promise_a_picture_closed_in_the_middle_of_a_job_does_no_harm(_figures):
    yield from begun()
    bench.close_all()
    yield 3000
    assert not controller()._desks, "the closed picture's desk is still there"
    document = yield from open_picture(900, 700)
    yield from select(document, *BOX)
    yield from bench.insert()
    assert layers(document)[-1].startswith("preview · ")


def promise_a_killed_daemon_is_started_again_and_the_job_is_done(figures):
    document = yield from begun()
    first = daemon_pid()
    os.kill(first, signal.SIGKILL)
    yield from until(lambda: desk().preview.is_shown, failure_or("the layer after the daemon died"), 60)
    yield from settle()
    assert daemon_pid() != first
    assert layers(document)[-1].startswith("preview · ")
    figures["message"] = desk().message.text if desk().message else ""


def promise_a_daemon_that_cannot_be_started_is_said_in_words_and_can_be_tried_again(_figures):
    document = yield from open_picture(900, 700)
    link = controller().link
    good = link._config
    os.kill(daemon_pid(), signal.SIGKILL)
    broken = good.with_name("broken.json")
    values = json.loads(good.read_text(encoding="utf-8"))
    values["start_command"] = ["/nonexistent/insert-object"]
    values["connection_file"] += ".none"
    broken.write_text(json.dumps(values), encoding="utf-8")
    try:
        link._config = broken
        link.try_again()
        yield from until(lambda: panel().retry_button.isVisible(), "Try again is offered")
        text = panel().message_label.text()
        assert "could not be started" in text and "install.py" in text, text
        assert panel().warning_icon.isVisible()
        screenshot("midjob-unavailable")
    finally:
        link._config = good
    panel().retry_button.click()
    yield from until(lambda: link.is_ready, "the daemon is back", 60)
    yield from select(document, *BOX)
    yield from bench.insert()
    assert not panel().retry_button.isVisible()


def promise_a_second_window_has_a_docker_of_its_own(_figures):
    document = yield from open_picture(900, 700)
    window = bench.krita().openWindow()
    yield 1500
    assert len(controller().dockers) == 2
    other = next(d for d in controller().dockers if d is not bench.docker())
    other.show()
    yield 500
    assert other._desk is None, "the new window shows the other window's picture"
    window.qwindow().close()
    yield 800
    yield from select(document, *BOX)
    yield from bench.insert()
    assert len(controller().dockers) == 1, "the closed window's docker is still there"
