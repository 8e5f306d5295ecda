"""The local service that holds the networks, and the ``insert-object`` command line."""
