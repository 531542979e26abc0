"""Training batches: which paintings, in which order, varied how; all of it a function of the seed.

Every draw has a seed of its own, made from the run's seed, the epoch and the place in the epoch.
So a picture is varied in the same way by any number of workers, in any number of processes, and
after a resume.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from artstyle.data.balance import oversampled_indices
from artstyle.errors import DataError, ImageError
from artstyle.pictures.image import ImageRules, read_image

Labels = NDArray[np.int64]
"""Integer labels of N pictures, in [0, C)."""

# Copies in the cache have been held to the configured limits; a strip may have been shrunk below.
CACHE_RULES = ImageRules(min_side_px=1)


@dataclass(frozen=True)
class Draw:
    """One picture in one place of one epoch."""

    index: int
    seed: int


@dataclass(frozen=True)
class Labelled:
    """Pictures with their labels, as training reads them."""

    paths: tuple[Path, ...]
    labels_N: Labels


class CachedPaintings(Dataset[tuple[Tensor, Tensor]]):
    """Pre-resized pictures as varied 8-bit pixels, S x S x 3, with their labels.

    Args:
        paintings: The pictures.
        transform: From a picture and a seed to its pixels.
        threads: That read a batch together.
    """

    def __init__(
        self,
        paintings: Labelled,
        transform: Callable[[Image.Image, int], Tensor],
        threads: int = 1,
    ) -> None:
        self.paintings = paintings
        self.transform = transform
        self.threads = threads

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Read and vary one picture."""
        pixels_HW3 = self.transform(read_cached(self.paintings.paths[draw.index]), draw.seed)
        return pixels_HW3, torch.tensor(self.paintings.labels_N[draw.index])

    def __getitems__(self, draws: Sequence[Draw]) -> list[tuple[Tensor, Tensor]]:
        """Read and vary a batch; the loader asks for this rather than for one by one."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="read") as pool:
            return list(pool.map(self.__getitem__, draws))


class EpochBatches(Sampler[list[Draw]]):
    """The batches of an epoch, for one of several processes.

    All processes walk through the same order; of each batch, process r of n takes every n-th
    picture from r on, so that the pictures of a step do not depend on n.

    Args:
        labels_N: Of the training pictures.
        batch_size: Over all processes.
        balanced: Draw each style equally often (of N draws in all).
        artists_N: Where styles are balanced, draw an artist who has n pictures of one in proportion
            to the square root of n rather than to n.
        oversample: Repeat rare styles to the size of the largest.
        seed: Of the run.
        rank: r.
        world: n.
    """

    def __init__(
        self,
        labels_N: Labels,
        batch_size: int,
        *,
        seed: int,
        balanced: bool = False,
        artists_N: Labels | None = None,
        oversample: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.labels_N = labels_N
        self.batch_size = batch_size
        self.seed = seed
        self.balanced = balanced
        self.artists_N = artists_N
        self.oversample = oversample
        self.rank, self.world = rank, world
        self.epoch = self.first = 0
        self._num_draws = len(self._order())

    def set_epoch(self, epoch: int, first: int = 0) -> None:
        """Choose the epoch that the next iteration gives, and the batch that it begins with.

        Both are counted from 0; the batches are those that the whole epoch has from there on.
        """
        self.epoch, self.first = epoch, first

    def __len__(self) -> int:
        """Return the number of steps in a whole epoch."""
        full, rest = divmod(self._num_draws, self.batch_size)
        return full + (rest >= self.world)

    def sizes(self) -> list[int]:
        """Return how many pictures each batch has, over all processes."""
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        return [min(self.batch_size, self._num_draws - start) for start in starts]

    def __iter__(self) -> Iterator[list[Draw]]:
        """Yield this process's part of each batch.

        A last batch with fewer pictures than processes is left out: each needs one.
        """
        order = self._order()
        for step, size in islice(enumerate(self.sizes()), self.first, None):
            places = range(step * self.batch_size, step * self.batch_size + size)
            yield [
                Draw(int(order[place]), derive_seed(self.seed, "draw", self.epoch, place))
                for place in places[self.rank :: self.world]
            ]

    def _order(self) -> Labels:
        rng = np.random.default_rng(derive_seed(self.seed, "order", self.epoch))
        if self.balanced:
            return _balanced_draws(self.labels_N, self.artists_N, rng)
        if self.oversample:
            return rng.permutation(oversampled_indices(self.labels_N, rng))
        return rng.permutation(len(self.labels_N))


def build_loader(
    paintings: Labelled,
    transform: Callable[[Image.Image, int], Tensor],
    batches: EpochBatches,
    workers: int | None,
    device: torch.device,
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return the loader of training batches.

    Beside an accelerator, processes read ahead. On a CPU the network needs the same cores, and
    whoever reads meanwhile only holds it up: threads read each batch between two steps.

    Args:
        paintings: What is drawn from.
        transform: From a picture and a seed to its pixels.
        batches: Which, in which order.
        workers: Processes or threads; None means one per core.
        device: Where the network is.
    """
    if workers is None:
        # The processes that torchrun starts on one machine share its cores.
        workers = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    threads, processes = (max(1, workers), 0) if device.type == "cpu" else (1, workers)
    return DataLoader(
        CachedPaintings(paintings, transform, threads),
        batch_sampler=batches,
        num_workers=processes,
        persistent_workers=processes > 0,
        pin_memory=device.type == "cuda",
    )


