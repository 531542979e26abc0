"""``report.json`` where a picture may have several labels."""

from pydantic import PositiveInt

from artstyle.evaluation.document import Bounds, ReportHeader
from artstyle.storage.documents import Document


class LabelScores(Document):
    """The scores of one label, where a picture may have several."""

    average_precision: float | None
    """Area under the precision-recall curve, as scikit-learn computes it; null without pictures."""
    threshold: float
    """From this probability on the label is given; fitted on the validation split."""
    precision: float
    """Share of the pictures that are given the label and have it."""
    recall: float
    """Share of the pictures of the label that are given it."""
    f1: float
    """Harmonic mean of precision and recall."""
    support: int
    """Number of pictures of the label."""


class LabelArtistIntervals(Document):
    """Ranges within which other artists may move the scores."""

    artists: int
    """Artists; each picture by an unknown artist counts as one."""
    mean_average_precision: Bounds
    """Range of the mean average precision."""
    micro_f1: Bounds
    """Range of the micro F1."""
    macro_f1: Bounds
    """Range of the macro F1."""


class LabelIntervals(Document):
    """Ranges within which chance alone may move the scores."""

    level: float
    """Share of the bootstrap draws within a range, 0 to 1."""
    method: str
    """How the ranges were computed."""
    resamples: int
    """Number of bootstrap draws."""
    seed: int
    """Seed of the draws."""
    mean_average_precision: Bounds
    """Range of the mean average precision."""
    micro_f1: Bounds
    """Range of the micro F1."""
    macro_f1: Bounds
    """Range of the macro F1."""
    by_artist: LabelArtistIntervals | None = None
    """The same from a bootstrap of artists with all their pictures; null if none is known."""


class LabelReport(ReportHeader):
    """The content of ``report.json`` where a picture may have several labels."""

    pictures: PositiveInt
    """Pictures that were scored."""
    unreadable: int
    """Pictures that could not be read; they take part in no score."""
    mean_average_precision: float
    """Mean over the labels that have pictures."""
    chance_average_precision: float
    """What a random order would get: the mean share of pictures of a label."""
    micro_f1: float
    """F1 of all answers to all labels together."""
    macro_f1: float
    """Mean F1 over the labels that have pictures."""
    all_labels_right: float
    """Share of pictures whose labels are all right, and no other is given."""
    mean_labels: float
    """Labels of a picture, on average."""
    mean_given: float
    """Labels that a picture is given, on average."""
    intervals: LabelIntervals
    """Ranges within which chance alone may move the scores."""
    labels: dict[str, LabelScores]
    """Label -> its scores, in label order."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The model's labels, in order."""
        return tuple(self.labels)
