from typing import Any

from .QtCore import QObject

def __getattr__(name: str) -> Any: ...

class QWidget(QObject):
    def changeEvent(self, event: Any) -> None: ...

class QListWidget(QWidget): ...
