"""The local service that holds the networks, and the ``insert-object`` command line."""

__version__ = "0.1.0"
