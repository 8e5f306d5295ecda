"""A folder with an objects.jsonl, the form that training itself reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.photos.data import DataError, ObjectRecord, class_names_of, read_records


def records_of_class(folder: Path, class_name: str) -> list[ObjectRecord]:
    """The records of the class, under that name; a folder with one class only may call it otherwise.

    Raises:
        DataError: no such class.
    """
    records = read_records(folder)
    known = class_names_of(records)
    wanted = next((name for name in known if name.casefold() == class_name.casefold()), None)
    if wanted is None and len(known) == 1:
        wanted = known[0]
    if wanted is None:
        raise DataError(f"{folder} has no class {class_name!r}; it has {', '.join(known)}.")
    return [replace(record, class_name=class_name) for record in records if record.class_name == wanted]
