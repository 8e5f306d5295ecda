"""What a folder of weights holds: classes, sizes, files with their hashes, provenance (no torch)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
FILE_NAME = "manifest.json"
_BLOCK = 1 << 20


class ModelMissing(Exception):
    """A file of the weights is not there; ``path`` names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing.")
        self.path = path


class ModelCorrupt(Exception):
    """A file of the weights is not what the manifest says; ``path`` names it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}.")
        self.path = path


@dataclass(frozen=True)
class ModelClass:
    """A class that the networks know, in the order of their class index."""

    name: str
    label: str
    styles: Mapping[str, list[float]] = field(default_factory=dict)  # preset name -> appearance code


@dataclass(frozen=True)
class Manifest:
    """The manifest of a weights folder."""

    name: str
    resolution: int
    network: Mapping[str, Any]  # the generator's shape: channels, code_size, style_size, mask_channels
    classes: tuple[ModelClass, ...]
    files: Mapping[str, str]  # file name -> SHA-256, hexadecimal
    provenance: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises ModelMissing or ModelCorrupt."""
        path = folder / FILE_NAME
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise ModelMissing(path) from error
        except (OSError, ValueError) as error:
            raise ModelCorrupt(path, f"cannot be read: {error}") from error
        try:
            if content["format"] != FORMAT:
                raise ModelCorrupt(path, f"has format {content['format']!r}, this program reads {FORMAT}")
            manifest = cls(
                str(content["name"]),
                int(content["resolution"]),
                dict(content["network"]),
                tuple(
                    ModelClass(str(c["name"]), str(c["label"]), dict(c.get("styles", {})))
                    for c in content["classes"]
                ),
                {str(k): str(v) for k, v in content["files"].items()},
                dict(content.get("provenance", {})),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelCorrupt(path, f"lacks or garbles a field: {error}") from error
        for name in manifest.files:
            if Path(name).name != name or name in ("", ".", ".."):
                raise ModelCorrupt(path, f"names a file outside its folder: {name!r}")
        return manifest

    def write(self, folder: Path) -> None:
        content = {
            "format": FORMAT,
            "name": self.name,
            "resolution": self.resolution,
            "network": dict(self.network),
            "classes": [{"name": c.name, "label": c.label, "styles": dict(c.styles)} for c in self.classes],
            "files": dict(self.files),
            "provenance": dict(self.provenance),
        }
        (folder / FILE_NAME).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def verify(self, folder: Path) -> None:
        """Checks every file's hash; raises ModelMissing or ModelCorrupt."""
        for name, expected in self.files.items():
            if file_hash(folder / name) != expected:
                raise ModelCorrupt(folder / name, "is damaged: its SHA-256 is not the manifest's")


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
