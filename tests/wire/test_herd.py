"""A herd stands as one would in a picture: far ones small and behind, apart, on selected ground."""

from __future__ import annotations

import itertools

import pytest

from wire.herd import MAX_HERD, Member, Region, herd_in, one_in_each
from wire.likeness import Likeness, another_seed
from wire.protocol import ErrorCode, InsertObjectError, Rect
from wire.selected_ground import ground_of

MEADOW = Region(Rect(60, 500, 900, 280))
PICTURE = 800  # pixels high
HERDS = [
    herd_in(MEADOW, name, count, seed, PICTURE)
    for name, count, seed in itertools.product(("sheep", "person", "okapi"), (2, 5, 12), range(8))
]


def covered(one: Rect, other: Rect) -> float:
    """The share of the smaller box that the other covers."""
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0, across) * max(0, down) / smaller


def test_the_same_seed_makes_the_same_herd_on_every_computer() -> None:
    assert herd_in(MEADOW, "sheep", 3, 42, PICTURE) == (
        Member(Rect(144, 514, 111, 95), 814428),
        Member(Rect(455, 559, 119, 106), 930219),
        Member(Rect(562, 602, 166, 126), 788876),
    )


def test_as_many_as_asked_for_stand_in_the_box_each_with_a_seed_of_its_own() -> None:
    for herd in HERDS:
        assert len({member.seed for member in herd}) == len(herd) in (2, 5, 12)
        assert all(MEADOW.box.around(member.box) == MEADOW.box for member in herd)


def test_far_ones_are_drawn_first_and_are_smaller() -> None:
    horizon = 0.42 * PICTURE
    for herd in HERDS:
        feet = [member.box.bottom for member in herd]
        assert feet == sorted(feet)
        sizes = [member.box.height / (member.box.bottom - horizon) for member in herd]
        assert max(sizes) / min(sizes) < 1.25  # as things of one size are, but for what is their own
        assert feet[-1] - feet[0] > 40  # spread over the ground from far to near


def test_they_hide_little_of_each_other_and_stand_in_no_row() -> None:
    for herd in HERDS:
        for one, other in itertools.combinations([member.box for member in herd], 2):
            assert covered(one, other) < 0.1
        assert len({member.box.bottom for member in herd}) > len(herd) / 2


def test_feet_are_on_selected_ground() -> None:
    rows = [bytes(255 * (x > y) for x in range(200)) for y in range(100)]  # right of the diagonal
    region = ground_of(Rect(0, 400, 800, 400), rows).region
    for seed in range(5):
        for member in herd_in(region, "cow", 5, seed, PICTURE):
            middle, foot = member.box.x + member.box.width / 2, member.box.bottom - 400
            assert middle / 4 > foot / 4 - 2


def test_a_box_without_room_is_refused_in_words() -> None:
    with pytest.raises(InsertObjectError, match="A herd of 24 finds no room in 40 × 30 pixels") as raised:
        herd_in(Region(Rect(0, 0, 40, 30)), "horse", MAX_HERD, 1, 100)
    assert raised.value.code is ErrorCode.BOX_TOO_SMALL


def test_parts_of_a_selection_are_boxes_that_are_drawn_from_far_to_near() -> None:
    rows = [bytearray(300) for _ in range(200)]
    for area in (Rect(0, 100, 80, 100), Rect(100, 0, 50, 40), Rect(200, 60, 100, 90)):
        for y in range(area.y, area.bottom):
            rows[y][area.x : area.right] = b"\xff" * area.width
    box = Rect(1000, 2000, 600, 400)
    ground = ground_of(box, [bytes(row) for row in rows])
    assert ground.suggests_each
    told = ground.members("dog", 1, 7, 3000, in_each_part=True)
    assert [member.box for member in told] == [
        Rect(1200, 2000, 100, 80),
        Rect(1400, 2120, 200, 180),
        Rect(1000, 2200, 160, 200),
    ]
    assert told == one_in_each(ground.parts, 7)
    assert ground.members("dog", 1, 7, 3000, in_each_part=False) == ()
    assert not ground_of(box, [b"\xff" * 20] * 20).suggests_each


def drawn(*rectangles: Rect, mirrored: bool = False, deep: bool = False) -> tuple[bytes, int, int, int]:
    """Rectangles on 60 × 40 pixels as an object's layer."""
    bits = [[0] * 60 for _ in range(40)]
    for area in rectangles:
        for y in range(area.y, area.bottom):
            bits[y][area.x : area.right] = [255] * area.width
    alphas = [alpha for row in bits for alpha in (row[::-1] if mirrored else row)]
    depth = 2 if deep else 1
    return b"".join(bytes([9] * 3 * depth + [alpha] * depth) for alpha in alphas), 60, 40, 4 * depth


@pytest.mark.parametrize("deep", [False, True])
def test_an_object_that_stands_like_another_is_told_mirrored_too(deep: bool) -> None:
    body, legs = Rect(0, 0, 60, 20), (Rect(5, 20, 8, 20), Rect(45, 20, 8, 20))
    likeness = Likeness()
    assert likeness.is_new(*drawn(body, *legs, deep=deep))
    assert not likeness.is_new(*drawn(body, Rect(6, 20, 8, 20), Rect(44, 20, 8, 20), deep=deep))
    assert likeness.is_new(*drawn(Rect(20, 0, 40, 40), Rect(0, 0, 20, 12), deep=deep))
    assert not likeness.is_new(*drawn(Rect(20, 0, 40, 40), Rect(0, 0, 20, 12), mirrored=True, deep=deep))


def test_after_a_few_tries_one_is_taken_as_it_is_and_a_box_is_like_none() -> None:
    lying, likeness = drawn(Rect(0, 20, 60, 20), Rect(0, 0, 20, 20)), Likeness()
    assert [likeness.is_new(*lying) for _ in range(5)] == [True, False, False, False, True]
    whole = drawn(Rect(0, 0, 60, 40))
    assert likeness.is_new(*whole) and likeness.is_new(*whole)
    assert another_seed(7) == another_seed(7) != another_seed(8)
