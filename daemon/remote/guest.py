"""One client of this computer and what is being done for it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from daemon.remote.link import Link
from daemon.serving.workqueue import ClientKey
from wire.protocol import (
    Buffer,
    Cancel,
    Cancelled,
    Done,
    Error,
    InsertObjectError,
    Painting,
    Reply,
)


@dataclass
class _Sent:
    request: Painting | Cancel
    size: int  # bytes of pixels


@dataclass
class Guest:
    """A client that has said hello here. It gets a connection of its own to the other computer.

    So the daemon there serves it fairly, replaces its older previews, and notices when it has gone, as it
    does for clients of its own computer.
    """

    client: ClientKey
    name: str
    awaiting: str | None = None  # the id of its hello, until that has its last word
    link: Link | None = None
    _sent: dict[str, _Sent] = field(default_factory=dict)  # by id, what has no last word yet

    def __len__(self) -> int:
        return len(self._sent)

    def __contains__(self, identity: str) -> bool:
        return identity in self._sent

    @property
    def size(self) -> int:
        """Bytes of pixels that are on their way, or being worked on."""
        return sum(sent.size for sent in self._sent.values())

    def note_sent(self, request: Painting | Cancel, frames: Sequence[Buffer]) -> None:
        self._sent[request.id] = _Sent(request, sum(map(len, frames[1:])))

    def note_reply(self, reply: Reply) -> bool:
        """Strikes off what this reply is the last word of; False when nobody waits for the reply."""
        target = reply.target if isinstance(reply, Cancelled) else ""
        known = reply.id in self._sent or target in self._sent
        if isinstance(reply, (Done, Error, Cancelled)):
            self._sent.pop(reply.id, None)
            self._sent.pop(target, None)
        return known

    def last_words(self, error: InsertObjectError) -> list[Reply]:
        """Strikes off everything, for nothing more will be heard of it; gives the replies that say so."""
        sent, self._sent = self._sent, {}
        words: list[Reply] = []
        for identity, one in sent.items():
            if isinstance(one.request, Cancel):
                words.append(Cancelled(identity, one.request.target))
            else:
                words.append(Error(identity, error.code, error.sentence, error.hint))
        return words
