"""Dropout and stochastic depth with the same masks for one process and for several."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class MasksByPlace(TorchFunctionMode):
    """Draws each mask for the batch of all processes; each process takes its own images' rows.

    While it is active it replaces dropout, and the draws that torchvision's and timm's stochastic
    depth are made of. Dropout inside of attention stays torch's own and depends on the processes.

    Args:
        seed: Decides the masks.
        size: Images of the batch, over all processes.
        device: Where the network is.
        rank: Of n processes, process r has every n-th image from r on.
        world_size: n.
    """

    def __init__(
        self, seed: int, size: int, device: torch.device, *, rank: int = 0, world_size: int = 1
    ) -> None:
        super().__init__()
        self._size, self._rank, self._world_size = size, rank, world_size
        self._own = len(range(rank, size, world_size))
        self._generator = torch.Generator(device).manual_seed(seed)
        self._replaced: dict[object, Callable[..., Tensor]] = {
            functional.dropout: self._dropout,
            functional.dropout1d: self._channel_dropout,
            functional.dropout2d: self._channel_dropout,
            functional.dropout3d: self._channel_dropout,
            Tensor.bernoulli_: self._bernoulli,
        }

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the replacement of a function, or the function."""
        replaced = self._replaced.get(func)
        # A tensor without a row for each image is not ours to draw by image.
        if replaced and args and args[0].ndim and len(args[0]) % self._own == 0:
            return replaced(*args, **kwargs or {})
        return func(*args, **kwargs or {})

    def _dropout(
        self, images: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        return self._dropped(images, images.shape, p) if training and p else images

    def _channel_dropout(
        self, images: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        whole = (*images.shape[:2], *(1 for _ in images.shape[2:]))
        return self._dropped(images, whole, p) if training and p else images

    def _bernoulli(self, noise: Tensor, p: float = 0.5) -> Tensor:
        return noise.copy_(self._mask(noise.shape, p))

    def _dropped(self, images: Tensor, shape: Sequence[int], p: float) -> Tensor:
        if p == 1:
            return images * 0
        return images * (self._mask(shape, 1 - p) / (1 - p)).to(images.dtype)

    def _mask(self, shape: Sequence[int], keep: float) -> Tensor:
        """Return 1 with probability ``keep``, else 0; an image may have several rows."""
        rows = (self._size, shape[0] // self._own, *shape[1:])
        mask = torch.empty(rows, device=self._generator.device)
        mask.bernoulli_(keep, generator=self._generator)
        return mask[self._rank :: self._world_size].flatten(0, 1)
