"""The decoders under atheris, which looks for inputs that reach new code; no test needs it.

    pip install atheris        # in an environment of its own, beside the program's packages
    python -m tests.fuzz.guided [--seconds 300] --corpus FOLDER

It ends with what broke a promise, which is then in FOLDER-findings, or after that many seconds.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HANG_SECONDS = 10  # by the wall's clock, and code that is watched is many times slower
SEEDS = 200  # sound and damaged inputs to begin with


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--corpus", type=Path, required=True, help="folder where interesting inputs are kept")
    options = parser.parse_args()
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        print("atheris is not installed; see the head of this file.", file=sys.stderr)
        return 2
    with atheris.instrument_imports(include=["wire", "msgpack"]):
        from tests.fuzz import conversations, decoders, messages
    options.corpus.mkdir(parents=True, exist_ok=True)
    chooser = random.Random(0)
    for number in range(SEEDS):
        spoken = conversations.conversation(chooser)
        (options.corpus / f"spoken-{number}").write_bytes(bytes([int(spoken.is_plain)]) + spoken.data)
        frames = (messages.request if number % 2 else messages.reply)(chooser)
        (options.corpus / f"message-{number}").write_bytes(bytes([2 + number % 2]) + _joined(frames))

    def one(data: bytes) -> None:
        if not data:
            return
        if data[0] % 4 < 2:
            cuts = (data[0] // 4 + 1, 64)
            decoders.check_conversation(conversations.Conversation(data[1:], cuts, data[0] % 4 == 1))
        else:
            decoders.check_both_unpackers(_split(data[1:]), is_request=data[0] % 4 == 3)

    findings = options.corpus.with_name(f"{options.corpus.name}-findings")
    findings.mkdir(exist_ok=True)
    limits = [f"-max_total_time={options.seconds}", f"-timeout={HANG_SECONDS}", "-max_len=100000"]
    _run(atheris, one, [*limits, f"-artifact_prefix={findings}/", str(options.corpus)])
    return 0


def _run(atheris: Any, one: Callable[[bytes], None], arguments: Sequence[str]) -> None:
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def _joined(frames: Sequence[bytes | bytearray | memoryview]) -> bytes:
    """Frames behind each other, each with its length in two bytes."""
    return b"".join(len(frame).to_bytes(2, "big") + bytes(frame) for frame in frames if len(frame) < 65536)


def _split(data: bytes) -> list[bytes | bytearray | memoryview]:
    frames: list[bytes | bytearray | memoryview] = []
    while len(data) >= 2 and len(frames) < 20:
        size = int.from_bytes(data[:2], "big")
        frames.append(data[2 : 2 + size])
        data = data[2 + size :]
    return frames


if __name__ == "__main__":
    sys.exit(main())
