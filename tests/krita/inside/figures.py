"""Measures how quick the plug-in feels, in Krita's window: each figure in milliseconds, once per round."""

import os
import time

import bench
from bench import BOX, desk, failure_or, insert, krita, make_room, panel, select, set_form, settle, tidy
from promises import until

__all__ = ["tidy"]  # called after every promise

ROUNDS = int(os.environ.get("INSERT_OBJECT_ROUNDS", "3"))
LAYERS = int(os.environ.get("INSERT_OBJECT_LAYERS", "1"))  # of the picture
INSERT, LIVE, SWITCH, EDIT = (
    "insert to layer",
    "selection to live preview",
    "switching variations",
    "edit to layer",
)
SLOT, GAP = "longest hold by the plug-in", "longest hold of the window by anybody"
COMPUTED = "longest computing by the plug-in"
TICK_MS = 2


def milliseconds_until(condition, what, began):
    """The time since ``began`` when the condition holds and nothing is under way."""
    end = began + 30.0
    while not (condition() and desk().is_idle):
        if time.perf_counter() > end:
            raise TimeoutError(f"waited in vain: {failure_or(what)}")
        yield 1
    return (time.perf_counter() - began) * 1000


class GapWatch:
    """The longest time between two ticks of a timer, more than those ticks are apart."""

    def __init__(self):
        self.worst, self._last = 0.0, time.perf_counter()
        self._timer = bench.QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def _tick(self):
        now = time.perf_counter()
        self.worst, self._last = max(self.worst, (now - self._last) * 1000 - TICK_MS), now

    def stop(self):
        self._timer.stop()
        return self.worst


def promise_figures(figures):
    document = picture()
    krita().activeWindow().addView(document)
    make_room()
    yield from until(lambda: desk() is not None and desk().document == document, "its desk")
    document.setActiveNode(bench.owned(document.rootNode().childNodes())[LAYERS - 1])
    yield from until(lambda: bench.controller().link.welcome is not None, "the daemon's welcome", 90)
    yield from select(document, *BOX)
    names = set(panel().choice.class_box.itemData(i) for i in range(panel().choice.class_box.count()))
    set_form(class_name="dog" if "dog" in names else sorted(names)[0])
    for number in range(ROUNDS + 1):
        slots, gaps = bench.SlotWatch(), GapWatch()
        found = {}
        for name, measured in ((INSERT, insertion), (EDIT, edit), (SWITCH, switches), (LIVE, live)):
            found[name] = yield from measured(document, number)
            yield 150
        found[GAP] = gaps.stop()
        holds = [took for key, took in slots.worst.items() if not key.startswith("step")]
        found[SLOT], found[COMPUTED] = (max(times) for times in zip(*holds, strict=True))
        held = slots.stop()
        if number > 0:  # the first round warms up
            for name, value in found.items():
                figures.setdefault(name, []).append(value)
            figures.setdefault("holds", []).append(held)


def picture():
    """The photo, in the size, the colour profile and under the half transparent layers that are asked for."""
    document = krita().openDocument(os.environ["INSERT_OBJECT_PHOTO"])
    width, height = (int(side) for side in os.environ["INSERT_OBJECT_SIZE"].split("x"))
    if (width, height) != (document.width(), document.height()):
        document.scaleImage(width, height, 72, 72, "Bilinear")
    if os.environ["INSERT_OBJECT_PROFILE"]:
        document.setColorSpace("RGBA", "U8", os.environ["INSERT_OBJECT_PROFILE"])
    for _ in range(LAYERS - 1):
        layer = document.createNode("glaze", "paintlayer")
        glaze = bench.QtCore.QByteArray(bytes((40, 120, 200, 60)) * (width * height))
        layer.setPixelData(glaze, 0, 0, width, height)
        document.rootNode().addChildNode(layer, None)
    document.refreshProjection()
    document.waitForDone()
    return document


def discarded():
    panel().discard_button.click()
    yield from settle()
    yield 150


def insertion(_document, number):
    """From the press of Insert to the layer on the canvas."""
    took = yield from _pressed(1000 + number, "the layer")
    panel().apply_button.click()
    yield from settle()
    yield 150
    return took


def _pressed(seed, what):
    """Milliseconds from the press of Insert to that seed on the canvas."""
    set_form(seed=seed, variations=1)
    yield 150
    began = time.perf_counter()
    panel().insert_button.click()
    return (yield from milliseconds_until(lambda: _shown_seed() == seed, what, began))


def edit(document, number):
    """From the press of Insert again to the object on the canvas, in the layer's place."""
    yield from until(lambda: panel().edit_row.isVisible(), "Edit is offered")
    panel().edit_button.click()
    took = yield from _pressed(2000 + number, "the edit")
    yield from discarded()
    if LAYERS == 1:  # which is another case with one more
        bench.owned(document.rootNode().childNodes())[LAYERS].remove()
        yield 400
    return took


def switches(_document, number):
    """From a click on a thumbnail to its object on the canvas; the worst of three."""
    set_form(seed=3000 + 4 * number, variations=4)
    yield from insert()
    yield from settle()
    yield 150
    took = []
    for place in (-3, -2, -4):
        variation = desk().history.items[place]
        began = time.perf_counter()
        panel().strip.setCurrentRow(panel().strip.count() + place)
        took.append(
            (
                yield from milliseconds_until(
                    lambda v=variation: desk().preview.variation is v, "the switch", began
                )
            )
        )
        yield 100
    yield from discarded()
    return max(took)


def live(document, number):
    """From a selection that has stopped moving to the object in it."""
    set_form(seed=4000 + number, variations=1, live=True)
    yield from until(lambda: desk().preview.is_shown, failure_or("a first live preview"))
    yield from settle()
    yield 400
    left = BOX[0] + 150
    selection = bench.Selection()
    selection.select(left, BOX[1], BOX[2], BOX[3], 255)
    began = time.perf_counter()
    document.setSelection(selection)
    took = yield from milliseconds_until(
        lambda: desk().preview.variation.recipe.wish.box.x == left, "the live preview", began
    )
    set_form(live=False)
    yield from discarded()
    yield from select(document, *BOX)
    return took


def _shown_seed():
    shown = desk().preview
    return shown.variation.recipe.wish.seed if shown.is_shown else None
