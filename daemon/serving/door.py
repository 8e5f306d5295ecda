"""The daemon's door: a guarded ROUTER socket on the loopback, and what passes through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import zmq

from daemon.protocol import Buffer, ErrorCode, InsertObjectError
from daemon.serving.replies import SEND_QUEUE
from daemon.serving.security import Doorkeeper, HandshakeWatch, Refusals, new_token, secure
from daemon.serving.workqueue import ClientKey

MAX_FRAME_BYTES = 64 * 2**20  # the largest frame a request may have: a 4096 × 4096 picture with alpha
RECEIVE_QUEUE = 8  # messages that libzmq reads ahead from each client
READ_AT_ONCE = 32  # messages read before replies are looked after again
LAST_REPLIES_SECONDS = 2.0  # that clients get to read the last replies of an ending daemon


class Door:
    """Lets in who knows the token. Everything happens in the thread that opened it, nothing blocks."""

    def __init__(self, refusals: Refusals) -> None:
        """Opens the door.

        Raises:
            InsertObjectError: no port could be had.
        """
        self.token = new_token()
        self._context: zmq.Context[Any] = zmq.Context()
        self._doorkeeper = Doorkeeper(self._context, self.token, refusals)
        self.router: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._watch = HandshakeWatch(self.router, refusals)
        try:
            self.endpoint = self._listen()
        except BaseException:
            self.close()
            raise

    def _listen(self) -> str:
        secure(self.router)
        self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.router.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self.router.setsockopt(zmq.SNDHWM, SEND_QUEUE)
        self.router.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE)
        try:
            self.router.bind("tcp://127.0.0.1:*")
        except zmq.ZMQError as error:
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST,
                f"No port could be opened on this computer's own address 127.0.0.1: {error.strerror}.",
                "A firewall or sandbox may forbid it; allow Insert Object to listen on 127.0.0.1.",
            ) from error
        return self.router.getsockopt_string(zmq.LAST_ENDPOINT)

    def poller(self) -> zmq.Poller:
        """Wakes when there is something to do for ``look_after`` or ``messages``."""
        poller = zmq.Poller()
        for socket in (self.router, self._doorkeeper.socket, self._watch.socket):
            poller.register(socket, zmq.POLLIN)
        return poller

    def look_after(self) -> None:
        """Decides about peers that wait and counts those that failed."""
        self._doorkeeper.answer()
        self._watch.read()

    def messages(self) -> Iterator[tuple[ClientKey, list[Buffer]]]:
        """The next messages that have come in, some of them at most, without a copy of their frames."""
        for _ in range(READ_AT_ONCE):
            try:
                client, *frames = self.router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            yield client.bytes, [frame.buffer for frame in frames]

    def close(self) -> None:
        """Closes the door once the last replies are out, or nobody has read them for a while."""
        self._watch.close()
        self.router.close(linger=int(LAST_REPLIES_SECONDS * 1000))
        self._doorkeeper.close()
        self._context.term()
