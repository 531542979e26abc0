"""``dataset.json`` as a typed model: labels, counts, every decision, and a fingerprint."""

from typing import Any, Generic, TypeVar

from pydantic import field_serializer

from artstyle.config import BalanceConfig, DataConfig, LabelsConfig, QualityConfig, SplitConfig
from artstyle.data.manifest import Split
from artstyle.storage.documents import Document

DECIDED_DATA_KEYS = frozenset({"cache_size", "background", "max_pixels", "min_side_px"})
"""The keys of the ``data`` section that `prepare` settles; training cannot change them."""

Value = TypeVar("Value")


class EachSplit(Document, Generic[Value]):
    """One value for each split."""

    train: Value
    """Value of the training split."""
    val: Value
    """Value of the validation split."""
    test: Value
    """Value of the test split."""

    def of(self, split: Split) -> Value:
        """Return the value of one split."""
        value: Value = getattr(self, split)
        return value


class EachHeldOutSplit(Document, Generic[Value]):
    """One value for each split that the model does not train on."""

    val: Value
    """Value of the validation split."""
    test: Value
    """Value of the test split."""


class SourceDescription(Document):
    """Where the paintings come from."""

    name: str
    """Name of the source's folder or file, without the folders above it."""
    format: str
    """Format of the source: folders, split_folders, manifest, artgan, parquet or imagefolder."""
    missing: int
    """Files that a list names and that do not exist."""
    notes: tuple[str, ...]
    """Remarks on reading the source, one sentence each."""


class DecidedConfig(Document):
    """The configuration keys that decide the content of the dataset folder."""

    data: DataConfig
    """How `prepare` reads files; only the keys that decide the copies are written."""
    quality: QualityConfig
    """What happens to copies and to paintings under two styles."""
    balance: BalanceConfig
    """How many paintings of each style take part."""
    split: SplitConfig
    """How paintings are shared out over train, val and test, as it was asked for."""
    labels: LabelsConfig = LabelsConfig()
    """What is recognised, and whether a painting may have several labels."""
    seed: int
    """Seed for all random choices."""

    @field_serializer("data")
    def _decided_keys(self, data: DataConfig) -> dict[str, Any]:
        return data.model_dump(mode="json", include=set(DECIDED_DATA_KEYS))


class StyleCounts(Document):
    """Paintings of one style."""

    found: int
    """Files of the style in the source."""
    unreadable: int
    """Files that could not be read as pictures."""
    left_out: dict[str, int]
    """Reason -> readable paintings left out for it."""
    train: int
    """Paintings in the training split."""
    val: int
    """Paintings in the validation split."""
    test: int
    """Paintings in the test split."""


class Counts(Document):
    """Paintings of the whole source."""

    found: int
    """Files in the source."""
    missing: int
    """Files that a list names and that do not exist."""
    unreadable: int
    """Files that could not be read as pictures."""
    readable: int
    """Files that were read."""
    left_out: dict[str, int]
    """Reason -> readable paintings left out for it."""
    taking_part: int
    """Paintings in train, val or test."""
    styles: dict[str, StyleCounts]
    """Style -> its counts, in label order."""


class CopyCounts(Document):
    """Files that show the same painting."""

    exact_files: int
    """Files whose bytes equal those of an earlier file."""
    near_pairs: int
    """Pairs of pictures that look alike."""
    same_name_pairs: int
    """Pairs of files with the same artist and title in their names."""
    two_styles_paintings: int
    """Paintings listed under two styles or more."""


class LargestDeviation(Document):
    """The style and split whose share is farthest from the one asked for."""

    style: str
    """The style."""
    split: Split
    """The split."""
    deviation: float
    """Difference of the two shares, 0 to 1."""


class ArtistOracle(Document):
    """The score of an answer that knows only the artist's name and sees no pixels."""

    accuracy: float
    """Share of paintings whose artist's most frequent style in train is their style."""
    macro_recall: float
    """Mean recall over the styles of the split."""


class SplitDescription(Document):
    """What the split achieved."""

    group: str
    """What was kept together: image, artist, source or official."""
    counts: dict[str, EachSplit[int]]
    """Style -> paintings in each split."""
    totals: EachSplit[int]
    """Paintings in each split."""
    ratios: EachSplit[float]
    """Share of the paintings in each split, 0 to 1."""
    largest_deviation: LargestDeviation | None
    """Difference from the requested share; null if no style is in every split."""
    absent: EachSplit[tuple[str, ...]]
    """Styles without a painting in each split."""
    artists: EachSplit[int]
    """Known artists in each split."""
    unknown_artists: int
    """Paintings in a split whose artist is not known."""
    sources: EachSplit[int] | None = None
    """Known sources in each split; null if no painting has one."""
    with_artist: EachHeldOutSplit[int] | None = None
    """Paintings whose artist is known; null in data sets of earlier versions."""
    artist_overlap: EachHeldOutSplit[float | None]
    """Share of the paintings with a known artist whose artist is also in train; null: none."""
    artist_oracle: EachHeldOutSplit[ArtistOracle | None]
    """What the artist's name alone scores; null if the split or train is empty."""


class DatasetDescription(Document):
    """The content of ``dataset.json``.

    Equal sources and configurations give equal files: no date and no path is in it.

    Examples:
        >>> artstyle.DatasetDescription.read("data/processed/dataset.json").labels
        ('Cubism', 'Minimalism', 'Pop_Art', 'Ukiyo_e')
    """

    format_version: int = 1
    """Version of this format."""
    artstyle: str
    """Version of artstyle that wrote the file."""
    fingerprint: str
    """SHA-256 over labels, splits and picture contents: equal data, equal fingerprint."""
    labels: tuple[str, ...]
    """Style names; a style's position is its integer label."""
    synthetic: bool = False
    """Whether artstyle painted every picture: a model of them knows no real painting."""
    source: SourceDescription
    """Where the paintings come from."""
    config: DecidedConfig
    """The configuration keys that decide the content of the dataset folder."""
    counts: Counts
    """Paintings found, left out and taking part."""
    class_weights: dict[str, float]
    """Style -> weight in a balanced loss, from the counts of train."""
    copies: CopyCounts
    """Files that show the same painting."""
    split: SplitDescription
    """What the split achieved."""
    notes: tuple[str, ...]
    """What to know about the data set, one sentence each."""
