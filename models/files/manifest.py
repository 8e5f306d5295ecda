"""What a folder of weights holds: classes, sizes, files with their hashes, provenance (no torch)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.files.labels import read_labels
from models.files.manifest_rules import (
    MAX_FILE_BYTES,
    MAX_TITLE,
    BrokenRule,
    check_best_class,
    check_classes,
    check_files,
    check_good_up_to,
    check_network,
    check_provenance,
    check_styles,
    check_text,
    read_json,
)
from models.files.plain_files import ModelCorrupt, ModelMissing, file_size, read_file

__all__ = ["Manifest", "ModelClass", "ModelCorrupt", "ModelMissing", "file_hash"]

FORMAT = 1
FILE_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
MAX_MANIFEST_BYTES = 4 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class ModelClass:
    """A class that the networks know, in the order of their class index."""

    name: str
    label: str
    styles: Mapping[str, list[float]] = field(default_factory=dict)  # preset name -> appearance code
    labels: Mapping[str, str] = field(default_factory=dict)  # in other languages, from labels.json
    good_up_to: int = 0  # pixels of a box's longer side; most objects in larger ones fail; 0: not known


@dataclass(frozen=True)
class Manifest:
    """The manifest of a weights folder."""

    name: str
    resolution: int
    network: Mapping[str, Any]  # the generator's shape: channels, code_size, style_size, base
    classes: tuple[ModelClass, ...]
    files: Mapping[str, str]  # file name -> SHA-256, hexadecimal
    provenance: Mapping[str, Any]
    label: str = ""  # what people read where the pack is chosen; empty: the name
    sizes: Mapping[str, int] = field(default_factory=dict)  # file name -> bytes, of all or some files
    best_class: str = ""  # comes first where one is preselected; empty: the first in order

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a folder with the labels beside it, every field judged; other files are left alone.

        Raises:
            ModelMissing, ModelCorrupt: it is not there, or breaks a rule of ``manifest_rules``.
        """
        path = folder / FILE_NAME
        data = read_file(path, MAX_MANIFEST_BYTES)
        try:
            manifest = cls.from_json(read_json(data.decode("utf-8")))
        except BrokenRule as error:
            raise ModelCorrupt(path, str(error)) from error
        except ValueError as error:
            raise ModelCorrupt(path, f"cannot be read: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelCorrupt(path, f"lacks or garbles a field: {error}") from error
        labels = read_labels(folder)
        classes = tuple(replace(known, labels=labels.get(known.name, {})) for known in manifest.classes)
        return replace(manifest, classes=classes)

    @classmethod
    def from_json(cls, content: Any) -> Manifest:
        """A manifest from its parsed JSON.

        Raises:
            BrokenRule, KeyError, TypeError, AttributeError: a field is wrong, missing or garbled.
        """
        if content["format"] != FORMAT:
            raise BrokenRule(f"has format {content['format']!r}, this program reads {FORMAT}")
        check_network(content["resolution"], content["network"])
        check_files(content["files"], content.get("sizes", {}))
        check_classes([(entry["name"], entry["label"]) for entry in content["classes"]])
        code_size = content["network"]["code_size"]
        return cls(
            check_text(content["name"], "a name", MAX_TITLE),
            content["resolution"],
            content["network"],
            tuple(
                ModelClass(
                    entry["name"],
                    entry["label"],
                    check_styles(entry["name"], entry.get("styles", {}), code_size),
                    good_up_to=check_good_up_to(entry["name"], entry.get("good_up_to", 0)),
                )
                for entry in content["classes"]
            ),
            content["files"],
            check_provenance(content.get("provenance", {})),
            check_text(content["label"], "a label") if content.get("label") else "",
            content.get("sizes", {}),
            check_best_class(content.get("best_class", ""), [entry["name"] for entry in content["classes"]]),
        )

    def write(self, folder: Path) -> None:
        """Writes the manifest, with the sizes of those of its files that are in the folder already."""
        present = [name for name in self.files if (folder / name).is_file()]
        content = {
            "format": FORMAT,
            "name": self.name,
            **({"label": self.label} if self.label else {}),
            **({"best_class": self.best_class} if self.best_class else {}),
            "resolution": self.resolution,
            "network": dict(self.network),
            "classes": [_class_to_json(known) for known in self.classes],
            "files": dict(self.files),
            "sizes": {**self.sizes, **{name: file_size(folder / name) for name in present}},
            "provenance": dict(self.provenance),
        }
        (folder / FILE_NAME).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def look(self, folder: Path) -> None:
        """Checks cheaply that every file is there and of its size; raises ModelMissing or ModelCorrupt."""
        for name in self.files:
            size = file_size(folder / name)
            expected = self.sizes.get(name, size)
            if size != expected:
                raise ModelCorrupt(folder / name, f"holds {size} bytes, the manifest says {expected}")
            if size > MAX_FILE_BYTES:
                raise ModelCorrupt(folder / name, f"holds {size} bytes, more than {MAX_FILE_BYTES}")

    def verify(self, folder: Path) -> None:
        """Checks every file's hash; raises ModelMissing or ModelCorrupt."""
        self.look(folder)
        for name, expected in self.files.items():
            if file_hash(folder / name) != expected:
                raise damaged(folder / name)


def damaged(path: Path) -> ModelCorrupt:
    """What to raise for a file whose content is not what the manifest promises."""
    return ModelCorrupt(path, "is damaged: its SHA-256 is not the manifest's")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises ModelMissing or ModelCorrupt (unreadable)."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError as error:
        raise ModelMissing(path) from error
    except OSError as error:
        raise ModelCorrupt(path, f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _class_to_json(known: ModelClass) -> dict[str, Any]:
    content: dict[str, Any] = {"name": known.name, "label": known.label, "styles": dict(known.styles)}
    return {**content, "good_up_to": known.good_up_to} if known.good_up_to else content
