"""What the plug-in promises to whoever uses it for the first time; to be run first in a Krita."""

import bench
from bench import controller, docker, failure_or, krita, layers, tidy
from insert_object.wire.session import SessionState
from krita import Selection
from promises import until

__all__ = ["tidy"]  # called after every promise


def promise_the_menu_inserts_with_the_docker_hidden_and_no_daemon_yet(_figures):
    docker().hide()
    yield 300
    assert controller().link.state is SessionState.CLOSED, "something was used before"
    document = krita().createDocument(700, 600, "picture", "RGBA", "U8", "", 300.0)
    krita().activeWindow().addView(document)
    yield 500
    docker().hide()  # Krita 6 shows it again, where it was open before, with the first picture
    selection = Selection()
    selection.select(200, 150, 256, 256, 255)
    document.setSelection(selection)
    action = krita().action("insert_object_insert")
    yield from until(action.isEnabled, "the entry gets enabled")
    assert not docker().isVisible()
    action.trigger()
    yield 100
    assert docker().isVisible(), "the entry does not open the docker"
    yield from until(
        lambda: bench.desk() is not None and bench.desk().preview.is_shown, failure_or("it inserts"), 90
    )
    yield from bench.settle()
    assert len(layers(document)) == 2, layers(document)
