"""The largest layers that the rules allow arrive whole."""

from __future__ import annotations

from pathlib import Path

from wire import protocol
from wire.connection import Config
from wire.protocol import MAX_LAYER_PIXELS, PixelFormat, PixelFrame
from wire.session import Session

from .scripted_router import ScriptedRouter, obliging
from .sessions import insert


def test_the_largest_layer_arrives_with_its_shadow(tmp_path: Path) -> None:
    width = 16_384
    pixels = PixelFrame(width, MAX_LAYER_PIXELS // width, PixelFormat.RGBA8, bytes(4 * MAX_LAYER_PIXELS))
    shadow = PixelFrame(width, 1000, PixelFormat.RGBA8, bytes(4 * width * 1000))

    def answer(request: protocol.Request) -> list[protocol.Reply]:
        if not isinstance(request, protocol.Insert):
            return obliging(request)
        layer = protocol.Layer(request.id, 0, "dog", 0, 50, 50, pixels, shadow, 50, 50)
        return [protocol.Accepted(request.id), layer, protocol.Done(request.id)]

    with ScriptedRouter(answer) as router:
        router.write_connection_file(tmp_path / "connection.json")
        with Session(Config(tmp_path / "connection.json", ()), "tests", autostart=False) as session:
            _, layer, _ = session.stream(insert(), 60)
    assert isinstance(layer, protocol.Layer)
    assert len(layer.pixels.data) == len(pixels.data)
    assert layer.shadow is not None
