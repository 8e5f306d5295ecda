"""Any layer with transparency takes the scene's light in a real GIMP, and keeps its own pixels."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from tests.gimp.harness import Gimp, encoded, rgba
from tests.stand_in_engine import cast_area, lit_value, shadow_area
from wire.protocol import Rect

SIZE = (60, 40)
AT = (100, 80)


def cut_out_pixels(kind: str = "u1") -> np.ndarray:
    """Noise in an ellipse with a soft border, (40, 60, 4); what is transparent has a colour, too."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot((x - 29.5) / 26, (y - 19.5) / 17)
    alpha = np.clip((1.1 - away) * 8, 0, 1)
    most = np.iinfo(kind).max
    noise = np.random.default_rng(0).integers(0, most + 1, (height, width, 4)).astype(kind)
    noise[..., 3] = np.rint(alpha * most)
    return noise


@pytest.fixture
def image(gimp: Gimp) -> int:
    return int(gimp.make_image(400, 300)["image"])


@pytest.fixture
def layer(gimp: Gimp, image: int) -> int:
    return int(gimp.add_cut_out(image, encoded(cut_out_pixels()), *SIZE, *AT))


def lit(gimp: Gimp, image: int, **arguments: object) -> dict[str, object]:
    answer: dict[str, object] = gimp.light(image, **arguments)
    assert answer["status"] == "success", answer["error"]
    return answer


