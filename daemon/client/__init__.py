"""Inserting objects from Python; see ``Client``."""

from daemon.client.arguments import WrongArgument
from daemon.client.client import Client, OnProgress, start_command
from daemon.client.received_layers import LitLayer, ObjectLayer, ShadowLayer

__all__ = [
    "Client",
    "LitLayer",
    "ObjectLayer",
    "OnProgress",
    "ShadowLayer",
    "WrongArgument",
    "start_command",
]
