"""The figures of an evaluation say what they claim, on samples whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from models.evaluation import metrics


def features(count: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed)) + shift


def halves(count: int) -> torch.Tensor:
    return metrics.random_halves(count, torch.Generator().manual_seed(1))


def test_kid_of_two_samples_of_one_distribution_is_zero_within_its_error() -> None:
    estimate = metrics.kid(features(200, 1), features(200, 2), halves(200))
    assert abs(estimate.value) < 3 * estimate.error


def test_kid_grows_with_the_distance_of_the_distributions() -> None:
    near = metrics.kid(features(100, 1), features(100, 2, shift=0.3), halves(100))
    far = metrics.kid(features(100, 1), features(100, 2, shift=1.0), halves(100))
    assert 3 * near.error < near.value < far.value


def test_kid_does_not_reward_pictures_that_share_pixels_with_their_own_photo() -> None:
    real = features(60, 1)
    copies = metrics.kid(real, real.clone(), halves(60))
    assert copies.value == pytest.approx(0.0, abs=1e-9)


def test_the_error_bar_of_kid_is_about_its_spread_over_fresh_samples() -> None:
    estimates = [metrics.kid(features(60, n), features(60, 100 + n, 0.4), halves(60)) for n in range(40)]
    spread = float(torch.tensor([estimate.value for estimate in estimates]).std())
    claimed = sum(estimate.error for estimate in estimates) / len(estimates)
    assert 0.5 < claimed / spread < 2.0


def test_kid_refuses_samples_that_do_not_pair() -> None:
    with pytest.raises(ValueError, match="one shape"):
        metrics.kid(features(10, 1), features(11, 2), halves(10))
    with pytest.raises(ValueError, match="at least 4"):
        metrics.kid(features(3, 1), features(3, 2), halves(3))


def test_an_anchored_share_is_zero_for_grey_and_one_for_real_pixels() -> None:
    grey = metrics.Estimate(2.0, torch.tensor([2.0, 2.1]))
    pasted = metrics.Estimate(0.5, torch.tensor([0.5, 0.6]))
    middle = metrics.Estimate(1.25, torch.tensor([1.25, 1.35]))
    assert metrics.anchored_share(grey, grey, pasted).value == 0.0
    assert metrics.anchored_share(grey, pasted, pasted).value == 1.0
    assert metrics.anchored_share(grey, middle, pasted).value == pytest.approx(0.5)


def test_an_anchored_share_is_not_a_number_when_the_anchors_are_the_wrong_way_round() -> None:
    low, high = metrics.Estimate(0.5, torch.ones(2)), metrics.Estimate(0.6, torch.zeros(2))
    assert math.isnan(metrics.anchored_share(low, high, high).value)


def test_iou_of_half_overlapping_masks_is_a_third() -> None:
    first, second = torch.zeros(1, 1, 4, 6), torch.zeros(1, 1, 4, 6)
    first[..., 0:4], second[..., 2:6] = 1, 1
    assert metrics.iou(first, second).item() == pytest.approx(1 / 3)
    assert metrics.iou(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 1.0


def test_changed_pixels_counts_only_where_alpha_is_zero() -> None:
    scene = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    result, alpha = scene.clone(), torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    result[0, :, 0, 0], alpha[0, 0, 0, 0] = 9, 1  # under the layer: allowed
    assert metrics.changed_pixels(scene, result, alpha == 0).tolist() == [0]
    result[0, 2, 3, 3] = 1
    assert metrics.changed_pixels(scene, result, alpha == 0).tolist() == [1]


def test_spill_and_coverage_tell_alpha_outside_from_alpha_inside() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1
    assert metrics.spill(mask, mask, reach=2).item() == 0.0
    assert metrics.coverage(mask / 2, mask).item() == pytest.approx(0.5)
    stray = mask.clone()
    stray[..., 12:16, 12:16] = 1
    assert metrics.spill(stray, mask, reach=2).item() == pytest.approx(0.5)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_elasticity_finds_the_power_by_which_an_object_follows_its_scene(slope: float) -> None:
    scene = torch.tensor([[0.1, 0.2, 0.4], [0.05, 0.1, 0.3]])
    fit = metrics.elasticity(scene, 0.3 * scene**slope)
    assert fit.slope.tolist() == pytest.approx([slope, slope], abs=1e-6)
    assert fit.r_squared.tolist() == pytest.approx([float(slope > 0)] * 2, abs=1e-6)


def test_elasticity_of_light_that_ignores_the_scene_has_a_poor_fit() -> None:
    scene = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
    assert metrics.elasticity(scene, torch.tensor([[0.3, 0.1, 0.4, 0.2]])).r_squared.item() < 0.2


def test_nearest_finds_the_copy_among_the_candidates() -> None:
    candidates = features(20, 5)
    distance, index = metrics.nearest(2 * candidates[[7, 3]], candidates)
    assert index.tolist() == [7, 3]
    assert distance.tolist() == pytest.approx([0.0, 0.0], abs=1e-5)


def test_bounding_boxes_are_fractions_and_zero_for_an_empty_mask() -> None:
    mask = torch.zeros(2, 1, 8, 10)
    mask[0, 0, 2:6, 1:5] = 1
    assert metrics.bounding_boxes(mask)[0].tolist() == pytest.approx([0.1, 0.25, 0.5, 0.75])
    assert metrics.bounding_boxes(mask)[1].tolist() == [0, 0, 0, 0]


def test_box_iou_of_equal_and_of_separate_boxes() -> None:
    boxes = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.0, 0.0, 0.2, 0.2]])
    assert metrics.box_iou(boxes, boxes).tolist() == pytest.approx([1.0, 1.0])
    assert metrics.box_iou(boxes[:1], boxes[1:] + 0.6).tolist() == [0.0]


def test_a_mask_is_in_one_piece_but_for_specks_unless_it_is_empty() -> None:
    mask = torch.zeros(3, 1, 40, 40)
    mask[0, 0, 2:20, 2:20] = 1
    mask[1, 0, 2:20, 2:20] = 1
    mask[1, 0, 25:38, 25:38] = 1
    mask[0, 0, 30, 30] = 1  # one pixel of 325: a speck
    assert metrics.in_one_piece(mask).tolist() == [True, False, False]


def test_means_and_medians_leave_out_what_is_not_a_number() -> None:
    values = torch.tensor([1.0, math.nan, 2.0, 6.0])
    assert metrics.mean_or_nan(values) == 3.0
    assert metrics.median_or_nan(values) == 2.0
    assert math.isnan(metrics.mean_or_nan(torch.tensor([math.nan])))
