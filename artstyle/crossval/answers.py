"""The answers of all folds, read back from what each fold's evaluation wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from artstyle.data.artists import artist_answers, artist_key
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.errors import DataError
from artstyle.evaluation.intervals import Answers
from artstyle.evaluation.predictions import PictureAnswer, as_answers, read_predictions
from artstyle.evaluation.several_labels.answers import LabelAnswers
from artstyle.styles.names import labels_in

PREDICTIONS_NAME = "predictions.csv"


@dataclass(frozen=True)
class FoldAnswers:
    """The answers of one fold's run to the paintings that it did not see."""

    run: str
    """The run folder, in the folder of the cross-validation."""
    seed: int
    """Seed of the run's training."""
    rows: tuple[PictureAnswer, ...]
    table: tuple[dict[str, str], ...]
    """All lines of the table as they are, unreadable pictures too."""
    oracle: tuple[str, ...]
    """The most frequent style, in the fold's train, of each picture's artist; empty where a picture
    may have several labels."""
    majority: tuple[str, ...]
    """The most frequent style of the fold's train, for each picture; empty as ``oracle`` is."""
    sizes: tuple[int, int]
    """Pictures of train and val."""
    learnt: frozenset[str]
    """Styles, or labels, that have training pictures."""

    @property
    def unreadable(self) -> int:
        """How many pictures could not be read."""
        return len(self.table) - len(self.rows)


def read_answers(run: str, seed: int, predictions: Path, data: DatasetFolder) -> FoldAnswers:
    """Read the answers of one fold's run.

    Args:
        run: Its folder, in the folder of the cross-validation.
        seed: Seed of its training.
        predictions: ``predictions.csv`` of the evaluation of its test split.
        data: The fold's dataset folder.

    Raises:
        MissingError, DataError: A file is missing or damaged.
    """
    multi = data.targets.multi
    table, rows = read_predictions(predictions, multi=multi)
    known = [row for row in read_manifest(data.manifest_path) if row.split]
    training = [row for row in known if row.split == "train"]
    by_path = {row.path: row for row in known}
    tested = [by_path[row.path] for row in rows]
    return FoldAnswers(
        run=run,
        seed=seed,
        rows=rows,
        table=table,
        oracle=() if multi else _without_pixels(training, tested, [row.artist for row in tested]),
        majority=() if multi else _without_pixels(training, tested, [""] * len(tested)),
        sizes=(len(training), sum(row.split == "val" for row in known)),
        learnt=frozenset(label for row in training for label in labels_in(row.style)),
    )


def _without_pixels(
    training: Sequence[ManifestRow], tested: Sequence[ManifestRow], artists: Sequence[str]
) -> tuple[str, ...]:
    """Return the artist oracle's answers, or the majority's where no artist is given."""
    answers = artist_answers(
        ["train"] * len(training) + ["test"] * len(tested),
        [row.style for row in (*training, *tested)],
        [artist_key(row.artist) for row in training] + [artist_key(name) for name in artists],
        "test",
    )
    return tuple(answers)


def by_seed(answered: Sequence[FoldAnswers]) -> list[list[FoldAnswers]]:
    """Return the folds of each seed, which have answered the same pictures.

    Raises:
        DataError: A picture could be read in the run of one seed and not in that of another.
    """
    seeds = dict.fromkeys(fold.seed for fold in answered)
    found = [[fold for fold in answered if fold.seed == seed] for seed in seeds]
    for folds in found[1:]:
        for first, fold in zip(found[0], folds, strict=True):
            if differing := {row.path for row in first.rows} ^ {row.path for row in fold.rows}:
                raise DataError(
                    f"{first.run} and {fold.run} could not read the same pictures: {min(differing)}"
                    " has an answer in one of them only; delete the folder 'evaluation' in both"
                    " and run the same command again"
                )
    return found


def pooled(folds: Sequence[FoldAnswers], labels: Sequence[str]) -> Answers | LabelAnswers:
    """Return the answers of all folds together, in the order of the folds."""
    return as_answers([row for fold in folds for row in fold.rows], labels)
