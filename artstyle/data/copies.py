"""Copies: files that show one painting, found without comparing every file with every other."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from artstyle.data.parquet import shard_name
from artstyle.data.quality import THUMBNAIL_BYTES, Likeness, are_alike, is_flat
from artstyle.data.source import SourceImage

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.int64]

_BANDS = 4
_BAND_BITS = 16
# Pairs that are compared at a time: enough to be fast, few enough to take little memory.
_BLOCK = 1 << 14


@dataclass(frozen=True)
class Copies:
    """Which files show the same painting, and how that was found."""

    groups: tuple[int, ...]
    """For each file the position of the first file that shows its painting."""
    exact: int
    """Files beyond the first of each set with equal bytes."""
    near: int
    """Pairs that differ in bytes and look alike."""
    named: int
    """Pairs that bear one official name (artist and title) in different folders."""


def find_copies(
    images: Sequence[SourceImage],
    sha256s: Sequence[str],
    likenesses: Sequence[Likeness],
    near_distance: int,
) -> Copies:
    """Group the files that show one painting.

    Files belong together when their bytes are equal, when their hashes differ in at most
    ``near_distance`` bits and their thumbnails are alike, or when they bear one official name.
    """
    exact = list(_pairs_of_equals(sha256s))
    near = near_pairs(likenesses, near_distance) if near_distance >= 0 else []
    named = list(_pairs_of_equals([_official_name(image) for image in images]))
    near = [(i, j) for i, j in near if sha256s[i] != sha256s[j]]
    groups = _join(len(images), [*exact, *near, *named])
    return Copies(tuple(groups), len(exact), len(near), len(named))


def near_pairs(likenesses: Sequence[Likeness], distance: int) -> list[tuple[int, int]]:
    """Return pairs of positions that look alike, each with the lower first, in order.

    Pictures with the same hash are compared with the first of them and with the one before, not
    all with all, and the first stands for them towards other hashes: the cost stays in
    proportion to the number of pictures however many of them are alike.
    """
    hashes_N = np.array([item.phash for item in likenesses], dtype=np.uint64)
    thumbnails_NT = np.frombuffer(
        b"".join(item.thumbnail for item in likenesses), dtype=np.uint8
    ).reshape(-1, THUMBNAIL_BYTES)
    positions = np.flatnonzero(~is_flat(thumbnails_NT))
    distinct, first, inverse = np.unique(
        hashes_N[positions], return_index=True, return_inverse=True
    )
    candidates = [_pairs_in_runs(inverse), first[hamming_pairs(distinct, distance)]]
    pairs = positions[np.concatenate(candidates).reshape(-1, 2)]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    found: list[tuple[int, int]] = []
    for start in range(0, len(pairs), _BLOCK):
        i, j = pairs[start : start + _BLOCK].T
        alike = are_alike(thumbnails_NT[i], thumbnails_NT[j])
        found += zip(i[alike].tolist(), j[alike].tolist(), strict=True)
    return found


def hamming_pairs(hashes_N: Hashes, distance: int) -> Pairs:
    """Return all pairs of distinct hashes that differ in at most ``distance`` bits, shape (P, 2).

    Of four bands of 16 bits, one differs in at most a quarter of the distance (pigeonhole
    principle; Norouzi et al. 2012, section 3): the neighbours of each band within that distance
    are looked up among the sorted bands, and only those are compared.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in range(_BANDS):
        bands_N = (hashes_N >> np.uint64(band * _BAND_BITS)) & np.uint64((1 << _BAND_BITS) - 1)
        for block in _candidates(bands_N.astype(np.int64), distance // _BANDS):
            differing = np.bitwise_count(hashes_N[block[:, 0]] ^ hashes_N[block[:, 1]])
            found.append(block[differing <= distance])
    return np.unique(np.concatenate(found), axis=0)


def _candidates(bands_N: Ints, radius: int) -> Iterator[Pairs]:
    """Yield blocks of pairs (i < j) whose bands differ in at most ``radius`` bits."""
    order_N = np.argsort(bands_N, kind="stable")
    sorted_N = bands_N[order_N]
    # Where each value begins in sorted_N: a table answers faster than a binary search.
    begins = np.concatenate([[0], np.cumsum(np.bincount(sorted_N, minlength=1 << _BAND_BITS))])
    for flip in _flips(radius):
        wanted_N = sorted_N ^ flip
        left_N = begins[wanted_N]
        counts_N = begins[wanted_N + 1] - left_N
        for start, stop in _blocks(counts_N):
            block = _spans(left_N[start:stop], counts_N[start:stop])
            i = order_N[start + block[:, 0]]
            j = order_N[block[:, 1]]
            yield np.stack([i, j], axis=1)[i < j]


def _flips(radius: int) -> Iterator[int]:
    """Yield every way to change at most ``radius`` bits of a band."""
    for count in range(radius + 1):
        for bits in combinations(range(_BAND_BITS), count):
            yield sum(1 << bit for bit in bits)


def _blocks(counts_N: Ints) -> Iterator[tuple[int, int]]:
    """Cut the look-ups into stretches with about ``_BLOCK`` results, so that memory is bounded."""
    totals_N = np.cumsum(counts_N)
    start = 0
    while start < len(counts_N):
        before = totals_N[start - 1] if start else 0
        stop = int(np.searchsorted(totals_N, before + _BLOCK, side="right"))
        stop = max(stop, start + 1)
        yield start, stop
        start = stop


def _spans(lefts_N: Ints, counts_N: Ints) -> Pairs:
    """Return (look-up, position) for each position in each look-up's span."""
    lookups_P = np.repeat(np.arange(len(counts_N)), counts_N)
    starts_N = np.cumsum(counts_N) - counts_N
    offsets_P = np.arange(len(lookups_P)) - np.repeat(starts_N, counts_N)
    return np.stack([lookups_P, lefts_N[lookups_P] + offsets_P], axis=1)


def _pairs_in_runs(groups_N: Ints) -> Pairs:
    """Pair each member of a group with the group's first member and with the one before it."""
    order_N = np.argsort(groups_N, kind="stable")
    again_N = np.flatnonzero(groups_N[order_N][1:] == groups_N[order_N][:-1]) + 1
    members, before = order_N[again_N], order_N[again_N - 1]
    _, first = np.unique(groups_N, return_index=True)
    firsts = first[groups_N[members]]
    return np.concatenate([np.stack([firsts, members], 1), np.stack([before, members], 1)])


def _pairs_of_equals(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Pair each repeated key with its first place; empty keys equal nothing."""
    firsts: dict[str, int] = {}
    for position, key in enumerate(keys):
        first = firsts.setdefault(key, position)
        if key and first != position:
            yield first, position


def _official_name(image: SourceImage) -> str:
    """Return the file's name if it is WikiArt's ``artist_title``, which names one painting.

    Names that cameras and scripts give ("img_0001") say nothing: of the official lists' names,
    each has a letter in its title or a hyphen in its artist.
    """
    if shard_name(image.path) is not None:
        name = f"{image.artist}_{image.title}"
    else:
        name = image.path.rpartition("/")[2].rpartition(".")[0]
    artist, _, title = name.partition("_")
    if not image.artist or not title:
        return ""
    says_something = "-" in artist or re.search(r"[^\W\d_]", title)
    return f"{image.artist}/{name}" if says_something else ""


def _join(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each position the lowest position that pairs lead to (union-find)."""
    parents = list(range(count))

    def root(position: int) -> int:
        while parents[position] != position:
            parents[position] = parents[parents[position]]
            position = parents[position]
        return position

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parents[high] = low
    return [root(position) for position in range(count)]
