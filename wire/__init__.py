"""What both ends say, and the client that the editor plug-ins and the command line share. Pure Python.

``protocol`` is the contract. ``connection`` finds the daemon and starts it, ``session`` holds the
conversation, ``request`` builds what is asked, ``job`` follows one insertion. Below them: ``mailbox`` and
``inflight`` (what is asked and not yet answered), ``driver`` and ``approach`` (the session's thread),
``channel`` (the socket), ``zmtp`` (the bytes). The plug-ins carry this folder as it is.
"""

__version__ = "0.1.0"
