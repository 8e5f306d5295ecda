"""Inserting objects from Python; see ``Client``."""

from daemon.client.arguments import WrongArgument
from daemon.client.client import Client, LitLayer, ObjectLayer, OnProgress, ShadowLayer, start_command

__all__ = [
    "Client",
    "LitLayer",
    "ObjectLayer",
    "OnProgress",
    "ShadowLayer",
    "WrongArgument",
    "start_command",
]
