"""Similar works: for each picture, the nearest works of an index."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.errors import UsageError
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.progress import Progress, silent
from artstyle.search.embeddings import Embedded, embed_rows
from artstyle.search.index import Index, Rows
from artstyle.search.kinds import By
from artstyle.search.works import (
    NO_PATH,
    UNKNOWN,
    Known,
    artist_number,
    known_of_path,
    path_number,
)

_NO_ARTIST = (
    "its artist is not known, so works by the same artist cannot be left out; name the artist in a"
    " list with the columns path and artist, or in the file's name: Style/artist_title.jpg"
)
SCORE_DECIMALS = 6
"""Digits of a score: more would show the order in which numbers were added."""


@dataclass(frozen=True)
class Wanted:
    """Which neighbours are wanted."""

    by: By = "style"
    """Which embeddings are compared."""
    top_k: int = 10
    """How many works a row names."""
    mask_artist: bool = False
    """Whether works by the picture's own artist are left out."""

    def require_of(self, index: Index) -> None:
        """Refuse an index that cannot answer this.

        Raises:
            UsageError: It has no such embeddings; or artists are to be left out and it knows none.
        """
        index.require_kinds(self.by)
        if self.mask_artist:
            require_artists(index)


DEFAULT = Wanted()


@dataclass(frozen=True)
class SimilarWork:
    """A neighbour."""

    path: str
    score: float
    """The cosine of both embeddings, or the mean of two cosines; from -1 to 1, and 1 is equal."""
    style: str | None
    """What the collection says; None if it says nothing."""
    artist: str | None
    predicted: str
    """The style that the model finds most probable."""


@dataclass(frozen=True)
class SimilarRow:
    """A picture's neighbours."""

    path: Path
    similar: tuple[SimilarWork, ...]
    """The nearest first."""
    error: str | None
    """Why there are none."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it is written in JSON."""
        return {
            "path": str(self.path),
            "similar": [asdict(each) for each in self.similar],
            "error": self.error,
        }


def similar_works(
    index: Index,
    model: StyleModel,
    pictures: Iterable[PicturePath],
    wanted: Wanted = DEFAULT,
    *,
    known: Iterable[Known] | None = None,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Iterator[SimilarRow]:
    """Yield the nearest works of each picture, in order.

    A picture that is in the index is not its own neighbour. A picture that cannot be read gets a
    row with its error.

    Args:
        index: The index.
        model: The model that made it.
        pictures: Consumed as needed.
        wanted: Which works.
        known: What is known of each picture; None: what the index or its path says.
        batch_size: Pictures per forward pass; None takes what suits the device.
        progress: Called after each picture.

    Raises:
        UsageError: Another model made the index; or it has no such embeddings; or artists are to
            be left out and it knows none.
    """
    index.require_model(model)
    wanted.require_of(index)
    says = iter(known) if known is not None else None
    for each in embed_rows(model, pictures, batch_size=batch_size, progress=progress):
        about = None if says is None else next(says)
        own = path_number(str(each.row.path))
        artist = _own_artist(index, each.row.path, own, about)
        yield similar_row(index, each, wanted, artist=artist, own=own)


def require_artists(index: Index) -> None:
    """Refuse an index that knows no artist, where an artist's works are to be left out.

    Raises:
        UsageError: It knows none.
    """
    if not (index.tensors["artists"] != UNKNOWN).any():
        raise UsageError(
            f"the index {index.folder.path} knows no artists, so --mask-artist cannot leave any"
            " out; index a list with the columns path and artist, or files named"
            " Style/artist_title.jpg"
        )


def _own_artist(index: Index, path: Path, own: int, about: Known | None) -> int:
    """Return the number of a picture's artist: of its list, else the index, else its name."""
    artist = artist_number(about.artist) if about else UNKNOWN
    if artist == UNKNOWN:
        artists = index.tensors["artists"][np.flatnonzero(index.tensors["paths"] == own)]
        artist = int(max(artists, default=UNKNOWN))
    if artist == UNKNOWN and about is None:
        artist = artist_number(known_of_path(path).artist)
    return artist


def similar_row(
    index: Index, each: Embedded, wanted: Wanted, *, artist: int, own: int = NO_PATH
) -> SimilarRow:
    """Return the nearest works of a picture whose embeddings are known.

    Args:
        index: The index, made by the model that gave the embeddings.
        each: The picture.
        wanted: Which works; `Wanted.require_of` allowed it.
        artist: The number of its artist, as `artist_number` gives it.
        own: The number of its file, which is not its own neighbour.

    Raises:
        DataError: The index is damaged.
    """
    path = each.row.path
    if each.vectors is None:
        return SimilarRow(path, (), each.row.error)
    if wanted.mask_artist and artist == UNKNOWN:
        return SimilarRow(path, (), _NO_ARTIST)
    paths, artists = index.tensors["paths"], index.tensors["artists"]

    def left_out(rows: Rows) -> NDArray[np.bool_]:
        masked: NDArray[np.bool_] = paths[rows] == np.uint64(own)
        # A work by an unknown artist may be by the same one.
        by_artist = (artists[rows] == np.uint64(artist)) | (artists[rows] == UNKNOWN)
        return masked | by_artist if wanted.mask_artist else masked

    found = index.nearest(each.vectors, wanted.by, wanted.top_k, left_out)
    if not found:
        reason = " by another known artist" if wanted.mask_artist else ""
        return SimilarRow(path, (), f"the index has no other work{reason}")
    return SimilarRow(path, tuple(_work(index, *near) for near in found), None)


def _work(index: Index, row: int, score: float) -> SimilarWork:
    work = index.work(row)
    return SimilarWork(
        work.path, round(score, SCORE_DECIMALS), work.style, work.artist, work.predicted
    )
