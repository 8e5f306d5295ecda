"""How long stages took is kept in bounded memory and told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from daemon.client import Client
from daemon.painting.timings import KEPT, Timings
from tests.conftest import RunCli


def test_only_the_last_durations_are_kept() -> None:
    timings = Timings()
    for _ in range(3 * KEPT):
        with timings.stage("one"):
            pass
    with pytest.raises(ValueError), timings.stage("two"):
        raise ValueError  # what failed has no duration
    assert set(timings.report()) == {"one"}
    assert timings.report()["one"]["count"] == KEPT


@pytest.mark.usefixtures("running_daemon")
def test_the_daemon_tells_how_long_its_stages_took(sample_photo: np.ndarray, run_cli: RunCli) -> None:
    with Client.connect(autostart=False) as client:
        for seed in (1, 2):  # the account of one request is there when the next is answered
            client.insert(sample_photo, (100, 120, 200, 160), "horse", seed=seed, shadow=True)
    told = json.loads(run_cli("status", "--timings", "--json").stdout)
    assert set(told) == {"scene", "outline", "object", "layer", "grain", "shadow"}
    assert all(stage["count"] >= 1 and stage["median_ms"] > 0 for stage in told.values())
    assert "median ms" in run_cli("status", "--timings").stdout
