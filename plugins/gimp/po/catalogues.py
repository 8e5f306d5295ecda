"""Keeps the translations in step with the plug-in's words, and compiles them with Babel.

    python plugins/gimp/po/catalogues.py            writes locale/LANGUAGE/LC_MESSAGES/insert-object.mo
    python plugins/gimp/po/catalogues.py --check    says what is missing or out of date; exit code 1 if any
    python plugins/gimp/po/catalogues.py --template prints a catalogue to translate

What it writes lies in the repository, so whoever installs or runs the plug-in needs no Babel.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

HERE = Path(__file__).resolve().parent
PLUG_IN = HERE.parent / "insert-object"
SENTENCES = HERE.parents[2] / "wire" / "sentences.py"
DOMAIN = "insert-object"


class BadCatalogue(Exception):
    """A .po file that cannot be read, with the line."""


def source_texts() -> list[str]:
    """Every text that is marked for translation, in the order of the files: the plug-in's and the shared."""
    marks = {"_": None, "N_": None}
    own = extract_from_dir(PLUG_IN, [("**.py", "python")], keywords=marks)
    texts = [str(text) for _, _, text, _, _ in sorted(own, key=lambda one: one[:2])]
    texts += [str(text) for _, text, _, _ in extract_from_file("python", SENTENCES, keywords=marks)]
    return list(dict.fromkeys(texts))


def read_catalogue(path: Path) -> Catalog:
    """A .po file.

    Raises:
        BadCatalogue: a line is not a part of a catalogue.
    """
    with path.open("rb") as file:
        try:
            return read_po(file, locale=path.stem, domain=DOMAIN, abort_invalid=True)
        except PoFileError as error:
            raise BadCatalogue(
                f"{path.name}, line {error.lineno + 1}: {error.line!r} is not a part of a catalogue."
            ) from error


def translations(catalogue: Catalog) -> dict[str, str]:
    """The translations by their English text."""
    return {str(one.id): str(one.string) for one in catalogue if one.id and one.string and not one.fuzzy}


def compiled_path(language: str) -> Path:
    """Where GIMP looks for the plug-in's catalogue of a language."""
    return PLUG_IN / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"


def is_compiled(language: str, texts: dict[str, str]) -> bool:
    """Whether GIMP would find these texts, and no others."""
    if not compiled_path(language).exists():
        return False
    with compiled_path(language).open("rb") as file:
        return translations(read_mo(file)) == texts


def problems() -> list[str]:
    """What is wrong with the catalogues, a line each; nothing when all is well."""
    found: list[str] = []
    wanted = set(source_texts())
    for path in sorted(HERE.glob("*.po")):
        texts = translations(read_catalogue(path))
        found += [f"{path.name} lacks: {text}" for text in sorted(wanted - set(texts))]
        found += [f"{path.name} has, and the plug-in has not: {text}" for text in sorted(set(texts) - wanted)]
        found += [
            f"{path.name} fills other gaps: {text}" for text in texts if _gaps_differ(text, texts[text])
        ]
        if not is_compiled(path.stem, texts):
            found.append(f"{path.name} is not compiled; run {Path(__file__).name}.")
    return found


def _gaps_differ(source: str, text: str) -> bool:
    """Whether the translation lacks a {gap} of the source or has one more, or has other mnemonics."""
    names = {word.split("}")[0] for word in source.split("{")[1:]}
    others = {word.split("}")[0] for word in text.split("{")[1:]}
    return names != others or source.count("_") != text.count("_")


def compile_catalogue(path: Path) -> None:
    """Writes the .mo file of a .po file, unless it holds the same words already."""
    catalogue = read_catalogue(path)
    if is_compiled(path.stem, translations(catalogue)):
        return
    target = compiled_path(path.stem)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    parser.add_argument("--template", action="store_true", help="print a catalogue to translate")
    options = parser.parse_args(arguments)
    if options.template:
        empty = Catalog(domain=DOMAIN)
        for text in source_texts():
            empty.add(text)
        write_po(sys.stdout.buffer, empty)
        return 0
    if not options.check:
        for path in sorted(HERE.glob("*.po")):
            compile_catalogue(path)
    wrong = problems()
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
