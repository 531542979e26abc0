"""A cross-validation's ``report.json`` as a typed model: one report over all answers."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import PositiveInt

from artstyle.crossval.plan import Group, Method
from artstyle.evaluation.document import Bounds, ConfusionMatrix, ReliabilityBins
from artstyle.metrics import Interval
from artstyle.storage.documents import Document

REPORT_NAME = "report.json"


class Estimate(Document):
    """A score over all answers, and how far it may move."""

    value: float
    """The score of the answers; with several seeds, the mean of their scores."""
    seeds: Bounds
    """Lowest and highest of the seeds; both are the value if there is one."""
    pictures: Bounds
    """Interval from a bootstrap of pictures: other pictures by the same artists. Of Clopper and
    Pearson where every draw is 1, or 0."""
    artists: Bounds
    """The same from a bootstrap of artists with all their pictures: other artists."""

    @classmethod
    def of(cls, seeds: Sequence[float], pictures: Interval, artists: Interval) -> "Estimate":
        """Return the estimate of a score of each seed, and of its mean by both bootstraps."""
        return cls(
            value=pictures.value,
            seeds=(min(seeds), max(seeds)),
            pictures=(pictures.low, pictures.high),
            artists=(artists.low, artists.high),
        )


class Reference(Document):
    """What an answer without looking at the pictures scores."""

    accuracy: float
    """Share of right answers."""
    macro_f1: float
    """Mean F1 over the styles."""


class StyleEstimate(Document):
    """The scores of one style over all folds."""

    pictures: int
    """Number of pictures."""
    artists: int
    """Number of artists; each picture by an unknown artist counts as one."""
    precision: float
    """Share of the predictions of the style that are right, over all seeds."""
    recall: float
    """Share of the style's pictures that are predicted so, over all seeds."""
    f1: Estimate
    """Harmonic mean of precision and recall."""


class FoldScores(Document):
    """One fold with one seed: its run and its own scores."""

    run: str
    """The run folder, in the folder of the cross-validation."""
    seed: int
    """Seed that the run was trained with."""
    train: int
    """Training pictures."""
    val: int
    """Validation pictures."""
    test: int
    """Test pictures that were read."""
    accuracy: float
    """Share of right answers in this fold; of several labels, of pictures whose labels are all
    right."""
    macro_f1: float
    """Mean F1 over the styles that this fold tests."""


class LabelEstimate(Document):
    """The scores of one label over all folds, where a picture may have several."""

    pictures: int
    """Number of pictures that have it."""
    precision: float
    """Share of the pictures given the label that have it, over all seeds."""
    recall: float
    """Share of the pictures of the label that are given it, over all seeds."""
    f1: Estimate
    """Harmonic mean of precision and recall, at each fold's own threshold."""
    average_precision: Estimate
    """Area under the precision-recall curve, as scikit-learn computes it."""


class CrossvalHeader(Document):
    """What a cross-validation was, whatever the pictures' labels."""

    format_version: int = 1
    """Version of this format."""
    dataset: str
    """Fingerprint of the data set."""
    dataset_path: str
    """Folder of the data set, as it was given."""
    group: Group
    """What is never in two folds: an artist, a source, or an image with its copies."""
    groups: int
    """How many of these there are."""
    method: Method
    """How each fold's run was trained: probe or finetune."""
    architecture: str
    """Name of the model in the table of models."""
    seed: int
    """Seed of the folds."""
    seeds: tuple[int, ...]
    """Seeds of the runs: each fold is trained once with each."""
    pictures: PositiveInt
    """Pictures that were scored, each once with each seed."""
    artists: int
    """Artists; each picture by an unknown artist counts as one."""
    unreadable: int
    """Pictures that could not be read; they take part in no score."""
    interval_level: float
    """Share of the bootstrap draws within each interval."""
    interval_draws: int
    """Number of bootstrap draws."""
    interval_seed: int
    """Seed of the draws."""
    folds: tuple[FoldScores, ...]
    """The own scores of each fold with each seed: how much they vary."""
    warnings: tuple[str, ...]
    """Reasons to doubt the scores, one sentence each."""


class CrossvalReport(CrossvalHeader):
    """The content of a cross-validation's ``report.json``."""

    accuracy: Estimate
    """Share of pictures whose most probable style is right."""
    macro_f1: Estimate
    """Mean F1 over the styles."""
    top3_accuracy: Estimate
    """Share of pictures whose style is among the three most probable."""
    expected_calibration_error: Estimate
    """Mean gap between confidence and accuracy (Guo et al. 2017, eq. 3)."""
    mean_confidence: float
    """Mean probability of the predicted styles."""
    artist_oracle: Reference | None
    """The artist's most frequent style in the fold's train; null if no artist is known."""
    majority: Reference
    """Always the most frequent style of the fold's train."""
    styles: dict[str, StyleEstimate]
    """Style -> its scores, in label order."""
    confusion_matrix: ConfusionMatrix
    """How often each true style is predicted as each style, over all seeds."""
    reliability: ReliabilityBins
    """How often predictions of a given confidence are right, over all seeds."""


class LabelCrossvalReport(CrossvalHeader):
    """The content of a cross-validation's ``report.json``, with several labels a picture."""

    accuracy: Estimate
    """Share of pictures that are given all their labels and no other."""
    mean_average_precision: Estimate
    """Mean over the labels."""
    micro_f1: Estimate
    """F1 of all answers to all labels together."""
    macro_f1: Estimate
    """Mean F1 over the labels."""
    chance_average_precision: float
    """What a random order would get: the mean share of pictures of a label."""
    styles: dict[str, LabelEstimate]
    """Label -> its scores, in label order."""


def read_report(path: Path, *, multi: bool) -> CrossvalReport | LabelCrossvalReport:
    """Read ``report.json``.

    Args:
        path: The file.
        multi: Whether a picture may have several labels.

    Raises:
        MissingError, DataError: The file is missing or damaged.
    """
    return (LabelCrossvalReport if multi else CrossvalReport).read(path)
