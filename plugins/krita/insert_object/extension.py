"""What Krita calls: set-up, the menu entries, and the docker's registration."""

from __future__ import annotations

from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .controller import Controller
from .docker import docker_class
from .translations import tr

DOCKER_ID = "insert_object_docker"


class InsertObjectExtension(Extension):
    """The plug-in as Krita sees it."""

    def __init__(self, parent: Any, controller: Controller) -> None:
        super().__init__(parent)
        self.controller = controller

    def setup(self) -> None:
        """Called once, when Krita has started."""
        notifier = Krita.instance().notifier()
        notifier.setActive(True)  # its signals are off by default
        notifier.applicationClosing.connect(self.controller.shut_down)
        notifier.imageClosed.connect(self.controller.forget_closed)

    def createActions(self, window: Any) -> None:
        """Called once per main window. Shortcut and when it is enabled come from the .action file."""
        insert = window.createAction("insert_object_insert", tr("Insert object…"), "filter")
        insert.triggered.connect(lambda *_: self.controller.insert_here())
        show = window.createAction(
            "insert_object_docker", tr("Show the Insert Object docker"), "tools/scripts"
        )
        show.triggered.connect(lambda *_: self.controller.show_docker())
        for name, text, do in (
            ("insert_object_next", tr("Next variation"), lambda docker: docker.step(1)),
            ("insert_object_previous", tr("Previous variation"), lambda docker: docker.step(-1)),
            ("insert_object_apply", tr("Apply the object"), lambda docker: docker.press("apply")),
            ("insert_object_discard", tr("Discard the object"), lambda docker: docker.press("discard")),
        ):
            action = window.createAction(name, text, "tools/scripts")
            action.triggered.connect(lambda *_, do=do: self.controller.with_docker(do))


def register() -> None:
    """Adds the menu entries and the docker to this Krita."""
    krita = Krita.instance()
    controller = Controller(krita)
    krita.addExtension(InsertObjectExtension(krita, controller))
    places = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase)  # scoped under PyQt6
    right = getattr(places, "DockRight", None)
    if right is None:
        right = DockWidgetFactoryBase.DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(DOCKER_ID, right, docker_class(controller)))
