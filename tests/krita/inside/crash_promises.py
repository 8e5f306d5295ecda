"""Krita ended by force in the middle of an edit, after it has saved by itself; what the next Krita finds.

The first promise ends the program, so its result is that Krita ended in it.
"""

import hashlib
import os
import signal

import bench
from bench import desk, failure_or, krita, layer_named, layers, panel, settle, tidy
from edit_promises import edited, inserted, whole
from promises import CALM_MS, until

__all__ = ["tidy"]  # called after every promise

SAVED = bench.artifact("ended").with_suffix(".kra")
TOLD = SAVED.with_suffix(".txt")


def saved_by_itself():
    """Hidden or not, as this Krita has it."""
    return sorted(SAVED.parent.glob(f"*{SAVED.name}-autosave.kra"))


def digest(layer):
    return hashlib.blake2b(whole(layer)).hexdigest()


def promise_to_be_ended_in_the_middle_of_an_edit(_figures):
    for path in (SAVED, TOLD, *saved_by_itself()):
        path.unlink(missing_ok=True)
    krita().writeSetting("", "AutoSaveInterval", "1")
    document = yield from inserted()
    document.setBatchmode(True)
    yield from until(lambda: document.saveAs(str(SAVED)), "it is saved")  # not while Krita does by itself
    TOLD.write_text(digest(layer_named(document, "dog 42")))
    yield from edited(document)
    for path in saved_by_itself():
        path.unlink()  # of a moment before the edit
    document.setModified(True)
    yield from until(saved_by_itself, "Krita saves by itself", 60)
    os.kill(os.getpid(), signal.SIGKILL)


def promise_the_next_krita_finds_the_object_and_the_preview(_figures):
    old = TOLD.read_text()
    for end in ("discard", "apply"):
        document = krita().openDocument(str(saved_by_itself()[0]))
        krita().activeWindow().addView(document)
        yield from until(lambda d=document: desk() is not None and desk().document == d, "its desk")
        yield from until(lambda: desk().preview.is_shown, failure_or("the saved preview is found"))
        assert layers(document) == ["Background", "dog 42", "preview · cat 7"], layers(document)
        assert digest(layer_named(document, "dog 42")) == old
        (panel().apply_button if end == "apply" else panel().discard_button).click()
        yield from settle()
        yield 300
        left = "cat 7" if end == "apply" else "dog 42"
        assert layers(document) == ["Background", left], layers(document)
        assert layer_named(document, left).visible() and not layer_named(document, left).locked()
        if end == "discard":
            assert digest(layer_named(document, left)) == old
        yield CALM_MS
        document.setModified(False)
        document.close()
        yield 400
