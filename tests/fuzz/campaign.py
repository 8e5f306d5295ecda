"""Fuzzes the decoders and a live daemon, and reports what happened.

    python -m tests.fuzz.campaign [--decoder 1000000] [--service 20000] [--seed 1]

Exit code 1: a promise was broken; what was sent is printed, so that it can become a test.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from tests.fuzz import conversations, messages
from tests.fuzz.decoders import check_both_unpackers, check_conversation, check_message
from tests.fuzz.live_daemon import LiveFigures, attack, live_daemon

LONGEST_SECONDS = 1.0  # of processor time for one input
MOST_GROWTH = 5.0  # per cent of the resident memory
HANG_SECONDS = 30  # then the process says where it hangs, and ends
BOTH_UNPACKERS_EVERY = 4  # messages; the one in pure Python is slow
_CHUNK = 1000
_SETTLING_SHARE = 0.1


@dataclass
class DecoderFigures:
    """What the decoders did."""

    inputs: int = 0
    understood: int = 0
    slowest: float = 0.0  # seconds of processor time for one input
    growth: float = 0.0  # of the resident memory since the first tenth, per cent


class Finding(Exception):
    """An input that broke a promise, and how."""

    def __init__(self, what: object, error: BaseException) -> None:
        super().__init__(f"{error!r}\nfor {what!r}")


def fuzz_decoders(count: int, chooser: random.Random) -> DecoderFigures:
    """Gives ``count`` inputs to the ZMTP client and to the message decoder, half each.

    Raises:
        Finding: one of them broke a promise.
    """
    figures = DecoderFigures()
    settled = 0
    try:
        while figures.inputs < count:
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            for _ in range(min(_CHUNK, count - figures.inputs)):
                _one_input(figures, chooser)
            if not settled and figures.inputs >= count * _SETTLING_SHARE:
                settled = psutil.Process().memory_info().rss
    finally:
        faulthandler.cancel_dump_traceback_later()
    figures.growth = 100 * (psutil.Process().memory_info().rss / settled - 1)
    return figures


def _one_input(figures: DecoderFigures, chooser: random.Random) -> None:
    given: object
    check: Callable[[], bool]
    if figures.inputs % 2:
        given = spoken = conversations.conversation(chooser)
        check = partial(check_conversation, spoken)
    else:
        is_request = chooser.random() < 0.5
        given = frames = (messages.request if is_request else messages.reply)(chooser)
        both = figures.inputs // 2 % BOTH_UNPACKERS_EVERY == 0
        check = partial(check_both_unpackers if both else check_message, frames, is_request=is_request)
    began = time.thread_time()  # what other programs take does not count
    try:
        figures.understood += check()
    except Exception as error:
        raise Finding(given, error) from error
    figures.slowest = max(figures.slowest, time.thread_time() - began)
    figures.inputs += 1


def fuzz_service(count: int, chooser: random.Random) -> LiveFigures:
    """Sends ``count`` whole messages to a daemon of its own, with small random networks.

    Raises:
        BrokenPromise: it did not bear them.
    """
    from tests.tiny_weights import write_tiny_weights

    with tempfile.TemporaryDirectory(prefix="insert-object-fuzz-") as folder:
        weights = Path(folder) / "weights"
        write_tiny_weights(weights)
        with live_daemon(Path(folder) / "home", weights) as daemon:
            return attack(daemon, count, chooser)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--decoder", type=int, default=1_000_000, metavar="N", help="inputs for the decoders")
    parser.add_argument("--service", type=int, default=20_000, metavar="N", help="messages for the daemon")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    options = parser.parse_args()
    good = True
    if options.decoder:
        began = time.monotonic()
        decoded = fuzz_decoders(options.decoder, random.Random(options.seed))
        good &= decoded.slowest <= LONGEST_SECONDS and decoded.growth <= MOST_GROWTH
        print(
            f"decoders: {decoded.inputs} inputs in {time.monotonic() - began:.0f} s, "
            f"{decoded.understood} understood, slowest {1000 * decoded.slowest:.0f} ms, "
            f"memory {decoded.growth:+.1f} %",
            flush=True,
        )
    if options.service:
        began = time.monotonic()
        served = fuzz_service(options.service, random.Random(options.seed))
        good &= served.growth <= MOST_GROWTH
        print(
            f"daemon: {served.messages} messages and {served.raw_connections} broken connections "
            f"in {time.monotonic() - began:.0f} s, {served.sound} of them sound, "
            f"slowest answer to another client {1000 * served.slowest_answer:.0f} ms, "
            f"memory {served.settled_mb:.0f} → {served.final_mb:.0f} MB ({served.growth:+.1f} %)"
        )
        print("answers:", ", ".join(f"{name} {n}" for name, n in served.answers.most_common()))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
