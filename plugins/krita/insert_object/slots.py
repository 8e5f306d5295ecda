"""Keeps a failure in a Qt slot or an overridden method from reaching the user as a traceback box."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .messages import Message, message_for

Method = TypeVar("Method", bound=Callable[..., Any])


def safe_slot(method: Method) -> Method:
    """A method of an object that has ``show_message``: what goes wrong in it is shown there instead.

    Krita opens a modal box with a traceback for an exception that leaves a slot.
    """

    @functools.wraps(method)
    def run(self: Any, *arguments: Any) -> Any:
        try:
            return method(self, *arguments)
        except Exception as error:  # the edge: every failure becomes a message here
            message: Message = message_for(error)
            self.show_message(message)
            return None

    return run  # type: ignore[return-value]
