"""A manifest that breaks a rule is refused with a reason that a person understands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.files.manifest import MAX_MANIFEST_BYTES, Manifest, ModelCorrupt, ModelMissing
from tests.packs.conftest import rewrite

Change = Callable[[dict[str, Any]], None]


def put(*way: Any) -> Change:
    """A change that puts the last of the values at the place that the others lead to."""

    def change(content: Any) -> None:
        for step in way[:-2]:
            content = content[step]
        content[way[-2]] = way[-1]

    return change


def one_class_more(**entry: Any) -> Change:
    return lambda content: content["classes"].append(entry)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("format", 2), "has format 2, this program reads 1"),
        (put("name", ""), "a name without a text"),
        (put("best_class", "unicorn"), "a best class that is not among its classes"),
        (put("best_class", 3), "a best class that is not among its classes"),
        (put("name", "x" * 121), "a name of 121 characters"),
        (put("label", "Lamps\x1b[2J"), "characters that cannot be shown"),
        (put("label", "safe\u202egnp.exe"), "characters that cannot be shown"),
        (put("resolution", 100_000), "resolution 100000, allowed are 32, 64"),
        (put("resolution", "128"), "has the resolution '128'"),
        (put("resolution", bool(1)), "has the resolution True"),
        (put("network", []), "does not describe its network"),
        (put("network", "code_size", 10**9), "code_size 1000000000, allowed are 1 to 512"),
        (put("network", "style_size", 0), "style_size 0"),
        (put("network", "base", 1.5), "base 1.5"),
        (put("network", "base", 4), "paints from a level of 4 pixels"),
        (put("network", "channels", "8", 10**6), "1000000 channels, at most 1024"),
        (put("network", "channels", "8", -1), "-1 channels"),
        (put("network", "channels", "99999", 8), "a level of '99999' pixels"),
        (put("network", "channels", {"8": 16, "32": 16}), "levels that do not lead, doubling"),
        (put("network", "channels", {}), "levels that do not lead"),
        (put("network", "standard_light", "yes"), "does not know: 'standard_light'"),
        (put("classes", []), "has no classes"),
        (put("classes", 0, "name", ""), "a class name without a text"),
        (put("classes", 0, "good_up_to", -1), "is good up to -1 pixels, allowed are 0 to 65536"),
        (put("classes", 0, "good_up_to", "60"), "is good up to '60' pixels"),
        (put("classes", 0, "name", "d\x00g"), "characters that cannot be shown"),
        (put("classes", 0, "name", "dog\n"), "characters that cannot be shown"),
        (put("classes", 0, "name", "d" * 65), "a class name of 65 characters"),
        (put("classes", 0, "name", "dog,cat"), "a class name with a comma"),
        (put("classes", 0, "label", 7), "a label of the class “disc” without a text"),
        (one_class_more(name="DISC", label="Other"), "two classes that are both called “disc”"),
        (one_class_more(name="other", label="Star"), "two classes that are both called “star”"),
        (put("classes", [{"name": f"c{n}", "label": f"C{n}"} for n in range(256)]), "256 classes"),
        (put("classes", 0, "styles", []), "garbles the styles of “disc”"),
        (put("classes", 0, "styles", "a\tb", [0.0] * 8), "a style of “disc” with characters"),
        (put("classes", 0, "styles", "short", [0.0] * 7), "no code of 8 numbers"),
        (put("classes", 0, "styles", "text", ["0"] * 8), "a code with impossible numbers"),
        (put("classes", 0, "styles", "yes", [True] * 8), "a code with impossible numbers"),
        (put("classes", 0, "styles", "far", [1e30] * 8), "a code with impossible numbers"),
        (put("classes", 0, "styles", "endless", [10**400] * 8), "holds a number of 401 digits"),
        (put("provenance", {"seed": -(10**400)}), "holds a number of 401 digits"),
        (put("classes", 0, "styles", "BOLD", [0.0] * 8), "two styles of one name"),
        (put("classes", 0, "styles", {f"s{n}": [0.0] * 8 for n in range(65)}), "65 styles, at most 64"),
        (put("files", "../elsewhere.safetensors", "0" * 64), "names a file outside its folder"),
        (put("files", "/etc/passwd", "0" * 64), "names a file outside its folder"),
        (put("files", "C:\\weights.safetensors", "0" * 64), "names a file outside its folder"),
        (put("files", "weights.pkl", "0" * 64), "not a safetensors file: 'weights.pkl'"),
        (put("files", "-rf.safetensors", "0" * 64), "not a safetensors file"),
        (put("files", "a.safetensors", "0" * 63), "has no SHA-256 for a.safetensors"),
        (put("files", "a.safetensors", None), "has no SHA-256 for a.safetensors"),
        (put("files", {f"f{n}.safetensors": "0" * 64 for n in range(17)}), "lists 17 files, at most 16"),
        (put("sizes", "encoder.safetensors", 1 << 40), "a size for 'encoder.safetensors' that cannot be"),
        (put("sizes", "other.safetensors", 5), "a size for 'other.safetensors' that cannot be"),
        (put("provenance", "stolen"), "garbles its provenance"),
        (lambda content: content.pop("classes"), "lacks or garbles a field: 'classes'"),
        (lambda content: content.pop("files"), "lacks or garbles a field: 'files'"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(pack: Path, change: Change, reason: str) -> None:
    rewrite(pack, change)
    with pytest.raises(ModelCorrupt) as refusal:
        Manifest.read(pack)
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith(".") and not str(refusal.value).endswith("..")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": ' + "[" * 200 + "]" * 200 + "}", "nested too deeply"),
        ('{"format": "\\"' + "[" * 200 + '"}', "format"),
        ('{"format": 1, "format": 1}', "names a field twice"),
        ('{"format": NaN}', "holds NaN, which is not a number"),
        ('{"format": Infinity}', "holds Infinity"),
        ("null", "lacks or garbles"),
        ('"text"', "lacks or garbles"),
        ('{"format": ' + "9" * 5000 + "}", ""),
    ],
)
def test_json_that_is_no_manifest_is_refused(pack: Path, text: str, reason: str) -> None:
    (pack / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(ModelCorrupt) as refusal:
        Manifest.read(pack)
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 1000


def test_bytes_that_are_no_text_are_refused(pack: Path) -> None:
    (pack / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelCorrupt, match="cannot be read"):
        Manifest.read(pack)


def test_a_manifest_of_many_megabytes_is_not_even_opened(pack: Path) -> None:
    with (pack / "manifest.json").open("r+b") as file:
        file.truncate(MAX_MANIFEST_BYTES + 1)  # a hole: it takes no disk
    with pytest.raises(ModelCorrupt, match="more than the"):
        Manifest.read(pack)


def test_a_number_that_is_too_large_for_json_is_refused(pack: Path) -> None:
    text = (pack / "manifest.json").read_text("utf-8").replace("2.0", "1e999", 1)
    (pack / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(ModelCorrupt, match="a code with impossible numbers"):
        Manifest.read(pack)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_place_of_the_manifest_does_not_hang_the_daemon(pack: Path) -> None:
    (pack / "manifest.json").unlink()
    os.mkfifo(pack / "manifest.json")
    with pytest.raises(ModelCorrupt, match="not an ordinary file"):
        Manifest.read(pack)


def test_a_link_out_of_the_folder_is_refused(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    (pack / "manifest.json").unlink()
    (pack / "manifest.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ModelCorrupt, match="a link that leads out of its folder"):
        Manifest.read(pack)


def test_a_file_that_is_a_link_out_of_the_folder_is_refused(pack: Path, tmp_path: Path) -> None:
    file = pack / "encoder.safetensors"
    file.rename(tmp_path / "elsewhere.safetensors")
    file.symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(ModelCorrupt, match=r"encoder\.safetensors is a link"):
        Manifest.read(pack).look(pack)


def test_a_file_of_another_size_is_found_without_reading_it(pack: Path) -> None:
    with (pack / "encoder.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelCorrupt, match="the manifest says"):
        Manifest.read(pack).look(pack)


def test_a_missing_file_is_named(pack: Path) -> None:
    (pack / "encoder.safetensors").unlink()
    with pytest.raises(ModelMissing, match=r"encoder\.safetensors"):
        Manifest.read(pack).look(pack)


def test_a_manifest_without_the_later_fields_is_read_as_before(pack: Path) -> None:
    rewrite(pack, lambda content: content.pop("sizes"))
    manifest = Manifest.read(pack)
    assert (manifest.label, manifest.sizes) == ("", {})
    manifest.verify(pack)


def test_what_was_written_is_read_again(pack: Path) -> None:
    rewrite(pack, put("label", "Discs and stars"))
    rewrite(pack, put("classes", 0, "good_up_to", 100))
    manifest = Manifest.read(pack)
    assert [known.good_up_to for known in manifest.classes] == [100, 0]
    manifest.write(pack)
    assert Manifest.read(pack) == manifest
    assert json.loads((pack / "manifest.json").read_text("utf-8"))["label"] == "Discs and stars"
