"""Training batches: which images, in which order, augmented how; the seed decides all of it.

Every draw has its own seed, derived from the run's seed, the epoch and the position in the epoch.
So the number of workers and processes does not change the augmentation of an image, and neither
does a resume.
"""

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

from artstyle.data.sampling import oversampled_indices
from artstyle.data.seeding import derived_seed
from artstyle.errors import DataError, ImageError
from artstyle.pictures.image import ImageRules, read_image

Labels = NDArray[np.int64]
"""Integer labels of N images, in [0, C)."""

Item = tuple[Tensor, ...]
"""Pixels and labels of an image or a batch, and genres where they are learnt."""

# `prepare` checked the originals; a copy of a long strip may be narrower than the limit.
CACHE_RULES = ImageRules(min_side_px=1)


@dataclass(frozen=True)
class Draw:
    """One image at one position of one epoch."""

    index: int
    seed: int


@dataclass(frozen=True)
class Labelled:
    """Images with their labels, as training reads them."""

    paths: tuple[Path, ...]
    labels_N: Labels
    """The label that each image counts for where it counts once; of several, the rarest."""
    shares_NC: NDArray[np.float32] | None = None
    """1 for each label of an image, where it may have several; None where it has one."""
    genres_N: Labels | None = None
    """What each image shows, -1 where that is not known; None where nothing learns it."""

    @property
    def targets(self) -> NDArray[np.int64] | NDArray[np.float32]:
        """What is learnt: a label for each image, N; or 0 and 1 for each image and label, N x C."""
        return self.labels_N if self.shares_NC is None else self.shares_NC

    @property
    def all_labels(self) -> Labels:
        """Each label of each image: as many numbers as labels, not as images."""
        return self.labels_N if self.shares_NC is None else np.nonzero(self.shares_NC)[1]


class CachedPaintings(Dataset[Item]):
    """Pre-resized images as augmented 8-bit pixels, S x S x 3, with labels, and genres if learnt.

    Args:
        paintings: The images.
        transform: Turns an image and a seed into pixels.
        threads: How many threads read a batch.
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

    def __getitem__(self, draw: Draw) -> Item:
        """Read and augment one image."""
        pixels_HW3 = self.transform(read_cached(self.paintings.paths[draw.index]), draw.seed)
        label = torch.tensor(self.paintings.targets[draw.index])
        if self.paintings.genres_N is None:
            return pixels_HW3, label
        return pixels_HW3, label, torch.tensor(self.paintings.genres_N[draw.index])

    def __getitems__(self, draws: Sequence[Draw]) -> list[Item]:
        """Read and augment a batch; the loader calls this and not ``__getitem__``."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="read") as pool:
            return list(pool.map(self.__getitem__, draws))


class EpochBatches(Sampler[list[Draw]]):
    """The batches of an epoch, for one of several processes.

    All processes use the same order. Of each batch, process r of n takes every n-th image from r
    on, so the images of a batch do not depend on n.

    Args:
        labels_N: Labels of the training images.
        batch_size: Over all processes.
        seed: The run's seed.
        balanced: Draw each style equally often, N draws in all.
        artists_N: With ``balanced``: draw an artist with n images of a style in proportion to the
            square root of n.
        oversample: Repeat rare styles up to the size of the largest.
        rank: r.
        world_size: n.
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
        world_size: int = 1,
    ) -> None:
        self.labels_N = labels_N
        self.batch_size = batch_size
        self.seed = seed
        self.balanced = balanced
        self.artists_N = artists_N
        self.oversample = oversample
        self.rank, self.world_size = rank, world_size
        self.epoch = self.first = 0
        self._num_draws = len(self._order())

    def set_epoch(self, epoch: int, first: int = 0) -> None:
        """Choose the epoch of the next iteration and its first batch, both counted from 0.

        The batches are those of the whole epoch from ``first`` on.
        """
        self.epoch, self.first = epoch, first

    def __len__(self) -> int:
        """Return the number of batches in a whole epoch."""
        full, rest = divmod(self._num_draws, self.batch_size)
        return full + (rest >= self.world_size)

    def sizes(self) -> list[int]:
        """Return how many images each batch has, over all processes."""
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        return [min(self.batch_size, self._num_draws - start) for start in starts]

    def __iter__(self) -> Iterator[list[Draw]]:
        """Yield this process's part of each batch.

        A last batch with fewer images than processes is left out: each process needs one.
        """
        order = self._order()
        for step, size in islice(enumerate(self.sizes()), self.first, None):
            places = range(step * self.batch_size, step * self.batch_size + size)
            yield [
                Draw(int(order[place]), derived_seed(self.seed, "draw", self.epoch, place))
                for place in places[self.rank :: self.world_size]
            ]

    def _order(self) -> Labels:
        rng = np.random.default_rng(derived_seed(self.seed, "order", self.epoch))
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
) -> DataLoader[Item]:
    """Return the loader of training batches.

    With an accelerator, processes read ahead. On a CPU the network needs the same cores, and
    reading at the same time would slow it down: threads read each batch between two steps.

    Args:
        paintings: The training images.
        transform: Turns an image and a seed into pixels.
        batches: Which images, in which order.
        workers: Processes or threads; None means one per core.
        device: The network's device.
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


def iterate(loader: Iterable[Item]) -> Iterator[Item]:
    """Yield the batches of an epoch.

    Raises:
        DataError: An image of the cache is missing or damaged.
    """
    try:
        yield from loader
    except DataError as error:
        # A worker's error comes with its traceback; the last line is the message.
        line = str(error).strip().splitlines()[-1]
        raise DataError(line.removeprefix("artstyle.errors.DataError: ")) from None


def read_cached(path: Path) -> Image.Image:
    """Return an image of the cache.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        return read_image(path, rules=CACHE_RULES).pixels
    except ImageError as error:
        if isinstance(
            error.__context__, MemoryError
        ):  # Copies are small: other data filled the memory.
            raise error.__context__ from None
        raise DataError(
            f"{path}: {error}; run 'artstyle prepare' again to replace the copy"
        ) from None


def _balanced_draws(labels_N: Labels, artists_N: Labels | None, rng: np.random.Generator) -> Labels:
    """Return N indices that draw every style equally often, give or take one draw."""
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
    """Return ``count`` of them: all in random order, then all in another order, and so on."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def _by_artist(
    members_M: Labels, artists_M: Labels, count: int, rng: np.random.Generator
) -> Labels:
    """Return ``count`` of them; an artist with n images is drawn in proportion to sqrt(n).

    Square-root sampling (Kang et al. 2020, eq. 1 with q = 1/2) by systematic sampling: the images
    are laid out artist after artist on a line, each as long as its share, and every unit step along
    the line draws one. So each image and artist comes as often as expected, give or take one.
    """
    _, artist_M, numbers = np.unique(artists_M, return_inverse=True, return_counts=True)
    # An image's share: an artist's n images together have n / sqrt(n) = sqrt(n).
    shares_M = numbers[artist_M] ** -0.5
    turns = rng.permutation(len(numbers))
    order = np.lexsort((rng.random(len(artists_M)), turns[artist_M]))
    ends = np.cumsum(shares_M[order]) / shares_M.sum() * count
    places = np.searchsorted(ends, np.arange(count) + rng.random(), side="right")
    return members_M[order[np.minimum(places, len(order) - 1)]]
