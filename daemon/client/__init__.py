"""Inserting objects from Python; see ``Client``."""

from daemon.client.client import Client, ObjectLayer, OnProgress, ShadowLayer, start_command

__all__ = ["Client", "ObjectLayer", "OnProgress", "ShadowLayer", "start_command"]
