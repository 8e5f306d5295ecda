"""A stand-in for Krita's built-in module: tells which Qt to use."""

import os


def qt_major_version():
    return int(os.environ["INSERT_OBJECT_QT"])
