"""Krita plug-in for tests: runs the promises of a script in the live program, then ends the process.

``INSERT_OBJECT_PROMISES`` names the scripts, ``INSERT_OBJECT_RESULTS`` the JSON file for what came of it.
"""

import os
import sys
import traceback
from pathlib import Path

from insert_object.qt import QtCore  # of the Qt that this Krita has; the other may be installed too
from krita import Extension, Krita

START_DELAY_MS = 1500  # Krita's window and dockers are there by then


class Driver(Extension):
    """Starts the promises once Krita is up."""

    def setup(self):
        if "INSERT_OBJECT_PROMISES" in os.environ:
            QtCore.QTimer.singleShot(START_DELAY_MS, self.start)

    def createActions(self, window):
        pass

    def start(self):
        first = os.environ["INSERT_OBJECT_PROMISES"].split(os.pathsep)[0]
        sys.path.insert(0, str(Path(first).parent))
        try:
            from promises import Run, scripts_to_run

            self.run = Run(scripts_to_run(), Path(os.environ["INSERT_OBJECT_RESULTS"]))
        except BaseException:
            traceback.print_exc()  # else Krita would wait for somebody to close a box
            self.end()
        self.go_on()

    def go_on(self):
        pause = self.run.step()
        if pause is None:
            self.end()
        QtCore.QTimer.singleShot(pause, self.go_on)

    def end(self):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


Krita.instance().addExtension(Driver(Krita.instance()))
