"""Processes that train one set of weights together, started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

ALIKE = 1e-3  # largest difference between processes, of a tensor's own size, that rounding may make


class WorkersDiffer(RuntimeError):
    """The processes of a run no longer hold the same weights; the message names the tensor."""


@dataclass(frozen=True)
class Workers:
    """This process among those that train together: its number among all and on its computer."""

    rank: int = 0
    local_rank: int = 0
    count: int = 1

    @classmethod
    def join(cls, kind: str) -> Workers:
        """Joins the processes that torchrun started, if it did. ``kind``: "cpu" or "cuda"; each process of a
        computer has a GPU of its own, chosen before anything is put on one."""
        rank, local_rank, count = (
            int(os.environ.get(name, default))
            for name, default in (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", "1"))
        )
        workers = cls(rank, local_rank, count)
        if kind == "cuda":
            torch.cuda.set_device(workers.local_rank)
        if workers.count > 1:
            distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        return workers

    def leave(self) -> None:
        """Ends the conversation of the processes when all have come here. One that just exits would leave the
        others' connections to break under them."""
        if self.count > 1:
            distributed.barrier()
            distributed.destroy_process_group()

    def device(self, kind: str) -> torch.device:
        """Where this process computes."""
        return torch.device("cuda", self.local_rank) if kind == "cuda" else torch.device(kind)

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agree(self, device: torch.device, *, stop: bool) -> bool:
        """Whether any process wants to stop: all stop at the same step."""
        if self.count == 1:
            return stop
        flag = torch.tensor([float(stop)], device=device)
        distributed.all_reduce(flag)
        return bool(flag.item() > 0)


def share(tensors: Iterable[Tensor]) -> None:
    """Gives every process the first one's values."""
    for value in tensors:
        distributed.broadcast(value.data, 0)


def share_buffers(networks: Iterable[nn.Module]) -> None:
    """Gives every process the first one's running values. Those of spectral norms move with every use, and a
    discriminator of heads is not used where a part of the batch has none."""
    buffers = [buffer for network in networks for buffer in network.buffers() if buffer.is_floating_point()]
    if buffers:
        with _as_one(buffers) as together:
            distributed.broadcast(together, 0)


def average(tensors: Sequence[Tensor], count: int) -> None:
    """Gives all ``count`` processes the mean of what each has."""
    with _as_one(tensors) as together:
        distributed.all_reduce(together)
        together /= count


@contextmanager
def _as_one(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
    """Some tensors in a row; what becomes of it becomes of them. Most of the time of many small messages is
    waiting."""
    together = torch.cat([tensor.flatten() for tensor in tensors])
    yield together
    parts = torch.split(together, [tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))


def state_of(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """All weights and buffers by name."""
    return {
        f"{name}/{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict(keep_vars=True).items()
    }


@torch.no_grad()
def check_alike(networks: Mapping[str, nn.Module]) -> None:
    """Makes sure that all processes hold the same weights and buffers.

    Raises:
        WorkersDiffer: they do not; a run that goes on would average gradients of different networks.
    """
    for name, value in state_of(networks).items():
        mine = value.detach().float()
        first = mine.clone()
        distributed.broadcast(first, 0)
        apart = (mine - first).abs().max() / first.abs().max().clamp(min=1e-6)
        distributed.all_reduce(apart, distributed.ReduceOp.MAX)
        if not float(apart) <= ALIKE:
            raise WorkersDiffer(
                f"The processes of this run hold different weights ({name}, by {float(apart):.2g}). "
                "Start again from the last checkpoint."
            )
