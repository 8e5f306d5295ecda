"""The fuzz campaign's short form, so that it is run and stays runnable; the long one is a command."""

from __future__ import annotations

import random
from pathlib import Path
from typing import get_args, get_type_hints

import msgpack
import pytest

from tests.fuzz import campaign, decoders, messages
from tests.fuzz.conversations import Conversation
from tests.fuzz.live_daemon import attack, live_daemon
from wire.protocol import decode_reply, decode_request

INPUTS, MESSAGES = 6000, 400


def test_thousands_of_inputs_break_no_decoder_and_none_takes_a_second() -> None:
    figures = campaign.fuzz_decoders(INPUTS, random.Random(2))
    assert figures.inputs == INPUTS
    assert INPUTS / 10 < figures.understood < INPUTS / 2  # both roads were taken
    assert figures.slowest < campaign.LONGEST_SECONDS


def test_hundreds_of_messages_leave_the_daemon_answering_others_within_a_second(tmp_path: Path) -> None:
    with live_daemon(tmp_path / "home", weights=None) as daemon:
        figures = attack(daemon, MESSAGES, random.Random(2))
    assert figures.messages == MESSAGES
    assert figures.answers["bad-request"] > MESSAGES / 3
    assert figures.answers["layer"] > 0


def test_a_decoder_that_breaks_a_promise_is_found_and_its_input_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_conversation: Conversation) -> bool:
        raise IndexError("out of range")

    monkeypatch.setattr(campaign, "check_conversation", broken)
    with pytest.raises(campaign.Finding, match=r"IndexError(.|\n)*Conversation\(data="):
        campaign.fuzz_decoders(10, random.Random(0))


def test_the_same_seed_makes_the_same_inputs() -> None:
    from tests.fuzz.conversations import conversation
    from tests.fuzz.messages import reply, request

    for make in (conversation, request, reply):
        assert make(random.Random(5)) == make(random.Random(5))


def test_every_kind_of_request_and_reply_is_among_the_inputs() -> None:
    chooser = random.Random(1)
    sent = {bytes(messages.request(chooser)[0]) for _ in range(500)}
    answered = {bytes(messages.reply(chooser)[0]) for _ in range(500)}
    for told, decode in ((sent, decode_request), (answered, decode_reply)):
        kinds = {kind.TYPE for kind in get_args(get_type_hints(decode)["return"])}
        assert kinds == {kind for kind in kinds if any(msgpack.packb(kind) in header for header in told)}


def test_the_pure_python_msgpack_is_what_is_compared() -> None:
    calls: list[int] = []
    real = decoders._PurePython

    class Counting(real):  # type: ignore[misc, valid-type]
        @staticmethod
        def unpackb(packed: bytes, **options: object) -> object:
            calls.append(len(packed))
            return real.unpackb(packed, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoders, "_PurePython", Counting)
        decoders.check_both_unpackers([b"\x80"], is_request=True)
    assert calls == [1]
