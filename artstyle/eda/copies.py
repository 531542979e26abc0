"""Pairs of files that seem to show one painting, for a person to judge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt

from artstyle.eda.collection import Painting
from artstyle.eda.measures import Measured
from artstyle.preparation.copies import find_copies, near_pairs
from artstyle.preparation.likeness import Likenesses
from artstyle.preparation.sources.source import SourceImage

Ints = npt.NDArray[np.int64]
Kind = Literal["same file", "same name", "alike"]

COPY_FATES = frozenset({"copy", "two_styles", "copy_across_splits"})
"""Why `prepare` leaves a copy out."""


@dataclass(frozen=True, slots=True)
class CopyPair:
    """Two paintings that may be one."""

    first: Painting
    second: Painting
    kind: Kind
    """Equal bytes, equal ``artist_title`` names, or equal to the eye."""

    @property
    def both(self) -> tuple[Painting, Painting]:
        """First and second."""
        return self.first, self.second

    @property
    def two_styles(self) -> bool:
        """Whether they are listed under two styles: one of the two labels is wrong."""
        return self.first.style != self.second.style


def copies_left_out(paintings: Sequence[Painting]) -> list[CopyPair]:
    """Return each copy that `prepare` left out, with the painting that it is most similar to."""
    copies = [n for n, painting in enumerate(paintings) if painting.fate in COPY_FATES]
    if not copies:
        return []
    hashes_N = np.array([int(painting.phash, 16) for painting in paintings], np.uint64)
    files_N = _numbered([painting.sha256 for painting in paintings])
    names_N = _numbered([_name(painting) for painting in paintings])
    styles_N = _numbered([painting.style for painting in paintings])
    pairs = set()
    for n in copies:
        rank_N = 2 + np.bitwise_count(hashes_N ^ hashes_N[n]).astype(np.int64)
        rank_N[names_N == names_N[n]] = 1
        rank_N[files_N == files_N[n]] = 0
        rank_N[n] = 99
        # Among equally near ones, prefer the one whose style explains why it was left out.
        elsewhere_N = styles_N != styles_N[n]
        unexpected_N = elsewhere_N != (paintings[n].fate == "two_styles")
        pairs.add(tuple(sorted((n, int(np.argmin(2 * rank_N + unexpected_N))))))
    return [_pair(paintings[i], paintings[j]) for i, j in sorted(pairs)]


def copies_in_source(measured: Sequence[Measured], near_distance: int) -> list[CopyPair]:
    """Return pairs that show one painting: each file with the first that shows the same.

    Args:
        measured: The paintings of a source that were read.
        near_distance: As in ``quality.near_distance``.
    """
    paintings = [replace(item.painting, sha256=item.sha256) for item in measured]
    images = [item.place for item in paintings if isinstance(item.place, SourceImage)]
    looks = Likenesses.of([item.likeness for item in measured])
    sha256s = [item.sha256 for item in paintings]
    groups = find_copies(images, sha256s, looks, near_distance=-1).groups
    pairs = [(paintings[first], paintings[n]) for n, first in enumerate(groups) if n != first]
    if near_distance >= 0:
        pairs += [(paintings[i], paintings[j]) for i, j in near_pairs(looks, near_distance)]
    # Files of equal bytes look alike too: the first reason stands.
    found: dict[tuple[str, str], CopyPair] = {}
    for first, second in pairs:
        found.setdefault((first.path, second.path), _pair(first, second))
    return [found[key] for key in sorted(found)]


def _pair(first: Painting, second: Painting) -> CopyPair:
    return CopyPair(first, second, _kind(first, second))


def _kind(first: Painting, second: Painting) -> Kind:
    if first.sha256 and first.sha256 == second.sha256:
        return "same file"
    return "same name" if _name(first) == _name(second) else "alike"


def _name(painting: Painting) -> str:
    """Return a file name that names a painting; others, as 1.jpg, name themselves only."""
    if not painting.artist:
        return painting.path
    return f"{painting.artist}/{PurePosixPath(painting.path).name}"


def _numbered(names: Sequence[str]) -> Ints:
    """Return a number for each name, equal for equal names."""
    return np.unique(names, return_inverse=True)[1]
