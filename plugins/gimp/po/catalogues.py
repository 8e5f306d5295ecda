"""Keeps the translations in step with the plug-in's words, and compiles them.

    python plugins/gimp/po/catalogues.py            writes locale/LANGUAGE/LC_MESSAGES/insert-object.mo
    python plugins/gimp/po/catalogues.py --check    says what is missing or out of date; exit code 1 if any
    python plugins/gimp/po/catalogues.py --template prints a catalogue to translate

Needs nothing but Python: the format of .mo files is
https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
"""

from __future__ import annotations

import argparse
import ast
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLUG_IN = HERE.parent / "insert-object"
SENTENCES = HERE.parents[2] / "wire" / "sentences.py"
DOMAIN = "insert-object"
_MARKS = ("_", "N_")
_MO_MAGIC = 0x950412DE


class BadCatalogue(Exception):
    """A .po file that cannot be read, with the line."""


def source_texts() -> list[str]:
    """Every text that is marked for translation, in the order of the files: the plug-in's and the shared."""
    found: dict[str, None] = {}
    for path in (*sorted(PLUG_IN.glob("*.py")), SENTENCES):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found.update((text, None) for text in _marked(tree))
    return list(found)


def _marked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS):
            continue
        text = node.args[0]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value


def read_catalogue(path: Path) -> dict[str, str]:
    """The translations of a .po file by their English text; "" holds the header.

    Raises:
        BadCatalogue: a line is not a part of a plain catalogue (no plurals, no contexts).
    """
    texts: dict[str, str] = {}
    source: str | None = None
    parts: list[str] = []
    key = ""
    for number, raw in enumerate((*path.read_text(encoding="utf-8").splitlines(), 'msgid "end"'), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word in ("msgid", "msgstr"):
            if word == "msgid" and source is not None:
                texts[source] = "".join(parts)
            elif word == "msgstr":
                source = "".join(parts)
            key, parts, line = word, [], rest.strip()
        if not key or not (line.startswith('"') and line.endswith('"') and len(line) > 1):
            raise BadCatalogue(f"{path.name}, line {number}: {raw!r} is not a part of a catalogue.")
        parts.append(str(ast.literal_eval(line)))
    return texts


def compiled(texts: Mapping[str, str]) -> bytes:
    """The .mo form: two tables of (length, offset), sorted by source, then the texts with final zeros."""
    pairs = sorted((key.encode(), value.encode()) for key, value in texts.items() if value)
    head = 28  # seven numbers
    position = head + 16 * len(pairs)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), position + len(body)))
            body += pair[column] + b"\0"
    numbers = (_MO_MAGIC, 0, len(pairs), head, head + 8 * len(pairs), 0, head + 16 * len(pairs))
    return struct.pack("<7I", *numbers) + b"".join(tables) + body


def compiled_path(language: str) -> Path:
    """Where GIMP looks for the plug-in's catalogue of a language."""
    return PLUG_IN / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"


def problems() -> list[str]:
    """What is wrong with the catalogues, a line each; nothing when all is well."""
    found: list[str] = []
    wanted = set(source_texts())
    for path in sorted(HERE.glob("*.po")):
        texts = read_catalogue(path)
        translated = {source for source, text in texts.items() if source and text}
        found += [f"{path.name} lacks: {text}" for text in sorted(wanted - translated)]
        found += [f"{path.name} has, and the plug-in has not: {text}" for text in sorted(translated - wanted)]
        found += [f"{path.name} fills other gaps: {text}" for text in translated if _gaps_differ(text, texts)]
        made = compiled_path(path.stem)
        if not made.exists() or made.read_bytes() != compiled(texts):
            found.append(f"{path.name} is not compiled; run {Path(__file__).name}.")
    return found


def _gaps_differ(source: str, texts: Mapping[str, str]) -> bool:
    """Whether the translation lacks a {gap} of the source or has one more, or has other mnemonics."""
    text = texts[source]
    names = {word.split("}")[0] for word in source.split("{")[1:]}
    others = {word.split("}")[0] for word in text.split("{")[1:]}
    return names != others or source.count("_") != text.count("_")


def template() -> str:
    """A catalogue without translations."""
    lines = ['msgid ""', 'msgstr "Content-Type: text/plain; charset=UTF-8\\n"', ""]
    for text in source_texts():
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines += [f'msgid "{quoted}"', 'msgstr ""', ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    parser.add_argument("--template", action="store_true", help="print a catalogue to translate")
    options = parser.parse_args(arguments)
    if options.template:
        print(template())
        return 0
    if not options.check:
        for path in sorted(HERE.glob("*.po")):
            target = compiled_path(path.stem)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compiled(read_catalogue(path)))
    wrong = problems()
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
