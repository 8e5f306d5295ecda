"""What a user calls packs and classes is found, or the nearest is suggested."""

from __future__ import annotations

import pytest

from daemon.packs.names import in_its_pack
from wire.protocol import ClassInfo, ErrorCode, InsertObjectError, PackInfo, Wish

SHIPPED = (ClassInfo("dog", "Dog"),)
LAMPS = PackInfo("lamps", "Lamps", (ClassInfo("lamp", "Lamp"), ClassInfo("dog", "Dog lamp")))
BULBS = PackInfo("bulbs", "Bulbs", (ClassInfo("lamp", "Lamp"),))


def test_a_class_that_one_pack_alone_has_is_looked_for_there() -> None:
    assert in_its_pack(Wish("Lamp"), SHIPPED, (LAMPS,)).pack == "lamps"


@pytest.mark.parametrize(
    "wish", [Wish("dog"), Wish("lamp", pack="bulbs"), Wish("cat")], ids=["shipped", "named", "nowhere"]
)
def test_a_wish_stays_as_it_is_where_that_settles_nothing(wish: Wish) -> None:
    assert in_its_pack(wish, SHIPPED, (LAMPS, BULBS)) == wish


def test_a_class_of_several_packs_needs_a_pack() -> None:
    with pytest.raises(InsertObjectError, match="More than one") as caught:
        in_its_pack(Wish("lamp"), SHIPPED, (LAMPS, BULBS))
    assert caught.value.code is ErrorCode.UNKNOWN_CLASS
    assert "lamps, bulbs" in caught.value.hint
