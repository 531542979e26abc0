"""The works of an index: what is known of each, and what tells them apart without reading them."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artstyle.collection.headings import fold
from artstyle.collection.picture_list import PictureList
from artstyle.collection.table import cell, read_contents
from artstyle.confidence.answers import Verdict
from artstyle.data.artists import artist_key, display_artist
from artstyle.prediction.rows import PredictionRow
from artstyle.preparation.sources.folders import image
from artstyle.preparation.tables.cells import is_nothing
from artstyle.styles.vocabulary import known_style

UNKNOWN = 0
"""The number of an artist that is not known."""
NO_PATH = 0
"""The number of a picture that is not a file."""
_COLUMNS = {
    "style": ("style", "movement", "Stil", "Stilrichtung", "mouvement", "estilo", "stile"),
    "artist": ("artist", "painter", "creator", "Künstler", "artiste", "artista", "kunstenaar"),
}
"""What lists call the columns of style and artist."""


@dataclass(frozen=True)
class Known:
    """What a collection says of a work; None where it says nothing."""

    style: str | None = None
    artist: str | None = None


@dataclass(frozen=True)
class Work:
    """A work of an index."""

    path: str
    style: str | None
    """What the collection says; None if it says nothing."""
    artist: str | None
    predicted: str
    """The style that the model finds most probable."""
    probability: float
    """The probability of that style, between 0 and 1."""
    verdict: Verdict | None
    id: str | None
    """The accession number, where the list has one."""
    title: str | None
    is_file: bool = True
    """False for a picture of a manifest: its path is only a name."""

    def to_dict(self) -> dict[str, Any]:
        """Return the work as the index stores it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Work":
        """Return the work that `to_dict` gave."""
        return cls(**value)


def work_of(row: PredictionRow, known: Known) -> Work:
    """Return the work of a picture that was read."""
    assert row.styles
    best, record = row.styles[0], row.record
    return Work(
        path=str(row.path),
        style=known.style,
        artist=known.artist,
        predicted=best.style,
        probability=best.probability,
        verdict=row.verdict,
        id=record.id if record else None,
        title=record.label if record else None,
        is_file=not (record and record.manifest),
    )


def known_of_path(path: Path) -> Known:
    """Return what WikiArt's way of naming files says: ``Style/artist_title.jpg``.

    The style is the nearest folder that is named like a style of the vocabulary. Without one, the
    file's name does not count either: most files are not named so.
    """
    parts = path.parts
    for at in range(len(parts) - 2, -1, -1):
        if known_style(parts[at]):
            artist = image(parts, at, "").artist
            return Known(known_style(parts[at]), display_artist(artist) or None)
    return Known()


def known_of_list(listed: PictureList) -> list[Known]:
    """Return what a collection's own list says of each of its rows, in order.

    The columns are found by their usual names, in some languages.
    """
    contents = read_contents(listed.table)
    titles = [fold(title) for title in contents.header]
    columns = {
        name: next((titles.index(fold(n)) for n in names if fold(n) in titles), None)
        for name, names in _COLUMNS.items()
    }
    says = []
    for row in contents.rows:
        told = {name: "" if at is None else cell(row, at) for name, at in columns.items()}
        found = {name: "" if is_nothing(text) else text for name, text in told.items()}
        says.append(Known(found["style"] or None, found["artist"] or None))
    return says


def artist_number(artist: str | None) -> int:
    """Return 64 bits that all spellings of an artist share; `UNKNOWN` if there is none."""
    return _number(artist_key(artist)) if artist else UNKNOWN


def path_number(path: str) -> int:
    """Return 64 bits of a file's absolute path: a picture is not its own neighbour."""
    return _number(os.path.normpath(Path(path).absolute()))


def _number(text: str) -> int:
    content = text.encode("utf-8", errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") or 1
