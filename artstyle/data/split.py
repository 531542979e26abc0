"""Which paintings train, which choose the checkpoint, which test."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from artstyle.config import SplitConfig


@dataclass(frozen=True)
class Assignment:
    """The fate of each painting."""

    splits: tuple[str, ...]
    """For each painting train, val, test, or empty for one that is left out."""
    left_out: tuple[str, ...]
    """For each painting "" or "copy_across_splits"."""
    notes: tuple[str, ...]
    """What a person should be told, one line each."""


@dataclass(frozen=True)
class OracleScore:
    """How far one gets without looking at the pictures; both in [0, 1]."""

    accuracy: float
    macro_recall: float


def split_paintings(
    paths: Sequence[str],
    styles: Sequence[str],
    artists: Sequence[str],
    copy_groups: Sequence[Hashable],
    official: Sequence[str],
    config: SplitConfig,
    seed: int,
) -> Assignment:
    """Assign each painting to a split; ``config.group`` must be resolved, not "auto"."""
    raise NotImplementedError


def artist_overlap(splits: Sequence[str], artists: Sequence[str], part: str) -> float | None:
    """Return the share of a split's paintings whose artist has a painting in train."""
    raise NotImplementedError


def artist_oracle(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], part: str
) -> OracleScore | None:
    """Return how well the artist's name alone gives the style; None for an empty split."""
    raise NotImplementedError


def split_report(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], config: SplitConfig
) -> dict[str, Any]:
    """Return counts, ratios, artists, overlap and oracle as plain types."""
    raise NotImplementedError
