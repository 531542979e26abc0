"""A cross-validation with several seeds: the same folds, a mean, a range, and a comparison."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import accuracy_score, f1_score

from artstyle.comparison.answers import read_compared
from artstyle.comparison.compare import compare
from artstyle.comparison.scored import CrossvalFolder, find_scored
from artstyle.crossval.answers import FoldAnswers, by_seed
from artstyle.crossval.crossval import Crossval, cross_validate
from artstyle.crossval.document import CrossvalReport
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import DataError, MissingError, UsageError
from artstyle.evaluation.intervals import artist_clusters
from artstyle.evaluation.predictions import AnsweredPicture
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import read_csv
from tests.cli.in_process import artstyle_text
from tests.conftest import tiny_config

SEEDS = (42, 43)


class Killed(BaseException):
    """Stands for SIGKILL."""


def kill_in_second_seed(stage: str, done: int, total: int | None, detail: str = "") -> None:
    if stage.startswith("seed 43, fold 1 of 2: epoch 1") and done == total:
        raise Killed


@pytest.fixture(scope="module")
def crossed(tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> Crossval:
    """Killed after an epoch of the third of four runs, then resumed."""
    out = tmp_path_factory.mktemp("seeds") / "out"
    for progress in (kill_in_second_seed, lambda *_: None):
        try:
            done = cross_validate(
                tiny_config(), tiny_dataset, out, folds=2, group="image", method="finetune",
                seeds=2, progress=progress,
            )  # fmt: skip
        except Killed:
            assert len(RunFolder(out / "seed-43/fold-1").history()) == 1
    return done


def lines_by_seed(crossed: Crossval) -> list[list[dict[str, str]]]:
    of_seed = defaultdict[str, list[dict[str, str]]](list)
    for line in read_csv(crossed.path / "predictions.csv", ours=True):
        of_seed[line["seed"]].append(line)
    return [of_seed[str(seed)] for seed in SEEDS]


def test_every_seed_is_trained_on_the_same_folds_to_other_weights(crossed: Crossval) -> None:
    for fold in ("fold-1", "fold-2"):
        runs = [RunFolder(crossed.path / f"seed-{seed}" / fold) for seed in SEEDS]
        assert [len(run.history()) for run in runs] == [2, 2]
        assert [run.config().seed for run in runs] == list(SEEDS)
        assert len({run.environment().dataset.fingerprint for run in runs}) == 1
        assert runs[0].best_path.read_bytes() != runs[1].best_path.read_bytes()
    one, other = ([line["path"] for line in lines] for lines in lines_by_seed(crossed))
    assert one == other
    assert len(one) == 40


def test_the_scores_are_mean_and_range_over_the_seeds(crossed: Crossval) -> None:
    report = CrossvalReport.read(crossed.path / "report.json")
    assert report == crossed.report
    assert report.seeds == SEEDS
    answers = [
        ([line["style"] for line in lines], [line["predicted"] for line in lines])
        for lines in lines_by_seed(crossed)
    ]
    accuracies = [accuracy_score(*pair) for pair in answers]
    assert accuracies[0] != accuracies[1]
    assert report.accuracy.value == pytest.approx(np.mean(accuracies))
    assert report.accuracy.seeds == pytest.approx((min(accuracies), max(accuracies)))
    f1_scores = [f1_score(*pair, average="macro", zero_division=0) for pair in answers]
    assert report.macro_f1.value == pytest.approx(np.mean(f1_scores))
    assert report.macro_f1.seeds == pytest.approx((min(f1_scores), max(f1_scores)))
    assert sum(map(sum, report.confusion_matrix.counts)) == 80
    assert [fold.run for fold in report.folds] == [
        f"seed-{seed}/fold-{fold}" for seed in SEEDS for fold in (1, 2)
    ]


def test_the_interval_by_artist_is_that_of_the_mean_within_each_draw(crossed: Crossval) -> None:
    seeds = lines_by_seed(crossed)
    right_N = np.mean(
        [[line["style"] == line["predicted"] for line in lines] for lines in seeds], axis=0
    )
    artists_N = artist_clusters([line["artist"] for line in seeds[0]])
    right_G, size_G = np.bincount(artists_N, right_N), np.bincount(artists_N)
    count = len(size_G)
    drawn = np.random.default_rng(42).multinomial(count, np.full(count, 1 / count), size=1000)
    expected = np.quantile(drawn @ right_G / (drawn @ size_G), [0.025, 0.975])
    assert crossed.report.accuracy.artists == pytest.approx(tuple(expected))


def test_the_seeds_of_a_cross_validation_are_the_runs_of_a_row(crossed: Crossval) -> None:
    folder = find_scored(str(crossed.path))
    assert isinstance(folder, CrossvalFolder)
    comparison = compare(read_compared([folder], "test", "seed"), "seed")
    assert [row.name for row in comparison.rows] == ["42", "43"]
    accuracy = crossed.report.accuracy
    assert sorted(row.accuracy.value for row in comparison.rows) == pytest.approx(accuracy.seeds)
    with pytest.raises(UsageError, match="all runs have model simple_cnn"):
        read_compared([folder], "test", "model")
    with pytest.raises(UsageError, match="tests every picture; leave out --split"):
        read_compared([folder], "val", None)


def test_the_command_compares_two_cross_validations_in_one_row_each(
    crossed: Crossval, tmp_path: Path
) -> None:
    other = tmp_path / "one-seed"
    other.mkdir()
    for name in ("report.json", "crossval.json"):
        record = json.loads((crossed.path / name).read_text())
        record["seeds"] = [42] if name == "report.json" else 1
        (other / name).write_text(json.dumps(record))
    lines = (crossed.path / "predictions.csv").read_text("utf-8").splitlines(keepends=True)
    (other / "predictions.csv").write_text("".join(lines[:41]), "utf-8")
    done = artstyle_text("compare", crossed.path, "one-seed", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = crossed.report.accuracy
    shown = [word for line in done.stdout.splitlines() if " out " in line for word in line.split()]
    low, high = accuracy.seeds
    assert shown[:5] == ["1", "out", "2", f"{accuracy.value:.3f}", f"{low:.3f}–{high:.3f}"]
    assert "The rows have different numbers of runs." in done.stderr

    (other / "report.json").unlink()
    with pytest.raises(MissingError, match="is not finished"):
        read_compared([CrossvalFolder(crossed.path), CrossvalFolder(other)], "test", None)


def test_the_same_command_shows_a_finished_cross_validation_again(
    crossed: Crossval, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_config().model_dump(mode="json")))
    words = ("crossval", "--data", tiny_dataset.path, "--recipe", recipe, "--folds", 2)
    again = (*words, "--group", "image", "--out", crossed.path)
    done = artstyle_text(*again, "--seeds", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    low, high = crossed.report.accuracy.seeds
    assert f"{low:.3f}\u00a0to\u00a0{high:.3f}" in done.stdout
    assert "40 pictures in 2 folds by image, each with 2 seeds" in done.stdout
    fewer = artstyle_text(*again, cwd=tmp_path)
    assert (fewer.returncode, fewer.stdout) == (1, "")
    assert "seeds is 2 there, not 1" in fewer.stderr


def test_seeds_that_could_not_read_the_same_pictures_are_refused() -> None:
    def fold(seed: int, *paths: str) -> FoldAnswers:
        rows = tuple(
            AnsweredPicture(
                path=path, style="Cubism", predicted="Cubism", probability=1, true_rank=1
            )
            for path in paths
        )
        return FoldAnswers(f"seed-{seed}/fold-1", seed, rows, (), (), (), (0, 0), frozenset())

    with pytest.raises(DataError, match=r"seed-42/fold-1 and seed-43/fold-1 .* b\.jpg has an"):
        by_seed([fold(42, "a.jpg", "b.jpg"), fold(43, "a.jpg")])
