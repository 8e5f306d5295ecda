"""What the classes of a weights folder are called in other languages: the file labels.json, which may lack.

It lies beside the manifest, so that weights can be written again without it: a map from a class's name to its
labels by language, such as ``{"bear": {"de": "Bär", "fr": "Ours"}}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.files.manifest_rules import MAX_CLASSES, BrokenRule, check_text, read_json
from models.files.plain_files import ModelCorrupt, ModelMissing, read_file

LABELS_NAME = "labels.json"
MAX_LABELS_BYTES = 256 << 10
MAX_LANGUAGES = 40  # of one class
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")

Labels = Mapping[str, Mapping[str, str]]  # class name -> language -> label


def read_labels(folder: Path) -> Labels:
    """The labels of a weights folder; none if it has no such file.

    Raises:
        ModelCorrupt: it breaks a rule.
    """
    path = folder / LABELS_NAME
    try:
        text = read_file(path, MAX_LABELS_BYTES).decode("utf-8")
    except ModelMissing:
        return {}
    except UnicodeDecodeError as error:
        raise ModelCorrupt(path, f"cannot be read: {error}") from error
    try:
        return _checked(read_json(text))
    except BrokenRule as error:
        raise ModelCorrupt(path, str(error)) from error
    except ValueError as error:
        raise ModelCorrupt(path, f"cannot be read: {error}") from error


def _checked(content: Any) -> Labels:
    if not isinstance(content, dict) or len(content) > MAX_CLASSES:
        raise BrokenRule("is not a map of classes")
    for name, labels in content.items():
        check_text(name, "a class name")
        if not isinstance(labels, dict) or len(labels) > MAX_LANGUAGES:
            raise BrokenRule(f"has no map of languages for “{name}”")
        for language, label in labels.items():
            if not _LANGUAGE.fullmatch(language):
                raise BrokenRule(f"has a language {language[:20]!a} for “{name}”, none like de or zh_CN")
            check_text(label, f"a label of the class “{name}”")
    return content
