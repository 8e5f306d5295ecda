"""Runs the functions ``promise_*`` of scripts one after the other, inside a real Krita.

Each is a generator that yields the milliseconds to let Krita live before it goes on. What came of each is
written to a JSON file after every one, so that a crash costs only the promise that crashed: those after
``INSERT_OBJECT_AFTER`` are run by the next Krita.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

PROMISE_SECONDS = float(os.environ.get("INSERT_OBJECT_PROMISE_SECONDS", "150"))
# Krita 5.1 crashes by itself when a picture is closed within a tenth of a second of two changes to its
# layers: the layers docker's KisNodeModel::processUpdateQueue() then works on layers that are gone.
CALM_MS = 1200
ENDED_BEFORE = "Krita ended before this promise"
ENDED_DURING = "Krita ended during this promise"


class Run:
    """The promises of some scripts, stepped from outside."""

    def __init__(self, scripts, results):
        sys.stdout.reconfigure(encoding="utf-8")  # Krita leaves it in ASCII
        chosen = os.environ.get("INSERT_OBJECT_ONLY", "").split(",")  # parts of names, to look into a few
        self.waiting = []
        for script in scripts:
            namespace = {"__name__": "promises_of_a_test", "__file__": str(script)}
            exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), namespace)
            wanted = [
                name for name in namespace if name.startswith("promise_") and any(c in name for c in chosen)
            ]
            self.waiting += [(name, namespace[name], namespace.get("tidy", lambda: None)) for name in wanted]
        after = os.environ.get("INSERT_OBJECT_AFTER", "")
        self.waiting = self.waiting[[name for name, *_ in self.waiting].index(after) + 1 if after else 0 :]
        self.tidy = lambda: None
        self.results_file = Path(results)
        self.results = {name: {"failure": ENDED_BEFORE, "figures": {}} for name, *_ in self.waiting}
        self.current = None
        self.ended = None  # the promise to tidy up after

    def step(self):
        """Milliseconds until the next step, or None when everything is done."""
        if self.ended is not None:
            return self._tidy_up()
        if self.current is None:
            if not self.waiting:
                self._write()
                return None
            name, promise, self.tidy = self.waiting.pop(0)
            self.results[name]["failure"] = ENDED_DURING
            self._write()
            print("promise", name, flush=True)
            self.current = (name, promise(self.results[name]["figures"]), time.monotonic() + PROMISE_SECONDS)
        name, steps, deadline = self.current
        try:
            pause = next(steps)
            if time.monotonic() > deadline:
                raise TimeoutError("the promise took too long")
            return max(0, int(pause or 0))
        except StopIteration:
            self._end(name, None)
        except BaseException:
            self._end(name, traceback.format_exc())
        return CALM_MS

    def _end(self, name, failure):
        self.results[name]["failure"] = failure
        self.current, self.ended = None, name
        print("  ", failure or "kept", self.results[name]["figures"], flush=True)
        self._write()

    def _tidy_up(self):
        name, self.ended = self.ended, None
        try:
            self.tidy()
        except BaseException:
            failure = self.results[name]["failure"] or ""
            self.results[name]["failure"] = f"{failure}tidying up: {traceback.format_exc()}"
            self._write()
        return 200

    def _write(self):
        self.results_file.write_text(json.dumps(self.results, indent=1), encoding="utf-8")


def until(condition, what, seconds=30.0):
    """Waits for a condition: ``yield from until(lambda: …, "what was waited for")``."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain: {what}")
        yield 10


def scripts_to_run():
    """The scripts that the environment names."""
    return [Path(name) for name in os.environ["INSERT_OBJECT_PROMISES"].split(os.pathsep)]
