"""Decodes one picture in a process of its own: ``python -I decoder.py FORMAT SECONDS PATH``.

Writes one line of JSON with the mode and the size, then the pixels. Imports nothing of ours, and ends by
itself after so many seconds, whatever the codec does: whoever started it may be gone.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys

from PIL import Image


def main(name: str, seconds: str, path: str) -> None:
    """Raises whatever Pillow raises."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        faulthandler.dump_traceback_later(float(seconds) + 1, exit=True, file=nowhere)
        Image.MAX_IMAGE_PIXELS = None  # its size was compared with the memory before
        with Image.open(path, formats=[name]) as image:
            image.load()
            head = json.dumps({"mode": image.mode, "size": image.size})
            sys.stdout.buffer.write(head.encode() + b"\n")
            sys.stdout.buffer.write(image.tobytes())
            sys.stdout.buffer.flush()
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(*sys.argv[1:])
