"""A private Python environment: which Python makes it, how it gets pip, and the pinned packages in it."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installer.computer.failure import InstallFailure

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
TORCH_LOCK = ROOT / "requirements-torch.lock"  # the general build, on Linux with its CUDA packages
TORCH_CPU_LOCK = ROOT / "requirements-torch-cpu.lock"  # for Linux without an NVIDIA card
PROCESSOR_INDEX = "https://download.pytorch.org/whl/cpu"

OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON = (3, 14)  # the newest that the pinned PyTorch has builds for

# For Pythons without ensurepip (Debian without python3-venv): this very file, from the configured index.
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

PIP_FAILED = "pip could not install what is needed."
PROCESSOR_HINT = (
    "PyTorch's build for processors comes from download.pytorch.org. Check that this computer can reach it "
    "and has enough free disk space, then run this again."
)
PIP_HINT = "Check the network connection and the free disk space, then run this again."

# The build stands in the package's version; torch.__version__ names one in the general build, too.
_INSTALLED_TORCH = "from importlib.metadata import version; print('torch==' + version('torch'))"

# Variables that would make pip or Python work on another environment than the one meant.
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")


def supported_pythons() -> Iterator[Path]:
    """Every usable Python, best first: the running one, then what PATH has, newest first."""
    names = [f"python{OLDEST_PYTHON[0]}.{n}" for n in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1)]
    found = [sys.executable, *map(shutil.which, [*names, "python3", "python"])]
    return (Path(path) for path in dict.fromkeys(found) if path and _is_supported(path))


def _is_supported(python: str) -> bool:
    if Path(python) == Path(sys.executable):
        return OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON
    code = "import sys, venv; print(sys.version_info[0], sys.version_info[1])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    version = tuple(map(int, done.stdout.split())) if done.returncode == 0 else (0, 0)
    return OLDEST_PYTHON <= version <= NEWEST_PYTHON


def find_python() -> Path:
    """The Python to make environments with.

    Raises:
        InstallFailure: there is none.
    """
    found = next(supported_pythons(), None)
    if found is None:
        low, high = (".".join(map(str, version)) for version in (OLDEST_PYTHON, NEWEST_PYTHON))
        raise InstallFailure(
            f"No Python from {low} to {high} with the module venv was found.",
            "Install one (on Debian and Ubuntu: sudo apt install python3) and run this again with it.",
        )
    return found


def clean_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's variables without those that would lead pip or Python elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**kept, "PIP_USER": "0", **(extra or {})}  # 0, as a pip.conf may ask for the user's own packages


@dataclass(frozen=True)
class Environment:
    """A virtual environment in a folder."""

    folder: Path

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    def site_packages(self) -> Path:
        """The folder of installed packages."""
        # ascii(), as a pipe on Windows takes only the letters of its code page
        code = "import sysconfig; print(ascii(sysconfig.get_path('purelib')))"
        told = self.run([str(self.python), "-c", code], "The environment's Python does not run.")
        return Path(ast.literal_eval(told.strip()))

    def works(self) -> bool:
        """Whether its Python runs and is the one that its packages were installed for.

        It is a link to the system's, and an upgrade of the system puts another release in that place.
        """
        try:
            return self.site_packages().is_dir()
        except (InstallFailure, OSError):
            return False

    def create(self, python: Path) -> None:
        """Makes the environment, with pip in it."""
        without = subprocess.run([str(python), "-c", "import ensurepip"], capture_output=True, check=False)
        command = [str(python), "-m", "venv", str(self.folder)]
        if without.returncode:
            command.insert(3, "--without-pip")
        self.run(command, f"A Python environment could not be made in {self.folder}.")
        if without.returncode:
            self._bootstrap_pip()

    def _bootstrap_pip(self) -> None:
        with tempfile.TemporaryDirectory(prefix="insert-object-pip-") as folder:
            wheel = Path(folder) / PIP_WHEEL
            wheel.write_bytes(fetch_pip_wheel())
            command = [str(self.python), str(wheel / "pip"), "install", "--quiet", "--no-index", str(wheel)]
            self.run(command, "pip could not be put into the environment.")

    def pip(self, *arguments: str, failure: str = PIP_FAILED, hint: str = PIP_HINT) -> None:
        """Runs pip in the environment; its progress shows on a terminal and is quiet elsewhere."""
        shown = sys.stdout.isatty()
        options = ["--disable-pip-version-check", "--no-input", *([] if shown else ["--quiet"])]
        command = [str(self.python), "-m", "pip", arguments[0], *options, *arguments[1:]]
        self.run(command, failure, hint=hint, shown=shown)

    def install_locked(self, lock: Path, *options: str, hint: str = PIP_HINT) -> None:
        """Installs what the lock file pins, and nothing whose hash is not in it; ``options`` are pip's.

        Raises:
            InstallFailure: a file cannot be had or has another hash.
        """
        files = ("--requirement", str(lock))
        self.pip("install", "--require-hashes", "--no-deps", "--prefer-binary", *options, *files, hint=hint)

    def install_torch(self) -> None:
        """Installs the pinned PyTorch: without an NVIDIA card the far smaller build for processors.

        Where that one cannot be had, the general build does as well, for several times the download.
        """
        if torch_lock() != TORCH_CPU_LOCK:
            # to pip the build for processors is as good as this one; it goes once this one has been fetched
            has_other_build = "+" in self._says(_INSTALLED_TORCH)
            self.install_locked(TORCH_LOCK, *(["--force-reinstall"] if has_other_build else []))
            return
        # First from an index or folder that pip is already set up with.
        attempts = (
            (TORCH_CPU_LOCK, ("--quiet",)),
            (TORCH_CPU_LOCK, ("--extra-index-url", PROCESSOR_INDEX)),
            (TORCH_LOCK, ()),
        )
        failures = []
        for lock, options in attempts:
            try:
                self.install_locked(lock, *options, hint=PROCESSOR_HINT)
                return
            except InstallFailure as failure:  # noqa: PERF203 - three rounds at most
                failures.append(failure)
        raise failures[1]  # the one that a better connection would mend

    def has_torch(self) -> bool:
        """Whether the pinned PyTorch is there, in a build for this computer, and loads."""
        found = self._says(f"import torch; {_INSTALLED_TORCH}")
        return found in (torch_pin(torch_lock()), torch_pin(TORCH_LOCK))  # the general build does everywhere

    def _says(self, code: str) -> str:
        """What the environment's Python prints when it runs that code; "" where it fails."""
        if not self.python.exists():
            return ""
        done = subprocess.run(
            [str(self.python), "-c", code], capture_output=True, text=True, env=clean_environ(), check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    def run(self, command: Sequence[str], failure: str, *, hint: str = "", shown: bool = False) -> str:
        """Runs a command to its end and returns its output ("" when it was shown).

        Raises:
            InstallFailure: it ended with an error; its last lines are in the failure.
        """
        captured = None if shown else subprocess.PIPE
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=captured,
            stderr=None if shown else subprocess.STDOUT,
            text=True,
            errors="replace",
            env=clean_environ(),
            check=False,
        )
        if done.returncode:
            raise InstallFailure(failure, hint, details=(done.stdout or "")[-2000:])
        return done.stdout or ""


def torch_lock() -> Path:
    """The lock file whose PyTorch is for this computer."""
    return TORCH_LOCK if sys.platform != "linux" or takes_cuda() else TORCH_CPU_LOCK


def takes_cuda() -> bool:
    """Whether PyTorch comes with CUDA here: for a card, and on Linux, the only system it is pinned for."""
    return sys.platform == "linux" and has_nvidia_card()


def torch_pin(lock: Path = TORCH_LOCK) -> str:
    """The requirement of PyTorch, as ``torch==2.13.0``."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch==")).rstrip(" \\")


def has_nvidia_card() -> bool:
    """Whether a driver for an NVIDIA card is loaded."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def fetch_pip_wheel() -> bytes:
    """pip's own wheel, from the index that pip would use, checked against its hash.

    Raises:
        InstallFailure: it could not be had, or is not the expected file.
    """
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    install_python_venv = "Install Python's venv module (Debian: python3-venv) and run this again."
    try:
        with urllib.request.urlopen(index, timeout=60) as page:
            links = re.findall(r'href="([^"]+)"', page.read().decode("utf-8", "replace"))
        matching = [link for link in links if f"/{PIP_WHEEL}" in f"/{link}"]
        if not matching:
            raise InstallFailure(f"{index} has no {PIP_WHEEL}.", install_python_venv)
        with urllib.request.urlopen(urllib.parse.urljoin(index, matching[0]), timeout=60) as wheel:
            content: bytes = wheel.read()
    except (OSError, urllib.error.URLError) as error:
        raise InstallFailure(
            f"pip could not be fetched from {index}: {error}.", install_python_venv
        ) from error
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise InstallFailure(f"{PIP_WHEEL} from {index} is not the expected file.", install_python_venv)
    return content
