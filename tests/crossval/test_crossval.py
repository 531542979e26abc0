"""A cross-validation: one report over all answers, and it goes on where it was killed."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, f1_score

from artstyle.cli.app import app
from artstyle.config import Config
from artstyle.crossval.crossval import Crossval, cross_validate
from artstyle.crossval.document import CrossvalReport
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import ArtstyleError, RunError
from artstyle.models.style_model import SYNTHETIC_NOTE
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import read_csv
from tests.probe.test_probe import settings


@pytest.fixture(scope="module")
def config(tiny_run: RunFolder) -> Config:
    return settings(tiny_run, "probe.c=0.01")


@pytest.fixture(scope="module")
def crossed(
    config: Config, tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory
) -> Crossval:
    out = tmp_path_factory.mktemp("crossed") / "out"
    return cross_validate(config, tiny_dataset, out, folds=2, group="image")


def test_the_report_scores_every_painting_once(
    crossed: Crossval, tiny_dataset: DatasetFolder
) -> None:
    report = CrossvalReport.read(crossed.path / "report.json")
    assert report == crossed.report
    rows = list(read_csv(crossed.path / "predictions.csv", ours=True))
    assert len({row["path"] for row in rows}) == len(rows) == report.pictures == 40
    truth, given = [row["style"] for row in rows], [row["predicted"] for row in rows]
    assert report.accuracy.value == pytest.approx(accuracy_score(truth, given))
    assert report.macro_f1.value == pytest.approx(f1_score(truth, given, average="macro"))
    top3 = sum(int(row["true_rank"]) <= 3 for row in rows) / 40
    assert report.top3_accuracy.value == pytest.approx(top3)
    for score in (report.accuracy, report.macro_f1, report.top3_accuracy):
        assert score.pictures[0] <= score.value <= score.pictures[1]
        assert score.artists[0] <= score.value <= score.artists[1]
    by_style = f1_score(truth, given, average=None, labels=tiny_dataset.labels)
    assert [s.f1.value for s in report.styles.values()] == pytest.approx(by_style.tolist())
    assert sum(map(sum, report.confusion_matrix.counts)) == 40


def test_the_majority_and_the_artist_oracle_are_those_of_each_folds_training(
    crossed: Crossval,
) -> None:
    right = by_artist = 0
    for fold in (1, 2):
        data = DatasetFolder(crossed.path / "data" / f"fold-{fold}")
        training, tested = data.rows("train"), data.rows("test")
        counts = Counter(row.style for row in training)
        majority = max(sorted(counts), key=counts.__getitem__)
        for row in tested:
            own = Counter(other.style for other in training if other.artist == row.artist)
            by_artist += max(sorted(own), key=own.__getitem__, default=majority) == row.style
            right += row.style == majority
    report = crossed.report
    assert isinstance(report, CrossvalReport)
    assert report.majority.accuracy == pytest.approx(right / 40)
    assert report.artist_oracle is not None
    assert report.artist_oracle.accuracy == pytest.approx(by_artist / 40)


def test_each_fold_is_a_run_whose_evaluation_is_its_part_of_the_report(crossed: Crossval) -> None:
    for fold in crossed.report.folds:
        run = RunFolder(crossed.path / fold.run)
        own = json.loads((run.evaluation_path("test") / "report.json").read_text())
        assert (own["accuracy"], own["pictures"]) == (pytest.approx(fold.accuracy), fold.test)
        assert own["warnings"] == [SYNTHETIC_NOTE]
        assert Path(run.environment().dataset.path) == crossed.path / "data" / fold.run


def test_the_page_links_to_each_fold_and_names_the_majority(crossed: Crossval) -> None:
    page = (crossed.path / "report.html").read_text("utf-8")
    assert page.count("./fold-1/evaluation/test/report.html") == 1
    assert "always the most frequent style" in page
    assert "Expect lower scores for new artists" in page


def test_killed_anywhere_the_same_call_ends_with_the_same_report(
    crossed: Crossval, config: Config, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def kill_in_second_fold(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if stage.startswith("fold 2") and "evaluating" in stage:
            raise Killed

    out = tmp_path / "out"
    with pytest.raises(Killed):
        cross_validate(
            config, tiny_dataset, out, folds=2, group="image", progress=kill_in_second_fold
        )
    first, second = RunFolder(out / "fold-1"), RunFolder(out / "fold-2")
    kept = first.best_path.stat().st_mtime_ns
    # What SIGKILL leaves while a probe writes its files, and a fold its dataset folder.
    second.history_path.unlink()
    second.best_path.unlink()
    (out / "data" / "fold-2" / "dataset.json").unlink()
    again = cross_validate(config, tiny_dataset, out, folds=2, group="image")
    assert first.best_path.stat().st_mtime_ns == kept
    assert again.report == crossed.report
    assert (out / "predictions.csv").read_bytes() == (crossed.path / "predictions.csv").read_bytes()


def test_another_cross_validation_is_not_written_over(
    crossed: Crossval, config: Config, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    other = config.model_copy(update={"seed": 7})
    with pytest.raises(RunError, match="seed is 42 there, not 7"):
        cross_validate(other, tiny_dataset, crossed.path, folds=2, group="image")
    with pytest.raises(RunError, match="folds is 2 there, not 3"):
        cross_validate(config, tiny_dataset, crossed.path, folds=3, group="image")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        cross_validate(config, tiny_dataset, tmp_path, folds=2, group="image")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--recipe", "gone.yaml"), "no file gone.yaml"),
        (("--recipe", "finetun"), "Did you mean 'finetune'"),
        (("--model", "efficientnet_lite9"), "Did you mean 'efficientnet_lite"),
        (("--model", "simple_cnn"), "would start from random ones"),
        (("--set", "optim.lr=1"), "it is for 'artstyle finetune'"),
        (("--recipe", "finetune", "--set", "probe.c=1"), "it is for 'artstyle probe'"),
        (("--data", "nowhere"), "nowhere is not a dataset folder"),
    ],
)
def test_what_cannot_be_crossed_is_refused_in_one_line_with_exit_code_2(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtstyleError, match=message) as caught:
        app(["crossval", *words], standalone_mode=False)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
