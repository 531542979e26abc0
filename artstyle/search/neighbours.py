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
from artstyle.search.works import UNKNOWN, Known, artist_number, known_of_path, path_number

SCORE_DECIMALS = 6
"""Digits of a score: more would show the order in which numbers were added."""


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
    *,
    by: By = "style",
    top_k: int = 10,
    mask_artist: bool = False,
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
        by: Which embeddings are compared.
        top_k: How many works a row names.
        mask_artist: Leave out works by the picture's own artist.
        known: What is known of each picture; None: what the index or its path says.
        batch_size: Pictures per forward pass; None takes what suits the device.
        progress: Called after each picture.

    Raises:
        UsageError: Another model made the index; or it has no such embeddings; or artists are to
            be left out and it knows none.
    """
    index.require_model(model)
    index.require_kinds(by)
    if mask_artist:
        require_artists(index)
    says = iter(known) if known is not None else None
    for each in embed_rows(model, pictures, batch_size=batch_size, progress=progress):
        about = None if says is None else next(says)
        yield _row(index, each, about, by, top_k, mask_artist)


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


def _row(
    index: Index, each: Embedded, about: Known | None, by: By, top_k: int, mask_artist: bool
) -> SimilarRow:
    path = each.row.path
    if each.vectors is None:
        return SimilarRow(path, (), each.row.error)
    own = np.uint64(path_number(str(path)))
    paths, artists = index.tensors["paths"], index.tensors["artists"]
    artist = artist_number(about.artist) if about else UNKNOWN
    if artist == UNKNOWN:
        artist = int(max(artists[np.flatnonzero(paths == own)], default=UNKNOWN))
    if artist == UNKNOWN and about is None:
        artist = artist_number(known_of_path(path).artist)
    if mask_artist and artist == UNKNOWN:
        return SimilarRow(
            path, (), "its artist is not known, so --mask-artist cannot leave that artist's works"
            " out; name it in a list with the columns path and artist"
        )  # fmt: skip

    def left_out(rows: Rows) -> NDArray[np.bool_]:
        masked: NDArray[np.bool_] = paths[rows] == own
        # A work by an unknown artist may be by the same one.
        by_artist = (artists[rows] == artist) | (artists[rows] == UNKNOWN)
        return masked | by_artist if mask_artist else masked

    found = index.nearest(each.vectors, by, top_k, left_out)
    if not found:
        reason = " by another known artist" if mask_artist else ""
        return SimilarRow(path, (), f"the index has no other work{reason}")
    return SimilarRow(path, tuple(_work(index, *near) for near in found), None)


def _work(index: Index, row: int, score: float) -> SimilarWork:
    work = index.work(row)
    return SimilarWork(
        work.path, round(score, SCORE_DECIMALS), work.style, work.artist, work.predicted
    )
