"""``comparison.json`` as a typed model: the scores of several models on the same pictures."""

from pydantic import PositiveInt

from artstyle.evaluation.document import Bounds
from artstyle.storage.documents import Document

COMPARISON_NAME = "comparison.json"


class ComparedScore(Document):
    """A score of a row, and how far it may move."""

    value: float
    """Mean over the runs of the row."""
    runs: Bounds
    """Lowest and highest of the runs."""
    pictures: Bounds
    """Interval from a bootstrap of pictures."""
    artists: Bounds | None
    """Interval from a bootstrap of artists with all their pictures; null if none is known."""


class Difference(Document):
    """A row minus the first row, on the same pictures."""

    accuracy: ComparedScore
    """Difference in accuracy."""
    macro_f1: ComparedScore
    """Difference in macro F1."""
    won: int
    """Pictures that only this row recognises."""
    lost: int
    """Pictures that only the first row recognises."""
    mcnemar_p: float
    """Two-sided p-value of McNemar's exact test on these two numbers."""
    holm_p: float
    """The same, corrected for the number of rows (Holm 1979)."""


class ComparedRow(Document):
    """One run, or the runs that share a setting."""

    name: str
    """The run, or the shared value of the setting."""
    runs: tuple[str, ...]
    """Run folders; of a cross-validation, the folder of its runs with one seed."""
    seeds: tuple[int, ...]
    """The seed of each run."""
    accuracy: ComparedScore
    """Share of pictures whose most probable style is right; of several labels, share of pictures
    that are given all their labels and no other."""
    macro_f1: ComparedScore
    """Mean F1 over the styles that have pictures."""
    top3_accuracy: ComparedScore | None
    """Share of pictures whose style is among the three most probable; null with several labels."""
    mean_average_precision: ComparedScore | None
    """Mean over the labels that have pictures; null where a picture has one label."""
    difference: Difference | None
    """Null for the first row, which the others are compared with."""


class ComparedStyle(Document):
    """One style in all rows; lists are in the order of the rows."""

    style: str
    """Name of the style."""
    pictures: int
    """Pictures whose true style, or label, it is."""
    right: tuple[int, ...]
    """Pictures of the style that each row recognises."""
    won: tuple[int, ...]
    """Of these, pictures that the first row does not recognise."""
    lost: tuple[int, ...]
    """Pictures of the style that the first row recognises and this row does not."""


class Comparison(Document):
    """The content of ``comparison.json``."""

    format_version: int = 1
    """Version of this format."""
    split: str
    """The split: train, val or test."""
    grouped_by: str | None
    """The setting that the runs of a row share; null if each run is a row."""
    pictures: PositiveInt
    """Pictures that all runs answered."""
    multi: bool
    """Whether a picture may have several labels."""
    artists: int | None
    """Artists, where each picture by an unknown artist counts as one; null if none is known."""
    interval_level: float
    """Share of the bootstrap draws within each interval."""
    interval_draws: int
    """Number of bootstrap draws; all rows are scored on the same ones."""
    interval_seed: int
    """Seed of the draws."""
    rows: tuple[ComparedRow, ...]
    """In the order in which the runs were named."""
    styles: tuple[ComparedStyle, ...]
    """Every style that has pictures."""
    notes: tuple[str, ...]
    """What to know before the rows are compared, one sentence each."""
