"""What an installation consists of, kept in a file in the data folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from installer.computer.failure import InstallFailure
from plugins.profiles import Editor, EditorKind, Flavour


@dataclass
class Record:
    """Fingerprints of what is installed, and every place outside the data folder that was written to."""

    path: Path
    packages: str = ""
    torch: str = ""
    program: str = ""
    demo: str = ""
    link: str = ""
    autostart: str = ""
    plugins: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record, empty when there is none.

        Raises:
            InstallFailure: the file is damaged.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, **values)
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except (ValueError, TypeError) as error:
            raise InstallFailure(f"{path} is damaged: {error}.", "Remove it and run this again.") from error

    def write(self) -> None:
        values = asdict(self)
        del values["path"]
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        new.replace(self.path)

    def add_plugin(self, editor: Editor) -> None:
        entry = {
            "kind": editor.kind.value,
            "version": editor.version,
            "profile": str(editor.profile),
            "flavour": editor.flavour.value,
            "settings": str(editor.settings or ""),
            "program": self.program,
        }
        others = [known for known in self.plugins if known["profile"] != entry["profile"]]
        self.plugins = [*others, entry]

    def plugin_version(self, editor: Editor) -> str | None:
        """The fingerprint of the program whose plug-in is in that profile."""
        return next((e.get("program") for e in self.plugins if e["profile"] == str(editor.profile)), None)

    def editors(self) -> list[Editor]:
        """The profiles that have a plug-in of ours."""
        return [
            Editor(
                EditorKind(entry["kind"]),
                entry["version"],
                Path(entry["profile"]),
                Flavour(entry["flavour"]),
                Path(entry["settings"]) if entry["settings"] else None,
            )
            for entry in self.plugins
        ]
