"""The one place that picks PyQt5 (Krita 5) or PyQt6 (Krita 6)."""

from __future__ import annotations


def _major() -> int:
    """The Qt that this Krita was built with; Krita before 5.3 does not tell and is always Qt 5."""
    try:
        import pykrita

        return int(pykrita.qt_major_version())
    except (ImportError, AttributeError):
        return 5


if _major() == 6:
    from PyQt6 import QtCore, QtGui, QtWidgets, sip
else:
    from PyQt5 import QtCore, QtGui, QtWidgets, sip  # type: ignore[no-redef]

Signal = QtCore.pyqtSignal
Qt = QtCore.Qt

__all__ = ["Qt", "QtCore", "QtGui", "QtWidgets", "Signal", "sip"]
