"""What the command line writes as OpenRaster, GIMP opens as layers with their names in their places."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import RunCli, RunningDaemon
from tests.gimp.harness import Gimp, rgba


def test_layers_have_their_names_offsets_and_pixels(
    gimp: Gimp, running_daemon: RunningDaemon, run_cli: RunCli, sample_photo_file: Path, tmp_path: Path
) -> None:
    assert running_daemon.alive
    out = tmp_path / "two.ora"
    done = run_cli(
        *("insert", sample_photo_file, "--box", "40,200,200,160", "--class", "cow"),
        *("--box", "380,260,150,120", "--class", "dog", "--seed", "7", "--json", "-o", out),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["layers"]
    opened = gimp.open_picture(str(out))
    about = gimp.describe_image(opened["image"])
    layers = [gimp.describe_layer(layer) for layer in about["layers"]]
    objects, shadows = layers[0:4:2], layers[1:4:2]
    assert [layer["name"] for layer in objects] == ["dog · seed 8", "cow · seed 7"]
    assert [layer["name"] for layer in shadows] == ["dog · seed 8 · shadow", "cow · seed 7 · shadow"]
    told = [place for one in reversed(told) for place in (one, one["shadow"])]
    for layer, expected in zip(layers[:4], told, strict=True):
        assert [layer["x"], layer["y"]] == expected["offset"]
        assert [layer["width"], layer["height"]] == expected["size"]
    photo = layers[4]
    shown = rgba(gimp.pixels(about["layers"][4]), photo["width"], photo["height"])
    with Image.open(sample_photo_file) as source:
        assert np.array_equal(shown[..., :3], np.asarray(source))
