"""``report.json`` as a typed model: what was evaluated, and every score."""

from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from artstyle.confidence.answers import Verdict
from artstyle.data.description import ArtistOracle
from artstyle.storage.documents import Document

REPORT_NAME = "report.json"
MACRO_AVERAGE, WEIGHTED_AVERAGE = "macro avg", "weighted avg"
"""Keys of the averages in the classification report, as scikit-learn names them."""

Bounds = tuple[float, float]
"""Lower and upper end of an interval."""


class Evaluated(Document):
    """Which model was evaluated on which data. Two evaluations with equal values are the same."""

    model: str
    """Fingerprint of the model's weights."""
    dataset: str
    """Fingerprint of the data set."""
    split: str
    """The split: train, val or test."""


class ReportHeader(Evaluated):
    """What was evaluated, in names and paths that people know."""

    run: str
    """Name of the run."""
    architecture: str
    """Name of the model in the table of models."""
    dataset_path: str
    """Folder of the data set, as it was given."""
    warnings: tuple[str, ...]
    """Reasons to doubt the scores, one sentence each."""


class ArtistIntervals(Document):
    """Ranges within which other artists may move the scores."""

    artists: int
    """Artists; each picture by an unknown artist counts as one."""
    accuracy: Bounds
    """Range of the accuracy."""
    macro_f1: Bounds
    """Range of the macro F1."""
    top3_accuracy: Bounds
    """Range of the top-3 accuracy."""


class Intervals(Document):
    """Ranges within which chance alone may move the scores."""

    level: float
    """Share of the bootstrap draws within a range, 0 to 1."""
    method: str = ""
    """How the ranges were computed."""
    resamples: int
    """Number of bootstrap draws."""
    seed: int
    """Seed of the draws."""
    accuracy: Bounds
    """Range of the accuracy."""
    macro_f1: Bounds
    """Range of the macro F1."""
    top3_accuracy: Bounds
    """Range of the top-3 accuracy."""
    by_artist: ArtistIntervals | None = None
    """The same from a bootstrap of artists with all their pictures; null if none is known."""


class ArtistGroup(Document):
    """The scores of the pictures by one group of artists."""

    support: int
    """Number of pictures."""
    accuracy: float | None
    """Share of right predictions; null without pictures."""
    interval: Bounds | None
    """Range of the accuracy; null without pictures."""


class ArtistGroups(Document):
    """Accuracy by what training knew of the artist."""

    seen: ArtistGroup
    """Artists with a training image."""
    unseen: ArtistGroup
    """Artists without a training image."""
    unknown: ArtistGroup
    """Pictures of which it is not known whether training had their artist."""


class Scores(Document):
    """The scores of one style, or an average of them."""

    precision: float
    """Share of the predictions of the style that are right."""
    recall: float
    """Share of the style's pictures that are predicted so."""
    f1: Annotated[float, Field(alias="f1-score")]
    """Harmonic mean of precision and recall."""
    support: int
    """Number of pictures."""


class ConfusionMatrix(Document):
    """How often each true style is predicted as each style."""

    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    """Style names, in label order."""
    counts: tuple[tuple[int, ...], ...] = ()
    """Pictures of each true style (outer) by predicted style (inner)."""


class ReliabilityBins(Document):
    """How often predictions of a given confidence are right, in bins of equal width."""

    edges: tuple[float, ...]
    """Edges of the bins, from 0 to 1."""
    counts: tuple[int, ...]
    """Predictions in each bin."""
    confidence: tuple[float, ...]
    """Mean confidence in each bin; 0 where it is empty."""
    accuracy: tuple[float, ...]
    """Share of right predictions in each bin; 0 where it is empty."""


class VerdictScores(Document):
    """The answers of one verdict."""

    verdict: Verdict
    """``sure``, ``unsure`` or ``unfamiliar``."""
    share: float
    """Share of all pictures."""
    support: int
    """Number of pictures."""
    accuracy: float | None
    """Share of these pictures whose most probable style is right; null without pictures."""


class Confidence(Document):
    """What a calibrated model says of its own answers, and how right that is."""

    temperature: float
    """Divides the logits; fitted on validation pictures."""
    error_before: float
    """Expected calibration error without the temperature."""
    reliability_before: ReliabilityBins
    """How often predictions of a given confidence are right, without the temperature."""
    verdicts: tuple[VerdictScores, ...]
    """Share and accuracy of each verdict."""
    coverage_wanted: float
    """Share of pictures whose true style should be among the likely ones."""
    coverage: float
    """Share of pictures whose true style is among the likely ones."""
    mean_likely: float
    """Mean number of likely styles."""


class Measured(Document):
    """A measure and the range within which other artists, or scenes, may move it."""

    value: float
    """The measure."""
    interval: Bounds
    """95% of the bootstrap draws are within it."""


class NeighbourLifts(Document):
    """How much more often than by chance the nearest pictures by others share style and genre."""

    neighbours: int
    """How many near pictures count."""
    pictures: int
    """Pictures that were asked about."""
    style: Measured
    """Share of neighbours of the same style, by the share among all; 1 is chance."""
    genre: Measured
    """The same for the genre."""
    content_bias: Measured
    """Lift of the genre / lift of the style."""


