"""``eda.json`` as a typed model: a collection in numbers."""

from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from artstyle.config import AugmentConfig, BalanceConfig
from artstyle.data.manifest import SPLITS
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.storage.documents import Document
from artstyle.storage.files import read_json

REPORT_NAME = "eda.json"
MARK: Literal["artstyle eda"] = "artstyle eda"
"""Marks ``eda.json`` as ours; a folder with such a file may be written to again."""
KEPT = "kept"
"""The fate of a source's painting that the balance policy would keep."""
USED = (*SPLITS, KEPT)
"""The fates of paintings that take part."""


class StyleNumbers(Document):
    """Paintings and artists of one style."""

    found: int
    """Paintings."""
    train: int = 0
    """Paintings in the training split; the key is absent if there are none."""
    val: int = 0
    """Paintings in the validation split; the key is absent if there are none."""
    test: int = 0
    """Paintings in the test split; the key is absent if there are none."""
    kept: int = 0
    """Paintings of a source that the balance policy would keep; absent if there are none."""
    left_out: dict[str, int]
    """Reason -> paintings that take part in no split."""
    artists: int
    """Known artists."""
    artist_known: int
    """Paintings with a known artist."""
    top_artist: str
    """The artist with the most paintings; empty if no artist is known."""
    top_artist_paintings: int
    """Paintings by that artist."""

    @property
    def used(self) -> dict[str, int]:
        """Fate -> paintings that take part with it, without the fates that no painting has."""
        counts = {"train": self.train, "val": self.val, "test": self.test, KEPT: self.kept}
        return {fate: count for fate, count in counts.items() if count}

    @model_serializer(mode="wrap")
    def _without_empty_fates(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value or key not in USED}


class Counted(Document):
    """Numbers of some pictures."""

    pictures: int
    """Pictures that were measured."""


class Quantiles(Document):
    """The distribution of one measure."""

    min: float
    """Smallest value."""
    p05: float
    """5% of the values are below it."""
    p25: float
    """A quarter of the values are below it."""
    median: float
    """Half of the values are below it."""
    p75: float
    """Three quarters of the values are below it."""
    p95: float
    """95% of the values are below it."""
    max: float
    """Largest value."""
    mean: float
    """Mean."""


class StyleQuantiles(Quantiles, Counted):
    """The distribution of one measure in one style.

    The last base gives the first field: ``pictures`` comes first in the file.
    """


class AspectHistogram(Document):
    """How many pictures have which width over height."""

    edges: tuple[float, ...]
    """Edges of the bins; the outer bins also count what is beyond them."""
    counts: tuple[int, ...]
    """Pictures in each bin."""


class SizeHistogram(Document):
    """How many pictures have which width and height."""

    edges_px: tuple[float, ...]
    """Edges of the bins, in pixels, equal for width and height."""
    counts: tuple[tuple[int, ...], ...]
    """Pictures by width (outer) and height (inner)."""


class Sizes(Counted):
    """Width, height and aspect of the pictures."""

    width_px: Quantiles
    """Width in pixels."""
    height_px: Quantiles
    """Height in pixels."""
    aspect: Quantiles
    """Width over height."""
    portrait: int
    """Pictures that are higher than wide."""
    square: int
    """Pictures as high as wide."""
    landscape: int
    """Pictures that are wider than high."""
    aspect_histogram: AspectHistogram
    """How many pictures have which width over height."""
    size_histogram: SizeHistogram
    """How many pictures have which width and height."""


class ShareHistogram(Document):
    """Shares of the collection by one measure."""

    edges: tuple[float, ...]
    """Edges of the bins."""
    shares: tuple[float, ...]
    """Share of the collection in each bin, 0 to 1."""


class Scale(Document):
    """One measure of light, over the collection and by style."""

    mean: float
    """Mean over the collection; each style weighs as much as its number of paintings."""
    histogram: ShareHistogram
    """Shares of the collection."""
    by_style: dict[str, StyleQuantiles]
    """Style -> its distribution."""


class Light(Document):
    """Brightness and colour of the pictures."""

    brightness: Scale
    """Mean luma (ITU-R BT.601), 0 to 255."""
    saturation: Scale
    """Mean saturation of HSV, 0 to 1."""


class CopyEntry(Document):
    """Two files that show the same painting."""

    kind: Literal["same file", "same name", "alike"]
    """What is equal: bytes, artist and title in the names, or the look."""
    first: str
    """Path of the first file."""
    first_style: str
    """Style of the first file."""
    second: str
    """Path of the second file."""
    second_style: str
    """Style of the second file."""


class RejectedFile(Document):
    """A file that cannot be read as a picture, or that was left out."""

    path: str
    """Path relative to the source."""
    style: str
    """Style of the file."""
    reason: str
    """Why: unreadable, copy, two_styles, ..."""
    detail: str = ""
    """What exactly is wrong."""


class CollectionReport(Document):
    """The content of ``eda.json``: a collection in numbers.

    Examples:
        >>> artstyle.CollectionReport.read("data/eda/eda.json").paintings
        40
    """

    format: Literal["artstyle eda"] = MARK
    """Marks the file as written by `artstyle eda`."""
    format_version: int = 1
    """Version of this format."""
    data: str
    """Path of the source or dataset folder, as it was given."""
    form: str
    """Format of the source, or "dataset folder"."""
    seed: int
    """Seed of every random choice."""
    paintings: int
    """Paintings in the collection."""
    used: int
    """Paintings that take part, or would under the balance policy."""
    left_out: dict[str, int]
    """Reason -> paintings that take part in no split."""
    artists: int
    """Known artists."""
    missing: int
    """Files that a list names and that do not exist."""
    measured: int
    """Pictures that were decoded."""
    balance: BalanceConfig
    """The balance policy."""
    notes: tuple[str, ...]
    """Remarks on reading the source, one sentence each."""
    styles: dict[str, StyleNumbers]
    """Style -> its paintings and artists, in label order."""
    sizes: Sizes
    """Width, height and aspect of the pictures."""
    light: Light
    """Brightness and colour of the pictures."""
    copies: tuple[CopyEntry, ...]
    """Pairs of files that show the same painting."""
    rejected: tuple[RejectedFile, ...]
    """Files that cannot be read as pictures, or that were left out."""
    preprocessing: Preprocessing
    """From a file to the square of numbers that the network sees."""
    augment: AugmentConfig
    """How training varies pictures."""


def is_collection_report(path: Path) -> bool:
    """Return whether a file is an ``eda.json`` of ours, of whatever version."""
    content = read_json(path) if path.is_file() else None
    return isinstance(content, dict) and content.get("format") == MARK
