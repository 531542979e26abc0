"""The paintings that `prepare` decides about, as columns, and which of them belong together."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Paintings:
    """What decides the split of each painting: columns of equal length."""

    paths: Sequence[str]
    """Identify the paintings; unique."""
    styles: Sequence[str]
    artists: Sequence[str]
    """Empty where unknown: an unknown artist equals no other."""
    groups: Sequence[Hashable]
    """Equal for paintings that must stay in one split, as exact or near copies must."""
    official: Sequence[str]
    """The source's own split of each painting, or ""."""
    sources: Sequence[str] = ()
    """The collection of each painting, or ""; no entries if none is known."""

    def __len__(self) -> int:
        """Return the number of paintings."""
        return len(self.paths)

    def take(self, rows: Sequence[int]) -> "Paintings":
        """Return the paintings at these positions, in this order."""
        return Paintings(
            paths=[self.paths[row] for row in rows],
            styles=[self.styles[row] for row in rows],
            artists=[self.artists[row] for row in rows],
            groups=[self.groups[row] for row in rows],
            official=[self.official[row] for row in rows],
            sources=[self.sources[row] for row in rows] if self.sources else (),
        )


def groups_with_artists(paintings: Paintings) -> list[int]:
    """Return one number for all paintings that an artist or a chain of groups connects."""
    pairs = chain(pairs_of_equals(paintings.artists), pairs_of_equals(paintings.groups))
    return connected(len(paintings), pairs)


def pairs_of_equals(keys: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    """Pair each repeated key with its first position; empty text equals nothing."""
    firsts: dict[Hashable, int] = {}
    for position, key in enumerate(keys):
        first = firsts.setdefault(key, position)
        if key != "" and first != position:
            yield first, position


def connected(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each position the lowest position that pairs connect it to (union-find)."""
    parents = list(range(count))

    def root(position: int) -> int:
        while parents[position] != position:
            parents[position] = parents[parents[position]]  # Halve the way for the next search.
            position = parents[position]
        return position

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parents[high] = low
    return [root(position) for position in range(count)]
