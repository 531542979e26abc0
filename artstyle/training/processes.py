"""The processes of one run: a single one, or those that torchrun started."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from artstyle.devices import choose_device

Value = TypeVar("Value")


@dataclass(frozen=True)
class Processes:
    """This process among the others."""

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this one writes the run folder and tells of progress."""
        return self.rank == 0

    def gather(self, values: Sequence[Value]) -> list[Value]:
        """Return the values of all processes, dealt out as cards are, in their first order."""
        if self.world == 1:
            return list(values)
        parts: list[Sequence[Value]] = [[]] * self.world
        dist.all_gather_object(parts, list(values))
        dealt: list[Value | None] = [None] * sum(map(len, parts))
        for rank, part in enumerate(parts):
            dealt[rank :: self.world] = part
        return dealt  # type: ignore[return-value]

    def agree(self, value: Value) -> Value:
        """Return what the leading process says."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def share_buffers(self, network: nn.Module) -> None:
        """Give all processes the leading one's buffers, such as a batch norm's statistics."""
        if self.world > 1:
            for buffer in network.buffers():
                dist.broadcast(buffer, src=0)

    def total(self, values: Sequence[float]) -> list[float]:
        """Return the sums over all processes."""
        if self.world == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=_collective_device(self.device))
        dist.all_reduce(sums)
        return [float(value) for value in sums]


@contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started; without torchrun there is only this one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Processes(0, 1, choose_device(device))
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    own = choose_device(f"cuda:{local}" if on_cuda else device)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), world, own)
    finally:
        dist.destroy_process_group()


def _collective_device(device: torch.device) -> torch.device:
    return device if device.type == "cuda" else torch.device("cpu")
