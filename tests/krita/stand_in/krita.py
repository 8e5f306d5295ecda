"""A small stand-in for Krita's scripting module: the program, its settings, actions and dockers.

Its documents are sRGB with 8 bits, layers of theirs 8 or 16; see ``krita_pictures``.
"""

import importlib
import os

from krita_pictures import Document, Node, Selection

__all__ = [
    "Action",
    "Canvas",
    "DockWidget",
    "DockWidgetFactory",
    "DockWidgetFactoryBase",
    "Document",
    "Extension",
    "Krita",
    "Node",
    "Selection",
]

_binding = f"PyQt{os.environ['INSERT_OBJECT_QT']}"
QtCore = importlib.import_module(f"{_binding}.QtCore")
QtWidgets = importlib.import_module(f"{_binding}.QtWidgets")


class Action(QtCore.QObject):
    """One of Krita's menu entries; it works on the document in front."""

    def __init__(self, name, document):
        super().__init__()
        self._name, self._document = name, document

    def text(self):
        done = self._document.done
        return f"Undo {done[-1][0] if done else ''}"

    def trigger(self):
        document = self._document
        if self._name == "flatten_layer" and not document.activeNode().locked():
            document.activeNode().replace()
        elif self._name == "edit_undo" and document.done:
            document.undo()
        elif self._name == "edit_redo" and document.undone:
            document.redo()


class Krita(QtCore.QObject):
    _instance = None

    def __init__(self):
        super().__init__()
        self.open_documents, self.settings, self.factories, self.extension_list = [], {}, [], []
        self.window = None

    @classmethod
    def instance(cls):
        cls._instance = cls._instance or cls()
        return cls._instance

    def version(self):
        return "5.1.5"

    def createDocument(self, width, height, *_):
        """One that is hidden, in which the plug-in converts pixels: its layers reach beyond its edges."""
        document = Document(max(64, width), max(64, height))
        self.open_documents.insert(0, document)
        document.close = lambda: self.open_documents.remove(document)
        return document

    def documents(self):
        return list(self.open_documents)

    def profiles(self, _model, _depth):
        return ["sRGB-elle-V2-srgbtrc.icc"]

    def activeWindow(self):
        return self.window

    def activeDocument(self):
        return self.open_documents[-1] if self.open_documents else None

    def action(self, name):
        return Action(name, self.activeDocument())

    def addExtension(self, extension):
        self.extension_list.append(extension)

    def addDockWidgetFactory(self, factory):
        self.factories.append(factory)

    def readSetting(self, _group, name, default):
        return self.settings.get(name, default)

    def writeSetting(self, _group, name, value):
        self.settings[name] = value


class Canvas:
    """The chain canvas, view, document that a docker follows."""

    def __init__(self, document):
        self._document = document

    def view(self):
        return self

    def document(self):
        return self._document


class DockWidget(QtWidgets.QDockWidget):
    stand_in_canvas = None

    def canvas(self):
        return self.stand_in_canvas


class DockWidgetFactoryBase:
    class DockPosition:
        DockRight = 2


class DockWidgetFactory:
    def __init__(self, name, place, widget_class):
        self.name, self.place, self.widget_class = name, place, widget_class


class Extension(QtCore.QObject):
    pass
