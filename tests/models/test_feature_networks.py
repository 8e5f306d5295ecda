"""The frozen feature networks: the operation list runs as TFLite would run it, and the files are checked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from models.features.networks import (
    FEATURES_VARIABLE,
    VOC_CLASSES,
    DeepLabVoc,
    FeatureNetworkMissing,
    FeatureNetworkUnreadable,
    Lpips,
    MobileNetV1Embedding,
    MobileNetV2Features,
    SqueezeNetFeatures,
    feature_folder,
)
from models.features.op_list import FlatGraph, parse_op_list, same_padding
from tests.models.feature_files import convolution, weights_for, write_features


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_features(tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def real_features() -> Path:
    folder = feature_folder(None)
    if folder is None or not folder.is_dir():
        pytest.skip(f"the real feature networks are not here: {FEATURES_VARIABLE} names no folder")
    return folder


def graph_of(ops: list[dict[str, object]], weights: dict[str, torch.Tensor], outputs: list[int]) -> FlatGraph:
    content = {"inp": 0, "out": outputs[-1], "ishape": [1, 16, 16, 3], "ops": ops}
    return FlatGraph(parse_op_list(content), weights, outputs)


def picture(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "expected"),
    [
        (224, 3, 2, 1, (0, 1)),
        (257, 3, 2, 1, (1, 1)),
        (33, 3, 1, 2, (2, 2)),
        (7, 1, 1, 1, (0, 0)),
        (8, 1, 2, 1, (0, 0)),
    ],
)
def test_same_padding_puts_the_smaller_half_first(
    size: int, kernel: int, stride: int, dilation: int, expected: tuple[int, int]
) -> None:
    assert same_padding(size, kernel, stride, dilation) == expected


def test_a_strided_convolution_on_an_even_size_pads_right_and_below_only() -> None:
    weights = weights_for({0: (4, 3, 3, 3)})
    graph = graph_of([convolution(0, 0, 1, (8, 8, 4), stride=2)], weights, [1])
    x = picture(1, 3, 16, 16)
    expected = F.conv2d(F.pad(x, (0, 1, 0, 1)), weights["w0"], weights["b0"], stride=2)
    torch.testing.assert_close(graph(x)[0], expected)


def test_depthwise_dilated_convolution_addition_and_relu6_match_their_definition() -> None:
    weights = weights_for({0: (3, 1, 3, 3)})
    depthwise = convolution(0, 0, 1, (16, 16, 3), op="DEPTHWISE_CONV_2D", dil=2)
    addition = {"op": "ADD", "i": [1, 0], "o": [2], "act": 3, "oshape": [1, 16, 16, 3]}
    x = 8 * picture(2, 3, 16, 16)
    expected = F.conv2d(x, weights["w0"], weights["b0"], padding=2, dilation=2, groups=3) + x
    torch.testing.assert_close(graph_of([depthwise, addition], weights, [2])(x)[0], expected.clamp(0, 6))


def test_a_recorded_size_stands_for_the_live_size_at_any_input() -> None:
    weights = weights_for({0: (4, 3, 3, 3)})
    ops = [
        convolution(0, 0, 1, (8, 8, 4), stride=2),
        {"op": "AVERAGE_POOL_2D", "i": [1], "o": [2], "k": [8, 8], "stride": 1, "oshape": [1, 1, 1, 4]},
        {"op": "RESIZE_BILINEAR", "i": [2], "o": [3], "oshape": [1, 8, 8, 4]},
        {"op": "CONCATENATION", "i": [3, 1], "o": [4], "oshape": [1, 8, 8, 8]},
    ]
    pooled, joined = graph_of(ops, weights, [2, 4])(picture(1, 3, 24, 40))
    assert joined.shape == (1, 8, 12, 20)
    torch.testing.assert_close(joined[:, :4], pooled.expand(1, 4, 12, 20))
    torch.testing.assert_close(pooled, joined[:, 4:].mean(dim=(2, 3), keepdim=True))


def test_operations_that_no_output_needs_are_neither_run_nor_demanded() -> None:
    ops = [convolution(0, 0, 1, (16, 16, 4)), {"op": "SOFTMAX", "i": [1], "o": [2], "oshape": [1, 16, 16, 4]}]
    assert len(graph_of(ops, weights_for({0: (4, 3, 1, 1)}), [1]).operations) == 1
    with pytest.raises(FeatureNetworkUnreadable, match="SOFTMAX"):
        graph_of(ops, weights_for({0: (4, 3, 1, 1)}), [2])


def test_a_list_whose_weights_are_incomplete_is_refused() -> None:
    with pytest.raises(FeatureNetworkUnreadable, match="w0"):
        graph_of([convolution(0, 0, 1, (16, 16, 4))], {}, [1])


def test_a_frozen_network_has_no_parameters_but_gives_its_input_a_gradient(features: Path) -> None:
    network = MobileNetV2Features(features)
    x = picture(1, 3, 64, 64).requires_grad_()
    torch.stack([tap.square().mean() for tap in network(x)]).sum().backward()
    assert not list(network.parameters())
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_mobilenet_v2_has_a_tap_at_each_of_its_strides(features: Path) -> None:
    network = MobileNetV2Features(features)
    shapes = [tuple(tap.shape) for tap in network(picture(2, 3, 64, 96))]
    assert shapes == [
        (2, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(network.channels, network.STRIDES, strict=True)
    ]


def test_the_evaluation_networks_take_pictures_of_any_size(features: Path) -> None:
    assert MobileNetV1Embedding(features)(picture(2, 3, 50, 70)).shape == (2, 8)
    assert DeepLabVoc(features).labels(picture(2, 3, 50, 70)).shape == (2, 50, 70)


def test_squeezenet_has_seven_taps_of_the_known_widths(features: Path) -> None:
    taps = SqueezeNetFeatures(features)(picture(1, 3, 64, 64))
    assert tuple(tap.shape[1] for tap in taps) == SqueezeNetFeatures.CHANNELS


def test_lpips_is_zero_for_equal_pictures_symmetric_and_grows_with_the_difference(features: Path) -> None:
    lpips = Lpips(features)
    a, b = picture(2, 3, 48, 48), picture(2, 3, 48, 48, seed=1)
    slight = (a + 0.05 * b).clamp(-1, 1)
    assert lpips(a, a).tolist() == [0, 0]
    torch.testing.assert_close(lpips(a, b), lpips(b, a))
    assert (lpips(a, slight) < lpips(a, b)).all()


def test_lpips_with_features_at_hand_is_the_same_distance(features: Path) -> None:
    lpips = Lpips(features)
    a, b = picture(1, 3, 48, 48), picture(1, 3, 48, 48, seed=1)
    torch.testing.assert_close(lpips(a, b, taps=lpips.features(b)), lpips(a, b))


def test_lpips_has_a_finite_gradient_on_a_flat_picture(features: Path) -> None:
    flat = torch.zeros(1, 3, 48, 48, requires_grad=True)
    Lpips(features)(flat, picture(1, 3, 48, 48)).sum().backward()
    assert flat.grad is not None and torch.isfinite(flat.grad).all()


def test_a_missing_file_is_named_with_the_way_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(FeatureNetworkMissing, match=r"squeezenet.*--features"):
        SqueezeNetFeatures(tmp_path)


@pytest.mark.parametrize("ending", [".json", ".safetensors"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    write_features(tmp_path)
    damaged = next(tmp_path.glob(f"deeplab*{ending}"))
    damaged.write_bytes(b"{}")
    with pytest.raises(FeatureNetworkUnreadable, match="deeplab"):
        DeepLabVoc(tmp_path)


def test_the_folder_is_the_one_given_or_else_the_environments(tmp_path: Path) -> None:
    environment = {FEATURES_VARIABLE: str(tmp_path)}
    assert feature_folder(Path("here"), environment) == Path("here")
    assert feature_folder(None, environment) == tmp_path
    assert feature_folder(None, {}) is None


def test_real_mobilenet_v2_taps_have_the_widths_of_the_paper(real_features: Path) -> None:
    assert MobileNetV2Features(real_features).channels == (24, 32, 96, 320)


def test_real_deeplab_finds_the_objects_of_real_photos(real_features: Path) -> None:
    data = os.environ.get("INSERT_OBJECT_DATA", "")
    if not data:
        pytest.skip("no real photos here: INSERT_OBJECT_DATA names no folder")
    from models.evaluation.metrics import iou
    from models.photos.data import load_windows, read_records

    records = [r for r in read_records(Path(data)) if r.split == "val" and r.class_name == "cat"][:16]
    windows = load_windows(records, ("cat",), 256)
    labels = DeepLabVoc(real_features).labels(windows.images.float() / 127.5 - 1)
    found = (labels == VOC_CLASSES.index("cat")).unsqueeze(1).float()
    assert iou(found, windows.masks.float() / 255).median() > 0.8
