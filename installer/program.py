"""The steps that put the program itself into its private environment."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.computer.environment import LOCK, ROOT, clean_environ, find_python, takes_cuda, torch_lock
from installer.computer.failure import InstallFailure
from installer.computer.places import Places
from installer.launcher import launcher, write_launcher
from installer.record import Record
from installer.steps import Step
from models.files.manifest import Manifest, ModelCorrupt, ModelMissing
from wire.lock_holder import LOCK_NAME, holder, is_held

MIB = 1024**2
PROCESSOR_SPACE = 1200 * MIB  # measured: 1,000 MiB in the environment with the build for processors
NVIDIA_SPACE = 7000 * MIB  # with the CUDA packages that the general build brings on Linux
DOWNLOAD_SPACE = 400 * MIB  # in the folder for temporary files, while a wheel is fetched
STOP_SECONDS = 420.0  # for a long request, and for the command itself to lose its patience
WEIGHTS = ROOT / "models" / "weights"
PACKAGES = ("daemon", "models", "plugins", "wire")


@dataclass
class ProgramStep(Step):
    """What the steps of this file have in common."""

    places: Places
    record: Record

    def make_way(self) -> None:
        """Ends the service of an earlier installation, before files are replaced that it holds."""
        if self.record.program:
            stop_daemon(self.places)

    def discard_new_environment(self) -> None:
        """Removes the environment unless an installation that worked is in it."""
        if not self.record.program:
            shutil.rmtree(self.places.environment.folder, ignore_errors=True)
            self.record.packages = self.record.torch = ""


class SpaceStep(ProgramStep):
    """Checks, before anything is downloaded, that it can be written and that it fits."""

    title = "Free disk space"
    when_done = "no more is needed"

    def plan(self) -> str:
        return f"check for {_gigabytes(needed_space())} in {self.places.data}"

    def is_done(self) -> bool:
        return self.record.torch == fingerprint(torch_lock())

    def do(self) -> str:
        check_writable(self.places.data)
        free = shutil.disk_usage(self.places.data).free
        temporary = Path(tempfile.gettempdir())
        for folder, there, needed in (
            (self.places.data, free, needed_space()),
            (temporary, shutil.disk_usage(temporary).free, DOWNLOAD_SPACE),
        ):
            if there < needed:
                raise InstallFailure(
                    f"{folder} has {_gigabytes(there)} free, and {_gigabytes(needed)} are needed.",
                    "Free some space, or set INSERT_OBJECT_HOME (or TMPDIR) to a folder on another disk.",
                )
        return f"{_gigabytes(free)} free, {_gigabytes(needed_space())} needed"

    def undo(self) -> None:
        if self.places.data.is_dir() and not any(self.places.data.iterdir()):
            self.places.data.rmdir()


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"


def needed_space() -> int:
    """Bytes that an installation takes."""
    return NVIDIA_SPACE if takes_cuda() else PROCESSOR_SPACE


def check_writable(folder: Path) -> None:
    """Makes the folder if need be and writes into it for a moment.

    Raises:
        InstallFailure: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InstallFailure(
            f"The folder {folder} cannot be written: {error.strerror or error}.",
            "Make it writable, or set INSERT_OBJECT_HOME to a folder that is.",
        ) from error


class WeightsStep(Step):
    """The networks in the checkout, compared with the hashes in their manifest before anything is fetched."""

    title = "Networks"

    def plan(self) -> str:
        return f"verify the files in {WEIGHTS} against their manifest"

    def do(self) -> str:
        try:
            Manifest.read(WEIGHTS).verify(WEIGHTS)
        except (ModelMissing, ModelCorrupt) as error:
            raise InstallFailure(
                f"The networks did not pass the check: {error}",
                "Get a fresh copy of Insert Object and run its install.py.",
            ) from error
        return "complete and unchanged"


class PackagesStep(ProgramStep):
    """The environment with everything pinned in requirements.lock."""

    title = "Private Python environment"
    effort = "about 60 MB to download"

    def plan(self) -> str:
        return f"make {self.places.environment.folder} with {find_python()} and install the pinned packages"

    def is_done(self) -> bool:
        return self.record.packages == fingerprint(LOCK) and self.places.environment.works()

    def do(self) -> str:
        environment = self.places.environment
        self.make_way()
        if not self.record.packages or not environment.works():
            shutil.rmtree(environment.folder, ignore_errors=True)
            environment.create(find_python())
            self.record.torch = self.record.program = ""
        environment.install_locked(LOCK)
        self.record.packages = fingerprint(LOCK)
        self.record.write()
        return str(environment.folder)

    def undo(self) -> None:
        self.discard_new_environment()


