"""Several processes train one set of weights: as one process on the joint batch would, buffers included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.training.workers import Workers
from tests.program import ROOT


def trained(folder: Path, processes: int) -> list[dict[str, torch.Tensor]]:
    """The weights and buffers of each process after ten steps."""
    folder.mkdir()
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    done = subprocess.run(
        [*start, "-m", "tests.models.joint_training", str(folder)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [load_file(folder / f"{rank}.safetensors") for rank in range(processes)]


def test_two_processes_learn_what_one_learns_from_the_joint_batch(tmp_path: Path) -> None:
    (alone,) = trained(tmp_path / "one", 1)
    first, second = trained(tmp_path / "two", 2)
    assert alone.keys() == first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), f"{name} differs between the processes"
        assert torch.allclose(value, alone[name], rtol=1e-3, atol=1e-4), f"{name} is not what one learns"
    start = trained(tmp_path / "again", 1)[0]
    assert all(torch.equal(value, start[name]) for name, value in alone.items())


def test_a_process_computes_on_the_gpu_of_its_own_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for name, value in (("RANK", "5"), ("LOCAL_RANK", "1"), ("WORLD_SIZE", "1")):
        monkeypatch.setenv(name, value)
    workers = Workers.join("cuda")
    assert chosen == [1]
    assert workers.device("cuda") == torch.device("cuda", 1)
    assert not workers.leads
