"""The steps outside the environment: the command, the plug-ins, the daemon and a first insertion."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.autostart import login_service
from installer.computer.environment import ROOT
from installer.computer.failure import InstallFailure
from installer.computer.places import Places
from installer.launcher import CMD_TEXT
from installer.record import Record
from installer.steps import Step
from plugins.profiles import Editor
from plugins.profiles.plugin_files import PluginConfig, PluginIncomplete, install_plugin, remove_plugin
from wire.trust import folder_of_others, writable_by_others

DEMO_PHOTO = ROOT / "docs" / "demo" / "photo.jpg"
DEMO_BOX = "430,540,240,190"  # on the meadow, as a horse would stand there
DEMO_CLASS, DEMO_SEED = "horse", "6"


@dataclass
class LinkStep(Step):
    """The command ``insert-object`` where shells find it."""

    places: Places
    record: Record
    title = "Command insert-object"

    def plan(self) -> str:
        return f"link {self.places.link} to the environment"

    def is_done(self) -> bool:
        return self.record.link == str(self.places.link) and points_to(self.places.link, self.places.program)

    def do(self) -> str:
        link = self.places.link
        if os.path.lexists(link) and not points_to(link, self.places.program) and not _is_dead_link(link):
            raise InstallFailure(
                f"{link} is there already and belongs to something else.", "Move it away and run this again."
            )
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        if self.places.platform == "win32":
            link.write_text(CMD_TEXT, encoding="ascii", newline="")
        else:
            link.symlink_to(self.places.program)
        self.record.link = str(link)
        self.record.write()
        on_path = str(link.parent) in self.places.environ.get("PATH", "").split(os.pathsep)
        if on_path:
            return str(link)
        return f"{link}\n      (that folder is not in your PATH yet: many systems add it at the next login)"


def points_to(link: Path, program: Path) -> bool:
    """Whether a link (or the file that stands for one on Windows) leads to our program."""
    if link.is_symlink():
        return link.readlink() == program
    return link.is_file() and link.suffix == ".cmd" and link.read_bytes() == CMD_TEXT.encode("ascii")


def _is_dead_link(link: Path) -> bool:
    return link.is_symlink() and not link.exists()


@dataclass
class PluginStep(Step):
    """The plug-in in one profile of one editor."""

    places: Places
    record: Record
    editor: Editor

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"Plug-in for {self.editor.name}"

    def plan(self) -> str:
        return f"put it into {self.editor.plugin_folder}"

    @property
    def config(self) -> PluginConfig:
        return PluginConfig(self.places.connection_file, self.places.start_command)

    def is_done(self) -> bool:
        written = self.editor.plugin_folder / "config.json"
        same = self.record.plugin_version(self.editor) == self.record.program
        if not same or not written.is_file() or folder_of_others(written) is not None:
            return False
        ours = not writable_by_others(written, written.stat())
        return ours and written.read_text(encoding="utf-8") == self.config.to_json()

    def do(self) -> str:
        msgpack = self.places.environment.site_packages() / "msgpack"
        try:
            install_plugin(
                self.editor, ROOT, self.config, msgpack_folder=msgpack, environ=self.places.environ
            )
        except PluginIncomplete as error:
            raise InstallFailure(str(error), "Get a fresh copy of Insert Object.") from error
        self.record.add_plugin(self.editor)
        self.record.write()
        return str(self.editor.plugin_folder)

    def undo(self) -> None:
        if self.editor not in self.record.editors():
            remove_plugin(self.editor)


@dataclass
class DaemonStep(Step):
    """The daemon, which users know as the service, running with the networks loaded."""

    places: Places
    record: Record
    title = "Service"

    def plan(self) -> str:
        return "start it"

    def do(self) -> str:
        if self.record.autostart and not self.places.connection_file.exists():
            login_service(self.places).start()  # else it would be one that ends when idle
        hint = f"See the log with: {self.places.link} daemon logs"
        self.places.environment.run(
            [str(self.places.program), "daemon", "start"], "The service did not start.", hint=hint
        )
        if self.record.autostart:
            return "running"
        return "running; it ends by itself when it is not used, and starts again when it is"


@dataclass
class DemoStep(Step):
    """A horse in the photo that comes with the program, as proof that everything works together."""

    places: Places
    record: Record
    title = "First insertion"

    def plan(self) -> str:
        return f"put a {DEMO_CLASS} into {DEMO_PHOTO.name} and write the results to {self.places.demo}"

    def is_done(self) -> bool:
        present = all(path.exists() for path in self.results)
        return present and bool(self.record.demo) and self.record.demo == self.record.program

    @property
    def results(self) -> tuple[Path, Path]:
        """Layers for GIMP and Krita, and the finished picture."""
        return self.places.demo / "first-insertion.ora", self.places.demo / "first-insertion.png"

    def do(self) -> str:
        self.places.demo.mkdir(parents=True, exist_ok=True)
        what = ("--box", DEMO_BOX, "--class", DEMO_CLASS, "--seed", DEMO_SEED)
        for result in self.results:
            self.places.environment.run(
                [str(self.places.program), "insert", str(DEMO_PHOTO), *what, "-o", str(result)],
                "The first insertion failed.",
                hint=f"See what is wrong with: {self.places.link} doctor",
            )
        self.record.demo = self.record.program
        self.record.write()
        layers, picture = self.results
        return f"{picture}\n      {layers} (its layers, for GIMP and Krita)"

    def undo(self) -> None:
        for result in self.results:
            result.unlink(missing_ok=True)
        if self.places.demo.is_dir() and not any(self.places.demo.iterdir()):
            shutil.rmtree(self.places.demo)
