"""The daemon's inside: the guarded socket, who may ask, whose turn it is, and the worker."""
