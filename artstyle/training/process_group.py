"""The processes that train one run: a single one, or those that torchrun started."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from artstyle.devices import choose_device

Value = TypeVar("Value")


@dataclass(frozen=True)
class ProcessGroup:
    """This process, its device, and how to exchange values with the others."""

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run folder and reports progress."""
        return self.rank == 0

    def gather(self, values: Sequence[Value]) -> list[Value]:
        """Return the values of all processes, interleaved: rank 0's first, rank 1's first, ..."""
        if self.world_size == 1:
            return list(values)
        parts: list[Sequence[Value]] = [[]] * self.world_size
        dist.all_gather_object(parts, list(values))
        gathered: list[Value | None] = [None] * sum(map(len, parts))
        for rank, part in enumerate(parts):
            gathered[rank :: self.world_size] = part
        return gathered  # type: ignore[return-value]

    def gather_rows(self, rows: Tensor, total: int) -> Tensor:
        """Return the rows of all processes, interleaved: rank 0's first, rank 1's first, ...

        Args:
            rows: Of ``total`` rows, every n-th from the rank on.
            total: Rows of all processes.
        """
        if self.world_size == 1:
            return rows
        padded = rows.new_zeros((-(-total // self.world_size), *rows.shape[1:]))
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.world_size)]
        dist.all_gather(parts, padded)
        return torch.stack(parts, dim=1).flatten(0, 1)[:total]

    def broadcast(self, value: Value) -> Value:
        """Return the main process's value in every process."""
        if self.world_size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def broadcast_buffers(self, network: nn.Module) -> None:
        """Copy the main process's buffers, such as batch-norm statistics, to every process."""
        if self.world_size > 1:
            for buffer in network.buffers():
                dist.broadcast(buffer, src=0)

    def sum(self, values: Sequence[float]) -> list[float]:
        """Return each value summed over all processes."""
        if self.world_size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=_collective_device(self.device))
        dist.all_reduce(sums)
        return [float(value) for value in sums]


@contextmanager
def process_group(device: str) -> Iterator[ProcessGroup]:
    """Join the processes that torchrun started; without torchrun this is the only one.

    Raises:
        UsageError: This machine does not have the device.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield ProcessGroup(0, 1, choose_device(device))
        return
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    on_cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    own = choose_device(f"cuda:{local_rank}" if on_cuda else device)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    # NCCL refuses two processes on one GPU, which is what a device with a number asks for.
    dist.init_process_group("nccl" if on_cuda else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), world_size, own)
    finally:
        dist.destroy_process_group()


def _collective_device(device: torch.device) -> torch.device:
    return device if device.type == "cuda" else torch.device("cpu")