class TorchStep(ProgramStep):
    """PyTorch, by far the largest part."""

    title = "PyTorch"

    @property
    def effort(self) -> str:  # type: ignore[override]
        return "several GB to download, with CUDA" if takes_cuda() else "about 200 MB to download"

    def plan(self) -> str:
        return f"install it ({self.effort})"

    def is_done(self) -> bool:
        return self.record.torch == fingerprint(torch_lock()) and self.places.environment.works()

    def do(self) -> str:
        self.make_way()
        self.places.environment.install_torch()
        if not self.places.environment.has_torch():
            raise InstallFailure(
                "PyTorch was installed, but it does not load.",
                "Run this again; if that does not help, report it with your system and processor.",
            )
        self.record.torch = fingerprint(torch_lock())
        self.record.write()
        return ""

    def undo(self) -> None:
        self.discard_new_environment()


class OwnCodeStep(ProgramStep):
    """A copy of the checkout's program, so that the checkout may move or go."""

    title = "Insert Object"

    def plan(self) -> str:
        return f"install a copy of {ROOT}"

    def is_done(self) -> bool:
        same = self.record.program == fingerprint(*program_files())
        return same and self.launcher_is_ours() and self.installed_networks_are_whole()

    def launcher_is_ours(self) -> bool:
        program = self.places.program
        if self.places.platform == "win32":
            return program.exists()
        return program.is_file() and program.read_bytes() == launcher(self.places.environment.python)

    def installed_networks_are_whole(self) -> bool:
        if not self.places.environment.works():
            return False
        folder = self.places.environment.site_packages() / "models" / "weights"
        try:
            Manifest.read(folder).verify(folder)
        except (ModelMissing, ModelCorrupt):
            return False  # so they are installed again, from the ones that passed the check
        return True

    def do(self) -> str:
        self.make_way()
        with tempfile.TemporaryDirectory(prefix="insert-object-build-") as folder:
            copy = Path(folder) / "source"
            for path in program_files():
                target = copy / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            options = ("--no-deps", "--no-index", "--no-build-isolation", "--force-reinstall", "--quiet")
            self.places.environment.pip(
                "install",
                *options,
                str(copy),
                failure="The program's own files could not be installed.",
                hint="Get a fresh copy of Insert Object and run its install.py.",
            )
        if self.places.platform != "win32":  # there the file that users call does what this one does
            write_launcher(self.places.program, self.places.environment.python)
        self.record.program = fingerprint(*program_files())
        self.record.write()
        return ""


def program_files() -> list[Path]:
    """Everything of the checkout that goes into the environment, sorted."""
    found = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    for package in PACKAGES:
        found += (path for path in _files_below(ROOT / package))
    return sorted(path for path in found if path.is_file())


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if "__pycache__" not in path.parts and path.is_file():
            yield path


def fingerprint(*files: Path) -> str:
    """A hash over the files' names and contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stop_daemon(places: Places) -> None:
    """Asks a running daemon to end after its running request; one that does not run is fine.

    Raises:
        InstallFailure: it does not end.
    """
    try:
        code, said = _told(places, "daemon", "stop")
    except subprocess.TimeoutExpired as error:
        raise InstallFailure(
            "The running service does not end.",
            f"End it with “{places.link} daemon stop” and run this again.",
        ) from error
    if code == 0:
        return
    if _told(places, "--version")[0] == 0:
        hint = "What it says stands above. Run this again once the service has ended."
        raise InstallFailure("The running service does not end.", hint, details=said)
    lock = places.connection_file.with_name(LOCK_NAME)  # there is no command, or a damaged one
    if is_held(lock):
        process = f"process {pid}" if (pid := holder(lock)) else "its process"
        raise InstallFailure(
            "The service runs, and the command that would end it does not.",
            f"End {process} by hand and run this again.",
        )


def _told(places: Places, *arguments: str) -> tuple[int, str]:
    """The exit code and output of our command; 127 stands for one that cannot be started."""
    try:
        done = subprocess.run(
            [str(places.program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=clean_environ(),
            timeout=STOP_SECONDS,
            check=False,
        )
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout
