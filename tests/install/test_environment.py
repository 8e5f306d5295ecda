"""The private environment: which Python, which pins, and pip where Python comes without it."""

from __future__ import annotations

import ast
import hashlib
import http.server
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.computer import environment
from installer.computer.environment import (
    ROOT,
    Environment,
    fetch_pip_wheel,
    find_python,
    supported_pythons,
)
from installer.computer.failure import InstallFailure


def test_the_running_python_is_preferred() -> None:
    assert find_python() == Path(sys.executable)


def test_a_python_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("python3.12", "3 9"), ("python3.11", "3 11")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environment, "NEWEST_PYTHON", (3, 14))
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert list(supported_pythons()) == [tmp_path / "python3.11"]


def test_without_any_usable_python_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    with pytest.raises(InstallFailure, match=r"No Python from 3\.10 to 3\.14 .* Install one"):
        find_python()


@pytest.mark.slow
@pytest.mark.usefixtures("package_index")
@pytest.mark.parametrize("ensurepip", ["with ensurepip", "without ensurepip"])
def test_an_environment_has_pip_and_is_its_own(ensurepip: str, tmp_path: Path) -> None:
    python = Path(sys.executable)
    if ensurepip == "without ensurepip":  # as on Debian without python3-venv
        python = tmp_path / "python3"
        python.write_text(f'#!/bin/sh\n[ "$2" = "import ensurepip" ] && exit 1\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
    made = Environment(tmp_path / "environment")
    made.create(python)
    told = made.run([str(made.python), "-m", "pip", "--version"], "no pip")
    assert str(made.folder) in told
    assert made.site_packages().is_relative_to(made.folder)


def test_the_folder_of_packages_is_found_where_a_pipe_does_not_take_its_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Environment(tmp_path / "Zoë 漢's")
    venv.create(made.folder, with_pip=False)
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252:strict")  # what a pipe on a western Windows has
    assert made.site_packages().is_dir()
    assert made.site_packages().is_relative_to(made.folder)


class Index(http.server.BaseHTTPRequestHandler):
    """A package index with one file in the place of pip's wheel."""

    content = b"no wheel at all"

    def do_GET(self) -> None:
        page = f'<a href="../../files/{environment.PIP_WHEEL}#sha256=00">pip</a>'.encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content if self.path.startswith("/files/") else page)

    def log_message(self, *arguments: object) -> None:
        """Says nothing: a test's output is for the test."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("index")
def test_another_file_in_the_place_of_pip_is_refused() -> None:
    with pytest.raises(InstallFailure, match="is not the expected file"):
        fetch_pip_wheel()


@pytest.mark.usefixtures("index")
def test_the_expected_file_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PIP_SHA256", hashlib.sha256(Index.content).hexdigest())
    assert fetch_pip_wheel() == Index.content


def test_a_setting_of_pip_to_install_for_the_user_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "nothing-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("nothing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1\n")
        content.writestr("nothing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        content.writestr("nothing-1.dist-info/RECORD", "")
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    environment_of_the_tests = Environment(Path(sys.prefix))
    environment_of_the_tests.pip("install", "--dry-run", "--no-index", "--no-deps", str(wheel))


def test_an_old_python_is_told_what_is_needed(tmp_path: Path) -> None:
    """install.py is parsed by Pythons that it does not support, so it must do without newer syntax."""
    ast.parse((ROOT / "install.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    code = (
        "import sys, runpy; sys.version_info = (3, 8, 18, 'final', 0)\n"
        f"runpy.run_path({str(ROOT / 'install.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Insert Object needs Python 3.10 or later, and this is Python 3.8.")
