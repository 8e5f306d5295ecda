"""The pure-Python client that the editor plug-ins and the command line share."""
