"""Who is at the other end of each connection, and who has gone."""

from __future__ import annotations

from daemon.serving.workqueue import ClientKey


class Connections:
    """Notes the connection that each client's messages come in by.

    A file descriptor belongs to one connection at a time. When a message of a newer client comes in by a
    descriptor, the client that had it before has gone, even if its end was not reported. A message that an
    older client left behind when it went changes nothing.
    """

    def __init__(self) -> None:
        self._users: dict[ClientKey, str] = {}
        self._owners: dict[int, ClientKey] = {}
        self._gone: list[ClientKey] = []

    def __contains__(self, client: ClientKey) -> bool:
        return client in self._users

    def note(self, client: ClientKey, descriptor: int, user: str) -> None:
        """A message has come in. ``user`` is what the doorkeeper calls the client."""
        before = self._owners.get(descriptor)
        if before is not None and before != client:
            if _is_older(client, before):
                return
            self.ended(descriptor)
        self._owners[descriptor] = client
        self._users[client] = user

    def ended(self, descriptor: int) -> None:
        """The connection with this descriptor has ended."""
        client = self._owners.pop(descriptor, None)
        if client is not None:
            self._users.pop(client, None)
            self._gone.append(client)

    def user(self, client: ClientKey) -> str:
        """What the doorkeeper called the client; "" for one that has gone."""
        return self._users.get(client, "")

    def take_gone(self) -> list[ClientKey]:
        """The clients that have gone since the last call."""
        gone, self._gone = self._gone, []
        return gone


def _is_older(client: ClientKey, than: ClientKey) -> bool:
    """Whether ROUTER has named the client before the other one: it counts, in 32 bits after a zero byte."""
    if not (len(client) == len(than) == 5 and client[0] == than[0] == 0):
        return False  # a name of the client's own choice tells nothing
    distance = int.from_bytes(client[1:], "big") - int.from_bytes(than[1:], "big")
    return distance % 2**32 >= 2**31
