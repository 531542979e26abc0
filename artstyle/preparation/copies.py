"""Copies: files that show one painting, found without comparing every file with every other."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from artstyle.preparation.likeness import Bytes, Likeness, Likenesses, are_alike, is_flat
from artstyle.preparation.paintings import connected, pairs_of_equals
from artstyle.preparation.sources.parquet import shard_name
from artstyle.preparation.sources.source import SourceImage

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.int64]

_HASH_BITS = 64
# What sorting takes for each hash, in comparisons of two.
_SORTING = 10
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
    """Pairs in different folders with one official name (artist and title) that look alike."""


def find_copies(
    images: Sequence[SourceImage],
    sha256s: Sequence[str],
    likenesses: Sequence[Likeness] | Likenesses,
    near_distance: int,
) -> Copies:
    """Group the files that show one painting.

    Two files show one painting if their bytes are equal. They also do if their thumbnails are alike
    and either their hashes differ in at most ``near_distance`` bits, or they have the same
    official name. A name alone proves nothing: cameras give one name to many pictures.
    """
    looks = likenesses if isinstance(likenesses, Likenesses) else Likenesses.of(likenesses)
    exact = list(pairs_of_equals(sha256s))
    near = near_pairs(looks, near_distance) if near_distance >= 0 else []
    names = list(map(_official_name, images))
    named = _alike(list(pairs_of_equals(names)), looks.thumbnails_NT)
    near = [(i, j) for i, j in near if sha256s[i] != sha256s[j]]
    groups = connected(len(images), [*exact, *near, *named])
    return Copies(tuple(groups), len(exact), len(near), len(named))


def near_pairs(likenesses: Sequence[Likeness] | Likenesses, distance: int) -> list[tuple[int, int]]:
    """Return pairs of positions that look alike, each with the lower first, in order.

    Each picture is compared with the first picture of its hash and with the one before it, not
    with all. Only the first is compared with other hashes. The cost stays proportional to the
    number of pictures, however many of them are alike.
    """
    looks = likenesses if isinstance(likenesses, Likenesses) else Likenesses.of(likenesses)
    hashes_N, thumbnails_NT = looks.phashes_N, looks.thumbnails_NT
    starts = range(0, len(hashes_N), _BLOCK)
    flat = [is_flat(thumbnails_NT[start : start + _BLOCK]) for start in starts]
    positions = np.flatnonzero(~np.concatenate([np.empty(0, dtype=bool), *flat]))
    distinct, first, inverse = np.unique(
        hashes_N[positions], return_index=True, return_inverse=True
    )
    candidates = [_pairs_in_runs(inverse), first[hamming_pairs(distinct, distance)]]
    pairs = positions[np.concatenate(candidates).reshape(-1, 2)]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return _alike(pairs, thumbnails_NT)


def _alike(pairs: Pairs | Sequence[tuple[int, int]], thumbnails_NT: Bytes) -> list[tuple[int, int]]:
    """Return the pairs of positions whose thumbnails are alike, in the same order."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(pairs), _BLOCK):
        i, j = np.array(pairs[start : start + _BLOCK]).T
        alike = are_alike(thumbnails_NT[i], thumbnails_NT[j])
        found += zip(i[alike].tolist(), j[alike].tolist(), strict=True)
    return found


def hamming_pairs(hashes_N: Hashes, distance: int) -> Pairs:
    """Return all pairs of distinct hashes that differ in at most ``distance`` bits, shape (P, 2).

    Cut each hash into distance + k parts. The differing bits touch at most ``distance`` parts, so
    at least k parts are equal (pigeonhole principle). For every choice of k parts, the hashes are
    sorted by those parts, and only hashes equal in them are compared (Manku, Jain and Das Sarma
    2007, section 3). With a larger k more bits must be equal: more sorting, fewer comparisons.
    """
    count = len(hashes_N)
    equal = min((1, 2, 3, 4), key=lambda k: _search_cost(count, distance, k))
    found_P = np.empty(0, dtype=np.int64)
    for mask in _masks(distance + equal, equal):
        pairs = [i * count + j for i, j in _equal_under(hashes_N, mask, distance)]
        # A pair (i, j) is stored as the number i * N + j. Most pairs are found under several masks;
        # np.unique after each mask keeps memory small.
        found_P = np.unique(np.concatenate([found_P, *pairs]))
    return np.stack([found_P // max(count, 1), found_P % max(count, 1)], axis=1)


def _search_cost(count: int, distance: int, equal: int) -> float:
    """Return the time of a search in comparisons, assuming evenly distributed hashes."""
    parts = distance + equal
    # Evenly distributed, N / 2^(masked bits) hashes share a mask's bits; each pair counts once.
    neighbours = count / 2 ** (_HASH_BITS * equal / parts + 1)
    return math.comb(parts, equal) * count * (_SORTING + neighbours)


def _masks(parts: int, equal: int) -> Iterator[np.uint64]:
    """Yield the bits of every choice of ``equal`` of the parts.

    Neighbouring bits encode neighbouring frequencies, so they go to different parts.
    """
    part_bits = [sum(1 << bit for bit in range(part, _HASH_BITS, parts)) for part in range(parts)]
    for chosen in combinations(part_bits, equal):
        yield np.uint64(sum(chosen))


def _equal_under(hashes_N: Hashes, mask: np.uint64, distance: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield the pairs (i < j) that are equal in the masked bits and near in all."""
    order_N = np.argsort(hashes_N & mask)
    sorted_N = hashes_N[order_N]
    masked_N = sorted_N & mask
    # Sorted by the masked bits, equal hashes form runs. Compare each with the next one of its run,
    # then with the one two ahead, and so on, until no run is that long.
    starts, ahead = np.flatnonzero(masked_N[:-1] == masked_N[1:]), 1
    while len(starts):
        near = np.bitwise_count(sorted_N[starts] ^ sorted_N[starts + ahead]) <= distance
        one, other = order_N[starts[near]], order_N[starts[near] + ahead]
        yield np.minimum(one, other), np.maximum(one, other)
        ahead += 1
        starts = starts[starts + ahead < len(masked_N)]
        starts = starts[masked_N[starts] == masked_N[starts + ahead]]


def _pairs_in_runs(groups_N: Ints) -> Pairs:
    """Pair each member of a group with the group's first member and with the one before it."""
    order_N = np.argsort(groups_N, kind="stable")
    again_N = np.flatnonzero(groups_N[order_N][1:] == groups_N[order_N][:-1]) + 1
    members, before = order_N[again_N], order_N[again_N - 1]
    _, first = np.unique(groups_N, return_index=True)
    firsts = first[groups_N[members]]
    return np.concatenate([np.stack([firsts, members], 1), np.stack([before, members], 1)])


def _official_name(image: SourceImage) -> str:
    """Return the file's name if it is WikiArt's ``artist_title``, which names one painting.

    Names from cameras and scripts ("img_0001") do not count: every name in the official lists has
    a letter in its title or a hyphen in its artist.
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
