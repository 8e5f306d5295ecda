"""What of a photo, beside its pixels, goes into a file of a format: EXIF, XMP, IPTC, comment, texts."""

from __future__ import annotations

from dataclasses import replace

from daemon.pictures.file_formats import FileFormat, Metadata
from daemon.pictures.photo import Photo

_CALLED = {
    Metadata.EXIF: "EXIF data",
    Metadata.XMP: "XMP data",
    Metadata.IPTC: "IPTC data",
    Metadata.COMMENT: "comment",
    Metadata.TEXTS: "further text (author, date, …)",
}


def with_what_fits(photo: Photo, chosen: FileFormat) -> tuple[Photo, list[str]]:
    """The photo with the metadata that the format has a place for, and a sentence on what it has not."""
    there = [kind for kind in Metadata if getattr(photo, kind.value)]
    lost = [kind for kind in there if kind in chosen.lacks]
    too_long = [
        kind
        for kind in there
        if kind not in chosen.lacks and _size(photo, kind) > chosen.longest.get(kind, _size(photo, kind))
    ]
    notes = [
        f"The photo's {_CALLED[kind]} is longer than {chosen.name} holds and was left out."
        for kind in too_long
    ]
    if lost:
        *first, last = [_CALLED[kind] for kind in lost]
        names = f"{', '.join(first)} and {last}" if first else last
        was = "was" if len(lost) == 1 else "were"
        notes.append(f"{chosen.name} has no place for the photo's {names}, which {was} left out.")
    nothing = {kind.value: type(getattr(photo, kind.value))() for kind in (*lost, *too_long)}
    return replace(photo, **nothing), notes


def _size(photo: Photo, kind: Metadata) -> int:
    """In bytes, as a file holds it."""
    value = getattr(photo, kind.value)
    return len(value.encode() if isinstance(value, str) else value)