def expected(pixels: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """The cut-out in the stand-in's light, within the smallest rectangle with all that shows."""
    table = np.array([lit_value(value, strength) for value in range(256)], np.uint8)
    result = pixels.copy()
    shown = np.argwhere(pixels[..., 3] > 0)
    (top, left), (bottom, right) = shown.min(0), shown.max(0) + 1
    result[top:bottom, left:right, :3] = table[pixels[top:bottom, left:right, :3]]
    return result


def test_a_pasted_cut_out_takes_the_light_on_its_own_pixels(gimp: Gimp, image: int, layer: int) -> None:
    answer = lit(gimp, image)
    assert answer["layer"] == layer
    assert gimp.describe_image(image)["names"] == ["cut-out", "photo"]
    assert np.array_equal(rgba(gimp.pixels(layer), *SIZE), expected(cut_out_pixels()))


def test_strength_is_a_share_of_the_light(gimp: Gimp, image: int, layer: int) -> None:
    lit(gimp, image, strength=50.0)
    assert np.array_equal(rgba(gimp.pixels(layer), *SIZE), expected(cut_out_pixels(), 0.5))


def test_lighting_again_starts_from_the_layers_own_pixels(gimp: Gimp, image: int, layer: int) -> None:
    for strength in (100.0, 100.0, 30.0, 100.0):
        lit(gimp, image, strength=strength)
    assert np.array_equal(rgba(gimp.pixels(layer), *SIZE), expected(cut_out_pixels()))


@pytest.mark.parametrize(
    ("precision", "profile"),
    [("U8_NON_LINEAR", None), ("U16_NON_LINEAR", "adobe"), ("FLOAT_LINEAR", "adobe"), ("HALF_LINEAR", None)],
)
def test_light_is_taken_off_bit_for_bit(gimp: Gimp, precision: str, profile: str | None) -> None:
    image = gimp.make_image(400, 300, precision=precision)["image"]
    if profile:
        gimp.use_profile(image, profile)
    pixels = base64.b64encode(cut_out_pixels("u2").tobytes()).decode()
    layer = gimp.add_cut_out(image, pixels, *SIZE, *AT, kind="u16")
    own = gimp.native_pixels(layer)
    lit(gimp, image)
    assert gimp.native_pixels(layer) != own
    lit(gimp, image, strength=0.0)
    assert gimp.native_pixels(layer) == own


def test_alpha_of_floating_point_stays_bit_for_bit(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300, precision="FLOAT_LINEAR")["image"]
    pixels = cut_out_pixels().astype(np.float32) / 255
    pixels[..., 3] *= np.float32(0.999)  # between the steps of 16 bits
    layer = gimp.add_cut_out(image, base64.b64encode(pixels.tobytes()).decode(), *SIZE, *AT, kind="float")
    before = np.frombuffer(base64.b64decode(gimp.native_pixels(layer)), np.float32)
    lit(gimp, image)
    after = np.frombuffer(base64.b64decode(gimp.native_pixels(layer)), np.float32)
    assert np.array_equal(after[3::4], before[3::4])
    assert not np.array_equal(after[0::4], before[0::4])


def test_sixteen_bits_stay_sixteen(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300, precision="U16_NON_LINEAR")["image"]
    pixels = cut_out_pixels("u2")
    layer = gimp.add_cut_out(image, base64.b64encode(pixels.tobytes()).decode(), *SIZE, *AT, kind="u16")
    lit(gimp, image)
    got = rgba(gimp.pixels(layer, "R'G'B'A u16"), *SIZE, "<u2")
    assert np.array_equal(got[..., 3], pixels[..., 3])
    assert len(np.unique(got[..., :3] & 0xFF)) > 200  # the low bytes are no copies of the high ones
    assert (got[..., :3] != 257 * (got[..., :3] >> 8)).any()


def test_a_layer_that_was_painted_on_is_lit_as_it_is_now(gimp: Gimp, image: int, layer: int) -> None:
    lit(gimp, image)
    gimp.paint_rectangle(layer, 20, 10, 10, 10, [10, 20, 30])
    lit(gimp, image)
    got = rgba(gimp.pixels(layer), *SIZE)
    assert got[15, 25, :3].tolist() == [lit_value(value) for value in (10, 20, 30)]


def test_a_layer_cut_out_by_its_mask_alone_is_lit_under_it(gimp: Gimp, image: int) -> None:
    opaque = cut_out_pixels()
    opaque[..., 3] = 255
    layer = gimp.add_cut_out(image, encoded(opaque), *SIZE, *AT)
    gimp.add_mask(layer)
    gimp.paint_mask(layer, 10, 5, 30, 30, 255)
    mask = gimp.mask_values(layer)
    lit(gimp, image)
    assert np.array_equal(rgba(gimp.pixels(layer), *SIZE), expected(opaque))
    assert gimp.mask_values(layer) == mask


@pytest.mark.parametrize("base", ["RGB", "GRAY"])
def test_a_layer_without_alpha_gets_none_and_is_lit_under_its_mask(gimp: Gimp, base: str) -> None:
    made = gimp.make_image(400, 300, base=base)
    image, layer = made["image"], made["layer"]
    gimp.add_mask(layer)
    gimp.paint_mask(layer, 140, 90, 120, 120, 255)
    before, mask = gimp.describe_layer(layer), gimp.mask_values(layer)
    gimp.select_layer(image, layer)
    lit(gimp, image)
    assert (gimp.describe_layer(layer), gimp.mask_values(layer)) == (before, mask)
    assert rgba(gimp.pixels(layer), 400, 300)[150, 200].tolist() == [*[lit_value(128)] * 3, 255]
    lit(gimp, image, strength=0.0)
    assert rgba(gimp.pixels(layer), 400, 300)[150, 200].tolist() == [128, 128, 128, 255]


def wide_layer(gimp: Gimp, image: int, shown: int) -> int:
    """A layer of 4300 × 300 pixels whose mask shows that many of them, from 90 on, in a row."""
    wide = int(gimp.add_layer(image, 4300, 300, 0, 0, "wide"))
    gimp.add_mask(wide)
    gimp.paint_mask(wide, 90, 60, shown, 120, 255)
    gimp.select_layer(image, wide)
    return wide


def test_of_a_large_layer_what_its_mask_shows_counts(gimp: Gimp, image: int) -> None:
    wide = wide_layer(gimp, image, 120)
    lit(gimp, image)
    assert gimp.seen_colour(image, 150, 100) == [lit_value(value) for value in (0x30, 0x60, 0x90)]
    assert rgba(gimp.pixels(wide), 4300, 300)[100, 4200].tolist() == [0x30, 0x60, 0x90, 255]


def test_what_is_too_large_to_be_lit_is_told_before_the_service_is_asked(gimp: Gimp, image: int) -> None:
    wide_layer(gimp, image, 4200)
    said = refusal(gimp, image)
    assert "The object on “wide” is 4200 × 120 pixels, too large to be lit." in said
    assert "at most 4096 pixels" in said


@pytest.mark.usefixtures("layer")
def test_the_contact_shadow_is_a_layer_below_and_touches_no_pixel(gimp: Gimp, image: int) -> None:
    answer = lit(gimp, image, strength=0.0, shadow=True)
    names = ["cut-out", "cut-out · shadow", "photo"]
    assert gimp.describe_image(image)["names"] == names
    assert np.array_equal(rgba(gimp.pixels(answer["layer"]), *SIZE), cut_out_pixels())
    shown = np.argwhere(cut_out_pixels()[..., 3] > 0)
    (top, left), (bottom, right) = shown.min(0), shown.max(0) + 1
    box = Rect(AT[0] + int(left), AT[1] + int(top), int(right - left), int(bottom - top))
    about = gimp.describe_layer(answer["shadow"])
    place = Rect(about["x"], about["y"], about["width"], about["height"])
    assert place == shadow_area(box)
    again = lit(gimp, image, shadow=True)  # the same layer, renewed
    assert again["shadow"] == answer["shadow"]
    assert gimp.describe_image(image)["names"] == names


@pytest.mark.usefixtures("layer")
def test_the_cast_shadow_is_a_layer_of_its_own_below_the_contact_shadow(gimp: Gimp, image: int) -> None:
    contact = lit(gimp, image, shadow=True)["shadow"]
    answer = lit(gimp, image, cast_shadow=True, cast_direction=90)  # the contact shadow stays as it is
    assert answer["shadow"] == contact
    names = ["cut-out", "cut-out · shadow", "cut-out · cast shadow", "photo"]
    assert gimp.describe_image(image)["names"] == names
    shown = np.argwhere(cut_out_pixels()[..., 3] > 0)
    (top, left), (bottom, right) = shown.min(0), shown.max(0) + 1
    box = Rect(AT[0] + int(left), AT[1] + int(top), int(right - left), int(bottom - top))
    about = gimp.describe_layer(answer["cast"])
    assert Rect(about["x"], about["y"], about["width"], about["height"]) == cast_area(box)
    gimp.change_layer(answer["cast"], opacity=30.0)
    again = lit(gimp, image, shadow=True, cast_shadow=True)  # the same layers, renewed
    assert (again["shadow"], again["cast"]) == (contact, answer["cast"])
    assert gimp.describe_image(image)["names"] == names
    assert gimp.describe_layer(again["cast"])["opacity"] == pytest.approx(30, abs=0.5)


def test_a_number_that_no_cast_shadow_has_is_refused(gimp: Gimp, image: int, layer: int) -> None:
    answer = gimp.light(image, cast_shadow=True, cast_length=900)
    assert answer["status"] == "execution-error"
    assert "cast-length" in answer["error"]
    assert gimp.remembers(layer) == []


def test_an_inserted_object_keeps_its_recipe_and_is_lit_without_repainting(gimp: Gimp, image: int) -> None:
    gimp.select_rectangle(image, 100, 60, 160, 120)
    layer = gimp.insert(image, object_class="dog", seed=1, shadow=True)["layer"]
    gimp.select_none(image)
    about = gimp.describe_layer(layer)
    own = rgba(gimp.pixels(layer), about["width"], about["height"])
    shadow = gimp.pixels(gimp.describe_image(image)["layers"][1])
    answer = lit(gimp, image)
    assert answer["layer"] == layer
    assert np.array_equal(rgba(gimp.pixels(layer), about["width"], about["height"]), expected(own))
    assert gimp.describe_layer(layer)["record"] == about["record"]
    assert gimp.pixels(answer["shadow"]) == shadow  # nobody asked for a new one
    gimp.insert(image, object_class="dog", seed=2)  # an edit paints another object, which has no light
    assert gimp.remembers(layer) == ["insert-object-request"]


def test_what_is_set_on_the_layer_stays(gimp: Gimp, image: int, layer: int) -> None:
    gimp.change_layer(layer, opacity=40.0, name="my dog", lock_content=True, lock_position=True)
    gimp.change_mode(layer, "MULTIPLY")
    gimp.add_filter(layer, "gegl:invert-gamma")
    before = gimp.describe_layer(layer)
    lit(gimp, image)
    assert gimp.describe_layer(layer) == before


def test_the_originals_are_kept_in_xcf_files(gimp: Gimp, image: int, tmp_path: Path) -> None:
    gimp.add_cut_out(image, encoded(cut_out_pixels()), *SIZE, *AT)
    lit(gimp, image)
    gimp.save_picture(image, str(tmp_path / "lit.xcf"))
    again = gimp.open_picture(str(tmp_path / "lit.xcf"))["image"]
    layer = gimp.describe_image(again)["layers"][0]
    gimp.select_layer(again, layer)
    lit(gimp, again, strength=0.0)
    assert np.array_equal(rgba(gimp.pixels(layer), *SIZE), cut_out_pixels())


def refusal(gimp: Gimp, image: int) -> str:
    before = gimp.describe_image(image)
    answer = gimp.light(image)
    assert answer["status"] == "execution-error"
    assert gimp.describe_image(image) == before
    return str(answer["error"])


def test_a_layer_without_transparency_is_told_how_to_cut_it(gimp: Gimp, image: int) -> None:
    assert "“photo” has no transparency" in (said := refusal(gimp, image))
    assert "Add Alpha Channel" in said


@pytest.mark.usefixtures("layer")
def test_a_hidden_layer_and_a_group_are_refused_with_what_to_do(gimp: Gimp, image: int, layer: int) -> None:
    group = gimp.add_group(image)
    gimp.move_to_group(layer, group)
    gimp.select_layer(image, group)
    assert "is a group of layers" in refusal(gimp, image)
    gimp.change_layer(group, visible=False)
    gimp.select_layer(image, layer)
    assert "is hidden" in refusal(gimp, image)


def test_a_layer_that_is_transparent_or_outside_is_refused(gimp: Gimp, image: int) -> None:
    gimp.add_cut_out(image, encoded(np.zeros((40, 60, 4), np.uint8)), *SIZE, *AT)
    assert "is transparent everywhere" in refusal(gimp, image)
    gimp.add_cut_out(image, encoded(cut_out_pixels()), *SIZE, 900, 80)
    assert "outside the picture" in refusal(gimp, image)