class GenreProbe(Document):
    """How well a linear probe reads the genre from the model's embedding."""

    pictures: int
    """Pictures of genres with at least five."""
    genres: int
    """Number of these genres."""
    recall: Measured
    """Mean over genres of the share of right answers; artists are held out."""
    chance: float
    """The same without the pictures: 1 / genres."""


class Combinations(Document):
    """Accuracy by whether training had the picture's style and genre together."""

    new_pictures: int
    """Pictures whose style and genre training never showed together."""
    known_pictures: int
    """The others."""
    new: Measured
    """Accuracy on the first."""
    known: Measured
    """Accuracy on the others."""
    difference: Measured
    """New less known."""


class Flips(Document):
    """How often the answer changes on synthetic pairs."""

    scenes: int
    """Number of scenes, each painted in every synthetic style."""
    styles: int
    """Number of synthetic styles."""
    style_replaced: Measured
    """One scene in two styles: share of pairs with different answers."""
    content_replaced: Measured
    """Two contents in one style: share of pairs with different answers."""


class Dependence(Document):
    """How much the two embeddings of a network of two streams say of each other."""

    pictures: int
    """Pictures that were compared: all, or 2,000 spread evenly."""
    distance_correlation: float
    """Of style and content embedding, scaled to length 1, in [0, 1] (Székely et al. 2007)."""
    by_chance: float
    """The mean of the same over 20 random pairings: few pictures give more than 0."""


class ContentBias(Document):
    """Whether the model goes by the style or by what is painted."""

    genres: dict[str, int]
    """Pictures of each genre."""
    derived: int
    """Pictures whose genre comes from the words of the title."""
    neighbours: NeighbourLifts | None
    """Null where too few pictures have neighbours by other artists."""
    genre_probe: GenreProbe | None
    """Null with fewer than two genres or five artists."""
    combinations: Combinations | None
    """Null if training is not known, or all combinations are new, or none is."""
    flips: Flips | None = None
    """Null unless it was asked for."""
    dependence: Dependence | None = None
    """Null for a model of one embedding."""


class EvaluationReport(ReportHeader):
    """The content of ``report.json``: what was evaluated, and every score.

    Examples:
        >>> report = artstyle.EvaluationReport.read("runs/tiny/evaluation/test/report.json")
        >>> report.pictures
        4
        >>> low, high = report.intervals.accuracy
        >>> low <= report.accuracy <= high
        True
    """

    pictures: PositiveInt
    """Pictures that were scored."""
    unreadable: int
    """Pictures that could not be read; they take part in no score."""
    accuracy: float
    """Share of pictures whose most probable style is right."""
    top3_accuracy: float
    """Share of pictures whose style is among the three most probable."""
    macro_f1: float
    """Mean F1 over the styles that have pictures."""
    weighted_f1: float
    """Mean F1 over the styles, weighted by their pictures."""
    intervals: Intervals
    """Ranges within which chance alone may move the scores."""
    expected_calibration_error: float
    """Mean gap between confidence and accuracy (Guo et al. 2017, eq. 3)."""
    mean_confidence: float
    """Mean probability of the predicted styles."""
    negative_log_likelihood: float
    """Mean negative natural logarithm of the true styles' probabilities."""
    brier_score: float
    """Mean squared distance of the probabilities from the truth, 0 to 2."""
    artists: ArtistGroups
    """Accuracy by what training knew of the artist."""
    artist_oracle: ArtistOracle | None
    """What the artist's name alone scores; null if the training images are not known."""
    classification_report: dict[str, Scores | float]
    """Scores of each style and their averages, laid out as scikit-learn does."""
    styles_without_pictures: tuple[str, ...]
    """Styles of the model that the split lacks."""
    confusion_matrix: ConfusionMatrix
    """How often each true style is predicted as each style."""
    reliability: ReliabilityBins | None = None
    """How often predictions of a given confidence are right."""
    confidence: Confidence | None = None
    """What the model says of its own answers; null if it is not calibrated."""
    not_calibrated: str = ""
    """Why the model is not calibrated; empty if it is."""
    content_bias: ContentBias | None = None
    """Style against content; null where too few genres are known."""

    @model_validator(mode="after")
    def _has_all_scores(self) -> Self:
        for name in (*self.styles, MACRO_AVERAGE, WEIGHTED_AVERAGE):
            if not isinstance(self.classification_report.get(name), Scores):
                raise ValueError(f"it has no scores of {name!r}")
        return self

    @property
    def styles(self) -> tuple[str, ...]:
        """The model's styles, in label order."""
        return self.confusion_matrix.labels

    def scores(self, name: str) -> Scores:
        """Return the scores of a style, `MACRO_AVERAGE` or `WEIGHTED_AVERAGE`."""
        found = self.classification_report[name]
        assert isinstance(found, Scores)
        return found
