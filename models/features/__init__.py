"""Frozen feature networks, read from a folder that the project does not contain."""
