"""What the installer's tests share."""

from __future__ import annotations

import os
import urllib.error
import urllib.request

import pytest


@pytest.fixture(scope="session")
def package_index() -> None:
    """For tests that install packages: they are skipped where the index cannot be reached."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        with urllib.request.urlopen(index, timeout=10):
            return
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"the package index {index} cannot be reached: {error}")
