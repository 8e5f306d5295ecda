"""The entry point for ``kritarunner -s headless -f run``: its exit code says nothing, so a file does."""

import os
import sys
import time
import traceback
from pathlib import Path

from insert_object.qt import QtCore
from promises import Run, scripts_to_run


def run(*_):
    """Steps the promises; node and selection changes need posted events to be delivered in between."""
    try:
        promises = Run(scripts_to_run(), Path(os.environ["INSERT_OBJECT_RESULTS"]))
        while (pause := promises.step()) is not None:
            QtCore.QCoreApplication.sendPostedEvents()
            time.sleep(min(pause, 50) / 1000)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
