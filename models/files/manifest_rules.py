"""What the fields of a manifest may be: names, numbers and files are judged before anything uses them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

MAX_CLASSES = 255  # the shape library keeps a class in one byte
MAX_STYLES = 64  # of one class
MAX_TEXT = 64  # characters of a class, label or style
MAX_TITLE = 120  # characters of the name of the whole
MAX_GOOD_UP_TO = 1 << 16  # pixels
MAX_FILES = 16
MAX_FILE_BYTES = 2 << 30
RESOLUTIONS = (32, 64, 128, 256, 512)
LARGEST_FIRST_LEVEL = 16  # pixels along a side; its features enter a fully connected layer
STYLE_REACH = 1000.0  # an appearance code is a few deviations of a normal variate

_NETWORK_SIZES = {"code_size": 512, "style_size": 1024, "base": 256}  # name -> largest
_MOST_CHANNELS = 1024
_MOST_FINER_PARTS = 32
_DEEPEST = 100  # lists and maps in each other
_MOST_DIGITS = 20  # of a whole number, as 64 bits have; with far more Python neither computes nor shows it
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.S)  # and texts, in which they mean nothing
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.safetensors")
_HASH = re.compile(r"[0-9a-f]{64}")
_JOINERS = str.maketrans("", "", "\u200c\u200d")  # parts of words in Persian and in the scripts of India


class BrokenRule(ValueError):
    """A field that breaks a rule; the text goes on from the manifest's name: "has no classes"."""


def read_json(text: str) -> Any:
    """JSON without doubled names, endless numbers or endless nesting; raises ValueError.

    A fraction out of a double's range is read as infinite; a whole number is refused beyond 20 digits.
    """

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) != len(pairs):
            raise BrokenRule("names a field twice")
        return content

    def no_number(text: str) -> Any:
        raise BrokenRule(f"holds {text}, which is not a number")

    def whole(text: str) -> int:
        digits = len(text.lstrip("-"))
        if digits > _MOST_DIGITS:
            raise BrokenRule(f"holds a number of {digits} digits, at most {_MOST_DIGITS} are read")
        return int(text)

    depth = 0
    for bracket in _BRACKETS.finditer(text):  # counted, since Pythons differ in what they can hold
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket[0], 0)
        if depth > _DEEPEST:
            raise BrokenRule("is nested too deeply")
    return json.loads(text, object_pairs_hook=once, parse_constant=no_number, parse_int=whole)


def check_text(value: Any, what: str, longest: int = MAX_TEXT) -> str:
    """A name that people read: some printable characters, none that hide or turn others."""
    if not isinstance(value, str) or not value.strip():
        raise BrokenRule(f"has {what} without a text")
    if len(value) > longest:
        raise BrokenRule(f"has {what} of {len(value)} characters, at most {longest} are allowed")
    if not value.translate(_JOINERS).isprintable() or value != value.strip():
        raise BrokenRule(f"has {what} with characters that cannot be shown: {value!a}")
    return value


def check_classes(classes: Sequence[tuple[str, str]]) -> None:
    """Names and labels of the classes: present, and none that could be meant for another."""
    if not classes:
        raise BrokenRule("has no classes")
    if len(classes) > MAX_CLASSES:
        raise BrokenRule(f"has {len(classes)} classes, at most {MAX_CLASSES} are allowed")
    taken: dict[str, int] = {}
    for place, (name, label) in enumerate(classes):
        check_text(name, "a class name")
        check_text(label, f"a label of the class “{name}”")
        if "," in name:  # the shape library lists the names between commas
            raise BrokenRule(f"has a class name with a comma: “{name}”")
        for word in {name.casefold(), label.casefold()}:
            if taken.setdefault(word, place) != place:
                raise BrokenRule(f"has two classes that are both called “{word}”")


def check_best_class(name: Any, classes: Sequence[str]) -> str:
    """The class that comes first where one is preselected: one that there is, or empty. Raises BrokenRule."""
    if name != "" and name not in classes:
        raise BrokenRule("names a best class that is not among its classes")
    return str(name)


def check_good_up_to(class_name: str, value: Any) -> int:
    """Up to which size a class comes out well: pixels of a box's longer side, or 0. Raises BrokenRule."""
    if not _is_whole(value) or not 0 <= value <= MAX_GOOD_UP_TO:
        raise BrokenRule(
            f"says that “{class_name}” is good up to {_shown(value)} pixels, "
            f"allowed are 0 to {MAX_GOOD_UP_TO}"
        )
    return int(value)


