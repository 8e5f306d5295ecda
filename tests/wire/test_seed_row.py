"""The seeds of a row of variations: named ones are painted as they are, found ones stay."""

from __future__ import annotations

from wire.protocol import MAX_SEED
from wire.seed_row import Asked, SeedRow


def test_named_seeds_are_the_next_ones_and_nothing_is_chosen() -> None:
    row = SeedRow(7, 6, is_free=False)
    assert [row.seed_of(place) for place in range(6)] == [7, 8, 9, 10, 11, 12]
    assert row.one(0) == Asked(7)
    assert row.one(2) == Asked(9)
    assert row.others([2]) == [Asked(7, 6)]
    assert row.take(9) == 2
    assert row.take(99) is None
    assert SeedRow(MAX_SEED, 2, is_free=False).seed_of(1) == 0


def test_the_best_is_asked_for_alone_then_all_with_the_same_candidates() -> None:
    row = SeedRow(100, 6, is_free=True)
    assert row.seed_of(0) is None
    assert row.one(0) == Asked(100, 1, 12)
    assert row.take(107) == 0
    assert row.others([0]) == [Asked(100, 6, 12)]
    best = (107, 103, 111, 100, 109, 102)
    assert [row.take(seed) for seed in best] == list(range(6))
    assert [row.seed_of(place) for place in range(6)] == list(best)


def test_seeds_that_were_found_are_painted_again_and_not_chosen_again() -> None:
    row = SeedRow(100, 3, is_free=True)
    for seed in (107, 103, 111):
        row.take(seed)
    assert row.one(1) == Asked(103)
    assert row.others([1]) == [Asked(107), Asked(111)]
    assert row.take(105) is None
    assert [row.seed_of(place) for place in range(3)] == [107, 103, 111]


def test_the_first_that_was_found_stays_if_the_scene_has_another_best() -> None:
    row = SeedRow(100, 3, is_free=True)
    row.take(107)
    assert row.one(0) == Asked(107)
    assert [row.take(seed) for seed in (102, 110, 104)] == [1, 2, None]


def test_a_new_seed_comes_to_the_place_that_the_user_waits_for() -> None:
    row = SeedRow(100, 3, is_free=True)
    assert [row.take(107, 2), row.take(103, 2), row.take(111)] == [2, 0, 1]


def test_a_service_that_cannot_choose_is_asked_for_all_at_once_again() -> None:
    row = SeedRow(100, 3, is_free=True)
    for seed in (100, 101, 102):
        row.take(seed)
    assert row.others([0]) == [Asked(100, 3)]
