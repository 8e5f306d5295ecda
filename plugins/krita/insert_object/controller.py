"""The plug-in's one centre: the link to the daemon, a desk per open document, the dockers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from krita import Krita

from .colour_spaces import close_scratch
from .desk import Desk
from .documents import is_open
from .link import Link
from .messages import Message, Tone, log
from .qt import QtCore, sip
from .slots import safe_slot
from .wire import __version__


class Controller(QtCore.QObject):
    """Lives as long as Krita does."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.link = Link(f"Krita {Krita.instance().version()}, plug-in {__version__}", parent=self)
        self.link.replied.connect(self._take)
        self._dockers: list[Any] = []
        self._desks: list[Desk] = []

    @property
    def dockers(self) -> list[Any]:
        """The docker of each main window that is open; a closed window takes its docker along."""
        self._dockers = [docker for docker in self._dockers if not sip.isdeleted(docker)]
        return self._dockers

    def add_docker(self, docker: Any) -> None:
        """A window was opened."""
        self._dockers.append(docker)

    def desk(self, document: Any | None) -> Desk | None:
        """The desk of a document, made when it is first asked for."""
        if document is None or document.rootNode() is None:
            return None
        desk = next((desk for desk in self._desks if desk.document == document), None)
        if desk is None:
            desk = Desk(document, self.link, self)
            self._desks.append(desk)
        return desk

    def docker_in(self, window: Any | None) -> Any | None:
        """The docker in a window of Krita; any one where the window is not known."""
        frame = window.qwindow() if window is not None else None
        mine = [docker for docker in self.dockers if frame is not None and _belongs_to(docker, frame)]
        return next(iter(mine or self.dockers), None)

    @safe_slot
    def insert_here(self) -> None:
        """Filters ▸ Insert object…: opens the docker and inserts with its settings."""
        docker = self.docker_in(Krita.instance().activeWindow())
        if docker is not None:
            self.show_docker()
            docker.insert()

    @safe_slot
    def with_docker(self, do: Callable[[Any], None]) -> None:
        """Does something with the docker of the active window, shown or not."""
        docker = self.docker_in(Krita.instance().activeWindow())
        if docker is not None:
            do(docker)

    @safe_slot
    def show_docker(self) -> None:
        """Brings the docker of the active window to the front; it is hidden in a fresh profile."""
        docker = self.docker_in(Krita.instance().activeWindow())
        if docker is not None:
            docker.show()
            docker.raise_()

    @safe_slot
    def forget_closed(self, *_: Any) -> None:
        """Ends the jobs of documents that were closed and lets their pixels go."""
        for desk in list(self._desks):
            if not is_open(desk.document):
                self._desks.remove(desk)
                desk.close()
                desk.deleteLater()

    @safe_slot
    def shut_down(self) -> None:
        """Krita is closing; the daemon runs on for the next editor."""
        for desk in self._desks:
            desk.close()
        self._desks.clear()
        close_scratch()
        self.link.close()

    def show_message(self, message: Message) -> None:
        """A failure outside any docker's slot: shown in every docker."""
        if message.tone is Tone.PROBLEM:
            log.warning("%s", message.text)
        for docker in self.dockers:
            docker.show_message(message)

    @safe_slot
    def _take(self, reply: Any) -> None:
        for desk in list(self._desks):
            desk.take(reply)


def _belongs_to(docker: Any, frame: Any) -> bool:
    """Whether a docker is one of a main window's, also where it floats in a window of its own."""
    above = docker.parentWidget()
    while above is not None and above is not frame:
        above = above.parentWidget()
    return above is frame