def iterate(loader: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of an epoch.

    Raises:
        DataError: A picture of the cache is gone or damaged.
    """
    try:
        yield from loader
    except DataError as error:
        # From a worker it comes with the worker's traceback; its last line is the message.
        line = str(error).strip().splitlines()[-1]
        raise DataError(line.removeprefix("artstyle.errors.DataError: ")) from None


def read_cached(path: Path) -> Image.Image:
    """Return a picture of the cache.

    Raises:
        DataError: It is gone or damaged.
    """
    try:
        return read_image(path, rules=CACHE_RULES).pixels
    except ImageError as error:
        if isinstance(error.__context__, MemoryError):  # Copies are small: it is not this one.
            raise error.__context__ from None
        raise DataError(
            f"{path}: {error}; run 'artstyle prepare' again to make the copy anew"
        ) from None


def derive_seed(*parts: object) -> int:
    """Return a 63-bit seed that any change of ``parts`` changes altogether."""
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def _balanced_draws(labels_N: Labels, artists_N: Labels | None, rng: np.random.Generator) -> Labels:
    """Return N indices in which every style that occurs is equally frequent, within one draw."""
    styles, num = np.unique(labels_N), len(labels_N)
    per_style = -(-num // len(styles))
    members = [np.flatnonzero(labels_N == style) for style in styles]
    draws = [
        _repeated(members_M, per_style, rng)
        if artists_N is None
        else _by_artist(members_M, artists_N[members_M], per_style, rng)
        for members_M in members
    ]
    by_turn = np.stack([rng.permutation(drawn) for drawn in draws], axis=1).ravel()
    return rng.permutation(by_turn[:num])


def _repeated(members: Labels, count: int, rng: np.random.Generator) -> Labels:
    """Return ``count`` of them, going through all in a new order before any comes again."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def _by_artist(
    members_M: Labels, artists_M: Labels, count: int, rng: np.random.Generator
) -> Labels:
    """Return ``count`` of them, an artist who has n of them as often as the root of n says.

    Square-root sampling (Kang et al. 2020, eq. 1 with q = 1/2), drawn at even steps along the
    shares of all artists in turn: a picture and an artist come as often as they should within one.
    """
    _, artist_M, numbers = np.unique(artists_M, return_inverse=True, return_counts=True)
    shares_M = numbers[artist_M] ** -0.5
    turns = rng.permutation(len(numbers))
    order = np.lexsort((rng.random(len(artists_M)), turns[artist_M]))
    ends = np.cumsum(shares_M[order]) / shares_M.sum() * count
    places = np.searchsorted(ends, np.arange(count) + rng.random(), side="right")
    return members_M[order[np.minimum(places, len(order) - 1)]]
