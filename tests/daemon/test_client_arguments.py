"""The Python API names a wrong argument at once, before it asks the service; right ones of any kind work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from daemon.client import Client
from daemon.client.arguments import WrongArgument
from daemon.home.folders import Folders
from tests.daemon.conftest import Serve, folders, serve
from wire.protocol import ErrorCode, InsertObjectError

__all__ = ["folders", "serve"]  # fixtures

PICTURE = np.full((100, 120, 3), 90, np.uint8)
CUT_OUT = np.full((20, 20, 4), 90, np.uint8)


@pytest.fixture
def lonely(folders: Folders) -> Iterator[Client]:
    """A client that reaches nobody: what it refuses, it refuses by itself."""
    with Client.connect(folders, autostart=False) as client:
        yield client


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"picture": Image.new("RGB", (9, 9))}, "picture is of the kind Image"),
        ({"picture": None}, "picture is of the kind NoneType"),
        ({"picture": PICTURE / 255}, "picture holds numbers of the kind float64"),
        ({"picture": PICTURE.astype(np.int16)}, "picture holds numbers of the kind int16"),
        ({"picture": PICTURE[..., 0]}, r"picture has the shape \(100, 120\)"),
        ({"picture": PICTURE[..., :2]}, r"picture has the shape \(100, 120, 2\)"),
        ({"picture": PICTURE[:0]}, "picture is 120 × 0 pixels"),
        ({"box": (1, 2, 3)}, "box is .* it must be four whole numbers"),
        ({"box": 7}, "box is 7"),
        ({"box": (10.5, 10, 40, 40)}, "box is 10.5"),
        ({"box": ("10", 10, 40, 40)}, "box is '10'"),
        ({"box": (10, 10, 10**9, 40)}, "box is 1000000000"),
        ({"class_name": 5}, "class_name is 5, it must be a text"),
        ({"seed": -1}, "seed is -1, it must be a whole number from 0 to 2147483647"),
        ({"seed": 2**31}, "seed is 2147483648"),
        ({"seed": 1.0}, r"seed is 1\.0"),
        ({"seed": True}, "seed is True"),
        ({"seed": None}, "seed is None"),
        ({"shape_seed": "1"}, "shape_seed is '1'"),
        ({"look_seed": -5}, "look_seed is -5"),
        ({"variations": 0}, "variations is 0, it must be a whole number from 1 to 16"),
        ({"variations": 17}, "variations is 17"),
        ({"candidates": 0}, "candidates is 0, it must be a whole number from 1 to 48"),
        ({"candidates": 49, "seed": 1}, "candidates is 49"),
        ({"candidates": "12"}, "candidates is '12'"),
        ({"depth": 0}, "depth is 0"),
        ({"depth": 12}, "depth is 12, it must be 8 or 16"),
        ({"style": None}, "style is None"),
        ({"pack": b"lamps"}, "pack is b'lamps'"),
        ({"shadow": 1}, "shadow is 1, it must be True or False"),
        ({"mirrored": "no"}, "mirrored is 'no'"),
        ({"shape": "round"}, "shape is 'round', it must be one of 'drawn', 'reference'"),
        ({"mask": PICTURE[..., 0] > 5}, "mask holds numbers of the kind bool"),
        ({"mask": PICTURE[:50, :, 0]}, r"mask has the shape \(50, 120\), the picture \(100, 120\)"),
        ({"mask": PICTURE}, r"mask has the shape \(100, 120, 3\)"),
        ({"reference": PICTURE[..., 0]}, "reference has the shape"),
        ({"reference_box": (1, 1, 9, 9)}, "reference_box is given without a reference"),
        ({"reference": CUT_OUT, "reference_box": (1, 1)}, "reference_box is"),
        ({"shape": "reference"}, "shape is that of the reference, and there is none"),
        ({"shape": "reference", "reference": CUT_OUT, "mask": PICTURE[..., 0]}, "mask and shape both"),
        ({"on_progress": "bar"}, "on_progress is 'bar', it must be a function"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_before_anybody_is_asked(
    lonely: Client, wrong: dict[str, Any], told: str
) -> None:
    asked: dict[str, Any] = {"picture": PICTURE, "box": (10, 10, 40, 40), "class_name": "dog", **wrong}
    with pytest.raises(WrongArgument, match=f"^{told}") as refused:
        lonely.insert_variations(**asked)
    assert refused.value.code is ErrorCode.BAD_REQUEST and isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"picture": PICTURE / 255}, "picture holds numbers of the kind float64"),
        ({"cut_out": None}, "cut_out is of the kind NoneType"),
        ({"cut_out": PICTURE}, r"cut_out has the shape \(100, 120, 3\)"),
        ({"at": 7}, "at is 7, it must be two whole numbers"),
        ({"at": (1, 2, 3)}, r"at is \(1, 2, 3\), it must be two whole numbers"),
        ({"at": (1.5, 2)}, "at is 1.5, it must be a whole number"),
        ({"strength": 1.5}, "strength is 1.5, it must be a number from 0 to 1"),
        ({"strength": "1"}, "strength is '1'"),
        ({"strength": float("nan")}, "strength is nan"),
        ({"shadow": "yes"}, "shadow is 'yes', it must be True or False"),
        ({"adjustments": [0.5]}, r"adjustments is \[0.5\], it must be a mapping"),
        ({"adjustments": {"exposure": "much"}}, "adjustments holds 'much' as 'exposure'"),
        ({"adjustments": {5: 0.5}}, "a name in adjustments is 5, it must be a text"),
        ({"on_progress": "bar"}, "on_progress is 'bar', it must be a function"),
    ],
    ids=str,
)
def test_a_wrong_argument_of_light_is_named_before_anybody_is_asked(
    lonely: Client, wrong: dict[str, Any], told: str
) -> None:
    shown = CUT_OUT.copy()
    shown[0] = 0
    asked: dict[str, Any] = {"picture": PICTURE, "cut_out": shown, "at": (10, 10), **wrong}
    with pytest.raises(WrongArgument, match=f"^{told}") as refused:
        lonely.light(**asked)
    assert refused.value.code is ErrorCode.BAD_REQUEST and isinstance(refused.value, ValueError)


def test_adjustments_that_do_not_exist_are_refused_before_anybody_is_asked(lonely: Client) -> None:
    shown = CUT_OUT.copy()
    shown[0] = 0
    with pytest.raises(InsertObjectError, match="cannot be applied"):
        lonely.light(PICTURE, shown, (10, 10), adjustments={"glitter": 0.5})


def test_a_box_outside_of_the_picture_is_refused_before_anybody_is_asked(lonely: Client) -> None:
    with pytest.raises(InsertObjectError) as refused:
        lonely.insert(PICTURE, (500, 500, 40, 40), "dog")
    assert refused.value.code is ErrorCode.BOX_OUTSIDE


def test_numbers_flags_and_pictures_of_numpys_own_kinds_are_taken(serve: Serve) -> None:
    served = serve()
    plain: dict[str, Any] = {"seed": 3, "shadow": True, "variations": 2}
    numpys = {"seed": np.int64(3), "shadow": np.True_, "variations": np.uint8(2)}
    deep = (PICTURE.astype(np.uint16) * 257).astype(">u2")
    with Client.connect(served.folders, autostart=False) as client:
        first = client.insert_variations(PICTURE, (10, 10, 40, 40), "dog", **plain)
        second = client.insert_variations(
            PICTURE[:, ::-1][:, ::-1], np.array([10, 10, 40, 40]), "dog", **numpys
        )
        assert client.insert(deep, (10, 10, 40, 40), "dog", depth=None).pixels.dtype == np.uint16
    assert [layer.seed for layer in first] == [layer.seed for layer in second] == [3, 4]
    assert all((one.pixels == other.pixels).all() for one, other in zip(first, second, strict=True))
