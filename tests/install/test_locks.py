"""What is installed is pinned, every file of it by its hash, and another file is refused."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.computer import environment
from installer.computer.environment import (
    LOCK,
    ROOT,
    TORCH_CPU_LOCK,
    TORCH_LOCK,
    Environment,
    torch_lock,
    torch_pin,
)
from installer.computer.failure import InstallFailure

EVALUATION_LOCK = ROOT / "requirements-evaluation.lock"
CLUSTER_LOCK = ROOT / "requirements-cluster.lock"
EXTRAS = {"evaluation": EVALUATION_LOCK, "cluster": CLUSTER_LOCK}
TEST_LOCK = ROOT / "tests" / "requirements.lock"
AUDIT_LOCK = ROOT / "tests" / "audit.lock"
LOCKS = (LOCK, TORCH_LOCK, TORCH_CPU_LOCK, *EXTRAS.values(), TEST_LOCK, AUDIT_LOCK)


def requirements(lock: Path) -> list[str]:
    """The lock's requirements, each on one line with its hashes."""
    lines = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pinned(lock: Path) -> dict[str, list[str]]:
    """The requirements of each package in a lock, by its name."""
    found: dict[str, list[str]] = {}
    for requirement in requirements(lock):
        found.setdefault(requirement.partition("==")[0], []).append(requirement)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.relative_to(ROOT).as_posix())
def test_every_requirement_is_one_version_with_hashes(lock: Path) -> None:
    form = r"[a-z0-9.-]+==[\w.+]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+"
    assert requirements(lock)
    assert [line for line in requirements(lock) if not re.fullmatch(form, line)] == []


def test_every_dependency_of_the_project_is_pinned() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read pyproject.toml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]}
    assert names <= {*pinned(LOCK), "torch"}
    for extra, lock in EXTRAS.items():
        dependencies = project["optional-dependencies"][extra]
        names = {re.split(r"[<>=]", dependency)[0] for dependency in dependencies}
        assert names <= {*pinned(LOCK), *pinned(lock)}
        assert not set(pinned(LOCK)) & set(pinned(lock))


def test_the_tests_run_on_what_the_program_is_installed_with() -> None:
    program, tests = pinned(LOCK) | pinned(EVALUATION_LOCK) | pinned(CLUSTER_LOCK), pinned(TEST_LOCK)
    assert {name: tests.get(name) for name in program} == program


def test_both_builds_of_torch_are_the_same_release() -> None:
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", torch_pin())
    assert list(pinned(TORCH_CPU_LOCK)) == ["torch"]
    assert requirements(TORCH_CPU_LOCK)[0].startswith(f"{torch_pin()}+cpu ")
    assert not {"torch", *pinned(TORCH_LOCK)} & set(pinned(LOCK))


@pytest.mark.parametrize(
    ("platform", "card", "lock"),
    [
        ("linux", False, TORCH_CPU_LOCK),
        ("linux", True, TORCH_LOCK),
        ("darwin", False, TORCH_LOCK),
        ("win32", True, TORCH_LOCK),
    ],
)
def test_only_linux_without_a_card_takes_the_build_for_processors(
    monkeypatch: pytest.MonkeyPatch, platform: str, card: bool, lock: Path
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(environment, "has_nvidia_card", lambda: card)
    assert torch_lock() == lock


@pytest.mark.slow
def test_a_torch_that_is_not_the_pinned_file_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wheels").mkdir()
    version = f"{torch_pin().partition('==')[2]}+cpu"
    with zipfile.ZipFile(tmp_path / "wheels" / f"torch-{version}-py3-none-any.whl", "w") as wheel:
        folder = f"torch-{version}.dist-info"
        wheel.writestr("torch.py", "print('not the real one')\n")
        wheel.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        wheel.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{folder}/RECORD", "")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setattr(environment, "torch_lock", lambda: TORCH_CPU_LOCK)
    made = Environment(tmp_path / "environment")
    made.create(Path(sys.executable))
    with pytest.raises(InstallFailure) as refused:
        made.install_torch()
    assert "DO NOT MATCH THE HASHES" in refused.value.details
    assert not made.has_torch()
    assert not list((made.site_packages()).glob("torch*"))


# --- Known vulnerabilities --------------------------------------------------------------------------


class Advisories(http.server.BaseHTTPRequestHandler):
    """A database of vulnerabilities that knows one, in the package ``known_bad``."""

    known_bad = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bad = {"id": "TEST-2026-1", "details": "A test.", "affected": [], "modified": "2026-01-01T00:00:00Z"}
        answer = {"vulns": [bad]} if asked["package"]["name"] == self.known_bad else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments: object) -> None:
        """Says nothing: a test's output is for the test."""


@pytest.fixture
def advisories() -> Iterator[str]:
    """The address of the database."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.slow
@pytest.mark.usefixtures("package_index")
def test_the_audit_passes_only_when_nothing_is_known_against_any_package(
    advisories: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def audit(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "tests" / "audit.py"), "--vulnerability-service", "osv", *arguments],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    good = audit("--osv-url", advisories)
    assert good.returncode == 0, good.stderr
    assert "Nothing is known against any pinned package." in good.stdout
    monkeypatch.setattr(Advisories, "known_bad", "pillow")
    bad = audit("--osv-url", advisories)
    assert bad.returncode == 1
    assert "TEST-2026-1" in bad.stdout
    assert "Not passed" in bad.stdout
    unreachable = audit("--osv-url", "http://127.0.0.1:9/")
    assert unreachable.returncode == 1, "nobody was asked, so nothing is known"
