"""The largest pictures that the rules allow reach the daemon, on this computer and on another one."""

from __future__ import annotations

import pytest

from tests.daemon.peer import kinds, new_id
from tests.security.conftest import OpenBox, OpenDesk
from wire.protocol import (
    MAX_FRAME_SIDE,
    MAX_WINDOW_PIXELS,
    Light,
    PixelFormat,
    PixelFrame,
    Rect,
    check_light,
    sent_size,
    sent_window,
)


def a_light(side: int) -> Light:
    """Asks for light for a square layer of 16 bits on a picture of 8000 × 6000."""
    box = Rect(10, 10, side, side)
    window = sent_window(box, 8000, 6000)
    width, height = sent_size(window, MAX_WINDOW_PIXELS)
    scene = PixelFrame(width, height, PixelFormat.RGBA8, bytes(4 * width * height))
    layer = PixelFrame(side, side, PixelFormat.RGBA16, bytes(8 * side * side))
    return Light(new_id(), 8000, 6000, box, window, scene, layer)


@pytest.mark.parametrize("is_forwarded", [False, True], ids=["here", "through another daemon"])
def test_the_largest_layer_that_may_be_lit_is_lit(
    open_box: OpenBox, open_desk: OpenDesk, is_forwarded: bool
) -> None:
    request = a_light(MAX_FRAME_SIDE)
    check_light(request)
    box = open_box()
    peer = (open_desk(box) if is_forwarded else box).peer()
    assert kinds(peer.ask(request, 60))[-2:] == ["lit", "done"]
