"""The service with packs: what a welcome offers, and what a request for a pack gets."""

from __future__ import annotations

import pytest

from tests.changed_insert import with_changes
from tests.daemon.conftest import Serve, folders, serve, wait_until
from tests.daemon.peer import an_insert, new_id, report_of, the_error
from tests.stand_in_engine import PACKS, SHADOW, StandInEngine, shadow_area, stand_in_colour
from wire.protocol import Done, ErrorCode, Hello, Layer, PackInfo, PixelFormat, Welcome

__all__ = ["folders", "serve"]  # fixtures


def test_a_welcome_offers_the_packs_beside_the_shipped_classes(serve: Serve) -> None:
    welcome = serve().peer().greet("again")
    assert isinstance(welcome, Welcome)
    assert welcome.packs == PACKS
    assert "lamp" not in [known.name for known in welcome.classes]


def test_packs_that_come_and_go_are_in_the_next_welcome(serve: Serve) -> None:
    engine = StandInEngine(packs=())
    peer = serve(engine).peer()
    engine.packs = PACKS
    welcome = peer.ask(Hello(new_id(), "again"))[-1]
    assert isinstance(welcome, Welcome) and welcome.packs == PACKS
    engine.packs = ()
    welcome = peer.ask(Hello(new_id(), "again"))[-1]
    assert isinstance(welcome, Welcome) and welcome.packs == ()


def test_a_new_pack_can_be_used_without_another_hello(serve: Serve) -> None:
    engine = StandInEngine(packs=())
    peer = serve(engine).peer()
    engine.packs = PACKS
    assert isinstance(peer.ask(an_insert("lamp", pack="lamps"))[-1], Done)


@pytest.mark.parametrize("pack", ["lamps", "LAMPS", " lamps ", "Lamps and lanterns"])
def test_a_request_names_a_pack_as_a_person_would(serve: Serve, pack: str) -> None:
    layer = serve().peer().ask(an_insert("lamp", pack=pack, style="brass"))[-2]
    assert isinstance(layer, Layer)
    assert bytes(layer.pixels.data[:3]) == bytes(stand_in_colour("lamp", 0, 0, "brass"))


def test_an_unknown_pack_is_refused_with_the_list_of_packs(serve: Serve) -> None:
    error = the_error(serve().peer().ask(an_insert("lamp", pack="lamsp")))
    assert error.code is ErrorCode.BAD_REQUEST
    assert (error.sentence, error.hint) == (
        "There is no model pack “lamsp”.",
        "Did you mean “lamps”? Known: lamps.",
    )


def test_without_any_packs_the_hint_says_so(serve: Serve) -> None:
    error = the_error(serve(StandInEngine(packs=())).peer().ask(an_insert("dog", pack="lamps")))
    assert "no packs but the one that came with the program" in error.hint


@pytest.mark.parametrize(("pack", "name"), [("lamps", "dog"), ("", "lamp")])
def test_a_class_is_looked_for_in_the_requests_pack_alone(serve: Serve, pack: str, name: str) -> None:
    assert the_error(serve().peer().ask(an_insert(name, pack=pack))).code is ErrorCode.UNKNOWN_CLASS


def test_a_name_counts_more_than_another_packs_label(serve: Serve) -> None:
    mine, other = PackInfo("lamps", "Mine", PACKS[0].classes), PackInfo("others", "lamps", ())
    for packs in ((mine, other), (other, mine)):
        peer = serve(StandInEngine(packs=packs)).peer()
        assert isinstance(peer.ask(an_insert("lamp", pack="lamps"))[-1], Done)


def test_a_request_before_the_networks_are_loaded_is_checked_against_its_pack_then(serve: Serve) -> None:
    peer = serve(StandInEngine(load_seconds=0.3)).peer(greeted="")
    peer.send(Hello(new_id(), "early"))
    good, bad = an_insert("lamp", pack="lamps"), an_insert("lamp", pack="nothing")
    peer.send(good)
    peer.send(bad)
    assert isinstance(peer.replies(good.id)[-1], Done)
    assert the_error(peer.replies(bad.id)).code is ErrorCode.BAD_REQUEST


def test_the_status_lists_the_packs(serve: Serve) -> None:
    served = serve()
    served.peer().ask(an_insert())
    wait_until(lambda: "packs" in report_of(served.peers[0]))
    assert report_of(served.peers[0])["packs"] == {"lamps": ["lamp"]}


@pytest.mark.parametrize(("depth", "kind"), [(8, PixelFormat.RGBA8), (16, PixelFormat.RGBA16)])
def test_a_shadow_comes_with_its_layer_only_if_asked_for(serve: Serve, depth: int, kind: PixelFormat) -> None:
    peer = serve().peer()
    request = an_insert(depth=depth, shadow=True)
    layer = peer.ask(request)[-2]
    assert isinstance(layer, Layer) and layer.shadow is not None
    area = shadow_area(request.wish.box)
    assert (layer.shadow_x, layer.shadow_y) == (area.x, area.y)
    assert (layer.shadow.width, layer.shadow.height, layer.shadow.format) == (area.width, area.height, kind)
    assert bytes(layer.shadow.data[:: kind.bytes_per_pixel // 4][:4]) == bytes(SHADOW)
    plain = peer.ask(with_changes(request, id=new_id(), shadow=False))[-2]
    assert isinstance(plain, Layer) and plain.shadow is None
    assert bytes(plain.pixels.data) == bytes(layer.pixels.data)
