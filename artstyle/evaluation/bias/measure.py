"""All measures of content bias of one evaluation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from artstyle.data.genres import Genre, genre_of
from artstyle.data.manifest import ManifestRow, Split
from artstyle.errors import DataError
from artstyle.evaluation import document
from artstyle.evaluation.bias import combinations, dependence, flips, genre_probe, neighbours
from artstyle.evaluation.document import ContentBias, Measured
from artstyle.evaluation.intervals import artist_clusters
from artstyle.evaluation.outcome import Outcome
from artstyle.inference import predict_logits
from artstyle.metrics import IntArray, Interval
from artstyle.models.style_model import StyleModel
from artstyle.painter.collection import STYLES
from artstyle.painter.pairs import paint_scene, scene_content
from artstyle.progress import Progress, silent
from artstyle.styles.targets import refused_several

ENOUGH_PICTURES = 100
"""From so many pictures with a genre on, content bias is measured without being asked for."""
SCENES = 48
"""Scenes of the synthetic pairs: six of each content."""
_SEED = 42


@dataclass(frozen=True)
class Known:
    """The pictures of an evaluation whose genre is known, K of them."""

    positions_K: IntArray
    """Their places among the pictures of the outcome."""
    genres: tuple[Genre, ...]
    rows: tuple[ManifestRow, ...]

    @property
    def artists_K(self) -> IntArray:
        """Numbers of their artists."""
        return artist_clusters([row.artist for row in self.rows])


def known_genres(rows: Sequence[ManifestRow]) -> Known:
    """Return the pictures whose genre is in the manifest or in the title."""
    genres = [genre_of(row) for row in rows]
    positions = [n for n, genre in enumerate(genres) if genre]
    return Known(
        np.array(positions, dtype=np.int64),
        tuple(genre for genre in genres if genre),
        tuple(rows[n] for n in positions),
    )


def wants_bias(
    bias: bool | None, rows: Sequence[ManifestRow], model: StyleModel, split: Split, target: str
) -> bool:
    """Return whether content bias is to be measured; refuse if it cannot be.

    Raises:
        DataError: It was asked for, and the pictures or the model do not allow it.
    """
    embeds = "features" in model.outputs
    if not bias:
        measurable = embeds and not model.multi and target == "style"
        return bias is None and measurable and _is_varied(known_genres(rows))
    if model.multi:
        raise refused_several("content bias is measured", "leave --bias out")
    if target != "style":
        raise DataError(
            f"content bias compares style with genre, and {target} is what is recognised here;"
            " leave --bias out"
        )
    _require_genres(rows, split)
    if not embeds:
        raise DataError(
            f"{model.name} gives no features, so its content bias cannot be measured;"
            " leave --bias out"
        )
    return True


def _is_varied(known: Known) -> bool:
    """Return whether genres say something of their own accord: enough of them, and of styles."""
    genres, styles = {genre.name for genre in known.genres}, {row.style for row in known.rows}
    return len(known.rows) >= ENOUGH_PICTURES and min(len(genres), len(styles)) > 1


def _require_genres(rows: Sequence[ManifestRow], split: str) -> None:
    """Refuse to measure content bias where it cannot be.

    Raises:
        DataError: The pictures have fewer than two genres, or one style only.
    """
    known = known_genres(rows)
    genres = {genre.name for genre in known.genres}
    if len(genres) < 2:
        found = f"only '{genres.pop()}'" if genres else "none"
        raise DataError(
            f"content bias needs pictures of two genres, and the {split} split has {found};"
            " give the manifest a column genre (portrait, landscape, ...) and run"
            " 'artstyle prepare' again, or leave --bias out"
        )
    if len({row.style for row in known.rows}) < 2:
        raise DataError(
            f"content bias needs pictures of two styles, and the {split} split has one with"
            " genres; leave --bias out"
        )


def measure_bias(
    outcome: Outcome, training: Sequence[ManifestRow] | None, painted: document.Flips | None
) -> ContentBias:
    """Return all measures for an outcome that has features.

    Args:
        outcome: The model's answers and features.
        training: The training images; None if they are not known.
        painted: How often the answer flips on synthetic pairs; None if that was not measured.
    """
    known = known_genres(outcome.rows)
    return ContentBias(
        genres=dict(sorted(Counter(genre.name for genre in known.genres).items())),
        derived=sum(genre.derived for genre in known.genres),
        neighbours=_neighbours(outcome, known),
        genre_probe=_genre_probe(outcome, known),
        combinations=_combinations(outcome, known, training),
        flips=painted,
        dependence=_dependence(outcome),
    )


def painted_flips(model: StyleModel, progress: Progress = silent) -> document.Flips:
    """Return how often the model's answer flips on scenes painted in all synthetic styles.

    The styles need not be the model's own: only whether its answer changes is counted.
    """
    side = model.preprocessing.read_size
    items = [(place, style) for place in range(SCENES) for style in STYLES]

    def read(item: tuple[int, str]) -> Image.Image:
        return paint_scene(*item, seed=_SEED, size_px=(side, side))

    answered = []
    for done, prediction in enumerate(predict_logits(model, items, read), start=1):
        assert prediction.logits_C is not None, "a painted scene can be read"
        answered.append(int(prediction.logits_C.argmax()))
        progress("painting pairs", done, len(items))
    _, contents_S = np.unique([scene_content(n) for n in range(SCENES)], return_inverse=True)
    found = flips.flips(np.reshape(answered, (SCENES, -1)), contents_S, seed=_SEED)
    return document.Flips(
        scenes=SCENES,
        styles=len(STYLES),
        style_replaced=_measured(found.style_replaced),
        content_replaced=_measured(found.content_replaced),
    )


def _neighbours(outcome: Outcome, known: Known) -> document.NeighbourLifts | None:
    assert outcome.features_ND is not None
    _, genres_K = np.unique([genre.name for genre in known.genres], return_inverse=True)
    found = neighbours.neighbour_lifts(
        outcome.features_ND[known.positions_K],
        outcome.targets_N[known.positions_K],
        genres_K,
        known.artists_K,
        seed=_SEED,
    )
    if found is None:
        return None
    return document.NeighbourLifts(
        neighbours=neighbours.NEIGHBOURS,
        pictures=found.queries,
        style=_measured(found.style),
        genre=_measured(found.genre),
        content_bias=_measured(found.content_bias),
    )


def _genre_probe(outcome: Outcome, known: Known) -> document.GenreProbe | None:
    assert outcome.features_ND is not None
    features_KD = outcome.features_ND[known.positions_K]
    names = [genre.name for genre in known.genres]
    found = genre_probe.probe_genres(features_KD, names, known.artists_K, seed=_SEED)
    if found is None:
        return None
    return document.GenreProbe(
        pictures=found.pictures,
        genres=len(found.genres),
        recall=_measured(found.recall),
        chance=found.chance,
    )


def _combinations(
    outcome: Outcome, known: Known, training: Sequence[ManifestRow] | None
) -> document.Combinations | None:
    if training is None:
        return None
    trained = known_genres(training)
    found = combinations.combination_scores(
        outcome.correct_N[known.positions_K],
        _pairs(known),
        frozenset(_pairs(trained)),
        known.artists_K,
        seed=_SEED,
    )
    if found is None:
        return None
    return document.Combinations(
        new_pictures=found.new_pictures,
        known_pictures=found.known_pictures,
        new=_measured(found.new),
        known=_measured(found.known),
        difference=_measured(found.difference),
    )


def _pairs(known: Known) -> list[combinations.Combination]:
    return [(row.style, genre.name) for row, genre in zip(known.rows, known.genres, strict=True)]


def _dependence(outcome: Outcome) -> document.Dependence | None:
    if outcome.content_ND is None or len(outcome.rows) < 2:
        return None
    assert outcome.features_ND is not None
    found = dependence.dependence(outcome.features_ND, outcome.content_ND, seed=_SEED)
    return document.Dependence(
        pictures=found.pictures,
        distance_correlation=found.correlation,
        by_chance=found.by_chance,
    )


def _measured(interval: Interval) -> Measured:
    return Measured(value=interval.value, interval=(interval.low, interval.high))