def check_styles(class_name: str, styles: Any, code_size: int) -> dict[str, list[float]]:
    """The style presets of a class: names, and codes of the network's size."""
    if not isinstance(styles, dict):
        raise BrokenRule(f"garbles the styles of “{class_name}”")
    if len(styles) > MAX_STYLES:
        raise BrokenRule(f"gives “{class_name}” {len(styles)} styles, at most {MAX_STYLES} are allowed")
    if len({str(name).casefold() for name in styles}) != len(styles):
        raise BrokenRule(f"gives “{class_name}” two styles of one name")
    for name, code in styles.items():
        check_text(name, f"a style of “{class_name}”")
        if not isinstance(code, list) or len(code) != code_size:
            raise BrokenRule(f"gives the style “{name}” of “{class_name}” no code of {code_size} numbers")
        if not all(_is_number(value) and abs(value) <= STYLE_REACH for value in code):
            raise BrokenRule(f"gives the style “{name}” of “{class_name}” a code with impossible numbers")
    return {name: [float(value) for value in code] for name, code in styles.items()}


def check_network(resolution: Any, network: Any) -> None:
    """The sizes of the foreground generator, so small that nobody runs out of memory by reading them."""
    if not _is_whole(resolution) or resolution not in RESOLUTIONS:
        allowed = ", ".join(map(str, RESOLUTIONS))
        raise BrokenRule(f"has the resolution {_shown(resolution)}, allowed are {allowed}")
    if not isinstance(network, dict):
        raise BrokenRule("does not describe its network")
    for name, largest in _NETWORK_SIZES.items():
        value = network.get(name)
        if not _is_whole(value) or not 1 <= value <= largest:
            raise BrokenRule(f"has a network with {name} {_shown(value)}, allowed are 1 to {largest}")
    channels = network.get("channels")
    if not isinstance(channels, dict) or len(channels) > len(RESOLUTIONS) + 4:
        raise BrokenRule("does not say the channels of its network's levels")
    for side, count in channels.items():
        if not re.fullmatch(r"[1-9][0-9]{0,3}", side) or not _is_whole(count):
            raise BrokenRule(f"has a level of {_shown(side)} pixels with {_shown(count)} channels")
        if not 1 <= count <= _MOST_CHANNELS:
            raise BrokenRule(f"has a level with {count} channels, at most {_MOST_CHANNELS} are allowed")
    finer = network.get("finer_parts", 0)
    if not _is_whole(finer) or not 0 <= finer <= _MOST_FINER_PARTS:
        raise BrokenRule(
            f"has a network with finer_parts {_shown(finer)}, at most {_MOST_FINER_PARTS} are allowed"
        )
    levels = sorted(int(side) for side in channels if 2 * int(side) <= resolution)
    doubling = [levels[0] << step for step in range(len(levels))] if levels else []
    if not levels or levels != doubling or 2 * levels[-1] != resolution or levels[0] > LARGEST_FIRST_LEVEL:
        raise BrokenRule(f"has levels that do not lead, doubling, from 4 to {resolution // 2} pixels")
    if network["base"] not in levels:
        raise BrokenRule(f"paints from a level of {network['base']} pixels on, which it does not have")
    known = {*_NETWORK_SIZES, "channels", "finer_parts"}
    unknown = next((name for name in network if name not in known), None)
    if unknown is not None:
        raise BrokenRule(f"describes a network that this version does not know: {_shown(unknown)}")


def check_files(files: Any, sizes: Any) -> None:
    """File names that stay in their folder, each with a hash, some with a size in bytes."""
    if not isinstance(files, dict) or not isinstance(sizes, dict):
        raise BrokenRule("does not list its files")
    if len(files) > MAX_FILES:
        raise BrokenRule(f"lists {len(files)} files, at most {MAX_FILES} are allowed")
    for name, digest in files.items():
        if "/" in name or "\\" in name or ":" in name or name in ("", ".", ".."):
            raise BrokenRule(f"names a file outside its folder: {_shown(name)}")
        if not _FILE_NAME.fullmatch(name):
            raise BrokenRule(f"names a file that is not a safetensors file: {_shown(name)}")
        if not isinstance(digest, str) or not _HASH.fullmatch(digest):
            raise BrokenRule(f"has no SHA-256 for {name}")
    for name, size in sizes.items():
        if name not in files or not _is_whole(size) or not 0 < size <= MAX_FILE_BYTES:
            raise BrokenRule(f"has a size for {_shown(name)} that cannot be")


def check_provenance(provenance: Any) -> Mapping[str, Any]:
    """Where the weights come from: a map of anything; only people read it."""
    if not isinstance(provenance, dict):
        raise BrokenRule("garbles its provenance")
    return provenance


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "…"
