"""Everything of an insertion but the networks: window, wire both ways, layer, paste."""

from __future__ import annotations

import threading

import numpy as np
import zmq

from benchmarks.measure import Timing, timed
from daemon.painting.scene import object_layer, paste, square_pixels, view_of, window_pixels
from wire.protocol import (
    Insert,
    Layer,
    PixelFrame,
    Rect,
    Wish,
    decode_reply,
    decode_request,
    encode,
)


def overhead(side: int, limit: int, repeats: int = 20) -> Timing:
    """The whole way of a 512 px box of a 2000 × 1500 picture through real sockets, with given colours.

    ``side`` is the networks' resolution, ``limit`` the longest side of the scene that is sent, in pixels.
    """
    picture = np.random.default_rng(0).integers(60, 200, (1500, 2000, 3), dtype=np.uint8)
    colour = np.random.default_rng(1).random((side, side, 3), dtype=np.float32)
    alpha = np.zeros((side, side), np.float32)
    alpha[20:-20, 24:-24] = 1
    context = zmq.Context()
    router, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    dealer.connect(f"tcp://127.0.0.1:{port}")

    def serve() -> None:
        while True:
            frames = router.recv_multipart()
            if len(frames) < 3:
                return
            request = decode_request(frames[1:])
            if not isinstance(request, Insert):
                return
            view = view_of(request)
            square_pixels(view, side)
            pixels, x, y = object_layer(colour, alpha, view, depth=request.depth)
            layer = Layer(request.id, 0, request.wish.class_name, request.wish.seed, x, y, pixels)
            router.send_multipart([frames[0], *encode(layer)], copy=False)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    box = Rect(400, 300, 512, 512)

    def once() -> None:
        window, scene = window_pixels(picture, box, limit)
        request = Insert("b", Wish("dog", box), 2000, 1500, window, scene)
        dealer.send_multipart(encode(request), copy=False)
        layer = decode_reply(dealer.recv_multipart())
        if isinstance(layer, Layer):
            paste(picture, _array(layer.pixels), layer.x, layer.y)

    timing = timed(once, repeats)
    dealer.send(b"")
    server.join(5)
    context.destroy(linger=0)
    return timing


def _array(frame: PixelFrame) -> np.ndarray:
    return np.frombuffer(frame.data, np.uint8).reshape(frame.height, frame.width, 4)
