"""A run whose paintings may have several labels, from the list to the answers."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, log_loss
from torch import nn
from torchvision.ops import sigmoid_focal_loss

from artstyle.comparison.compare import compare_runs
from artstyle.comparison.tables import comparison_table
from artstyle.confidence.thresholds import best_thresholds
from artstyle.config import LossConfig
from artstyle.crossval.crossval import Crossval, cross_validate
from artstyle.crossval.document import LabelCrossvalReport
from artstyle.data.dataset import DatasetFolder
from artstyle.data.sampling import class_weights
from artstyle.devices import choose_device
from artstyle.errors import ArtstyleError, DataError
from artstyle.evaluation.evaluate import evaluate
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.explain.explain import explain_pictures
from artstyle.explain.factsheet import write_factsheets
from artstyle.metrics import average_precision, binary_log_loss
from artstyle.models.checkpoint import load_style_model
from artstyle.pictures.finding import find_pictures
from artstyle.prediction.predict import predict_styles
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.prediction.writers import write_all
from artstyle.preparation.prepare import prepare
from artstyle.probe.probe import fit_probe
from artstyle.recipes import resolve_config
from artstyle.report import write_run_report
from artstyle.runs.folder import RunFolder
from artstyle.serving.documents import Row
from artstyle.serving.served import Models
from artstyle.storage.files import read_csv
from artstyle.styles.names import labels_in
from artstyle.styles.targets import Targets, sigmoid
from artstyle.training.fit import fit
from artstyle.training.losses import build_loss, plain_loss, right_answers
from tests.cli.in_process import artstyle_text
from tests.conftest import tiny_config
from tests.preparation.source_files import write_manifest

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
LOGITS_NC = torch.from_numpy(RNG.normal(0, 3, (12, 4))).float()
TRUTH_NC = torch.from_numpy(RNG.random((12, 4)) < 0.4).float()


@pytest.fixture(scope="module")
def data(tiny_paintings: Path, tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    """The tiny paintings under their style, and every second one also as even."""
    folder = tmp_path_factory.mktemp("several")
    files = sorted(path.relative_to(tiny_paintings) for path in tiny_paintings.rglob("*.jpg"))
    listed = [
        {"path": str(path), "style": path.parts[0] + ("|even" if n % 2 else "")}
        for n, path in enumerate(files)
    ]
    manifest = write_manifest(folder / "list.csv", listed)
    quick = ["data.cache_size=40", "data.workers=0", "balance.min_per_style=4"]
    config = resolve_config(overrides=[*quick, "labels.multi=true"]).config
    return prepare(manifest, folder / "data", config, images=tiny_paintings).dataset


@pytest.fixture(scope="module")
def run(data: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run on them; a mixed batch and label smoothing take the binary loss too."""
    folder = tmp_path_factory.mktemp("runs") / "several"
    return fit(tiny_config("augment.mixup_alpha=0.2"), data, RunFolder(folder)).run


def test_scores_are_those_that_scikit_learn_gives_for_the_written_logits(
    data: DatasetFolder, run: RunFolder
) -> None:
    done = evaluate(run, data, device="cpu")
    report = LabelReport.read(done.path / "report.json")
    assert report == done.scores
    with np.load(done.path / "logits.npz", allow_pickle=False) as found:
        truth_NC, labels = found["targets"], found["labels"].tolist()
        probabilities_NC = 1 / (1 + np.exp(-found["logits"].astype(np.float64)))
        given_NC = probabilities_NC >= found["thresholds"]
    rows = data.rows("test")
    assert labels == list(data.labels)
    assert [set(labels_in(row.style)) for row in rows] == [
        {labels[c] for c in np.flatnonzero(truth_C)} for truth_C in truth_NC
    ]
    present = truth_NC.any(axis=0)
    expected = {
        "mean_average_precision": average_precision_score(
            truth_NC[:, present], probabilities_NC[:, present], average="macro"
        ),
        "micro_f1": f1_score(truth_NC, given_NC, average="micro", zero_division=0),
        "macro_f1": f1_score(
            truth_NC[:, present], given_NC[:, present], average="macro", zero_division=0
        ),
        "all_labels_right": (given_NC == truth_NC).all(axis=1).mean(),
    }
    # Six decimals of float32 logits.
    assert {name: getattr(report, name) for name in expected} == pytest.approx(expected, abs=1e-6)
    for label, scores in report.labels.items():
        at = labels.index(label)
        if scores.average_precision is not None:
            alone = average_precision_score(truth_NC[:, at], probabilities_NC[:, at])
            assert scores.average_precision == pytest.approx(alone, abs=1e-6)
    for name in ("mean_average_precision", "micro_f1", "macro_f1"):
        low, high = getattr(report.intervals, name)
        assert low <= getattr(report, name) <= high
    table = list(read_csv(done.path / "predictions.csv", ours=True))
    assert [set(filter(None, line["given"].split("|"))) for line in table] == [
        {labels[c] for c in np.flatnonzero(given_C)} for given_C in given_NC
    ]
    assert "No confusion matrix" in (done.path / "report.html").read_text()
    assert not (done.path / "confusion.png").exists()


def test_thresholds_come_from_validation_and_decide_what_predict_gives(
    data: DatasetFolder, run: RunFolder, tmp_path: Path
) -> None:
    model = load_style_model(run.best_path, choose_device("cpu"))
    assert model.multi
    assert model.calibration is not None
    on_val = evaluate(run, data, "val", out=tmp_path / "val", device="cpu")
    with np.load(on_val.path / "logits.npz", allow_pickle=False) as found:
        fitted_C = best_thresholds(sigmoid(found["logits"]), found["targets"] > 0)
    assert model.calibration.thresholds == pytest.approx(fitted_C.tolist(), abs=1e-6)
    paths = [str(data.image_path(row)) for row in data.rows("test")[:3]]
    rows = list(predict_styles(model, find_pictures([*paths, "nowhere.jpg"]), top_k=5))
    for row in rows[:3]:
        assert row.styles is not None
        probabilities = {ranked.style: ranked.probability for ranked in row.styles}
        limits = dict(zip(model.labels, model.calibration.thresholds or (), strict=True))
        assert row.labels == tuple(s for s, p in probabilities.items() if p >= limits[s])
        assert (row.verdict, row.likely) == (None, None)
        assert PredictionRow.from_dict(json.loads(json.dumps(row.to_dict()))) == row
    with (tmp_path / "rows.csv").open("w", newline="") as stream:
        write_all(rows, stream, "csv", 2)
    written = [line["labels"] for line in read_csv(tmp_path / "rows.csv", ours=True)]
    assert written == ["|".join(sorted(row.labels or ())) for row in rows[:3]] + [""]


def test_a_heatmap_of_any_label_shows_its_own_probability(
    data: DatasetFolder, run: RunFolder
) -> None:
    model = load_style_model(run.best_path, choose_device("cpu"))
    pictures = list(find_pictures([str(data.image_path(data.rows("test")[0]))]))
    (row,) = predict_styles(model, pictures, top_k=5)
    (explanation,) = explain_pictures(model, pictures, style="even", top_k=5)
    assert explanation.explained is not None
    assert row.styles is not None
    expected = {ranked.style: ranked.probability for ranked in row.styles}["even"]
    assert explanation.explained.subject.probability == pytest.approx(expected, abs=1e-6)


def test_the_page_of_the_run_has_the_scores_of_its_labels(
    data: DatasetFolder, run: RunFolder
) -> None:
    scores = evaluate(run, data, device="cpu").scores
    assert isinstance(scores, LabelReport)
    page = write_run_report(run, run.path / "page.html").read_text()
    assert f"{scores.micro_f1:.3f}" in page
    assert "No confusion matrix is drawn" in page
    assert "even" in page


@pytest.fixture(scope="module")
def crossed(data: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> Crossval:
    """Two folds, each with two seeds."""
    out = tmp_path_factory.mktemp("crossed") / "cv"
    return cross_validate(
        tiny_config(), data, out, folds=2, group="image", method="finetune", seeds=2
    )


def test_a_cross_validation_scores_each_label_over_all_folds_as_scikit_learn_does(
    data: DatasetFolder, crossed: Crossval
) -> None:
    report = LabelCrossvalReport.read(crossed.path / "report.json")
    assert report == crossed.report
    tables: dict[str, list[dict[str, str]]] = {"42": [], "43": []}
    for line in read_csv(crossed.path / "predictions.csv", ours=True):
        tables[line["seed"]].append(line)
    assert [sorted(line["path"] for line in table) for table in tables.values()] == [
        sorted(row.path for part in ("train", "val", "test") for row in data.rows(part))
    ] * 2
    targets = Targets(data.labels, multi=True)
    scores = []
    for table in tables.values():
        truth_NC = targets.indicators([line["labels"] for line in table])
        given_NC = targets.indicators([line["given"] for line in table])
        sure_NC = [[float(line[f"probability {label}"]) for label in data.labels] for line in table]
        scores.append(
            {
                "accuracy": accuracy_score(truth_NC, given_NC),
                "mean_average_precision": average_precision_score(truth_NC, np.array(sure_NC)),
                "micro_f1": f1_score(truth_NC, given_NC, average="micro", zero_division=0),
                "macro_f1": f1_score(truth_NC, given_NC, average="macro", zero_division=0),
            }
        )
    for name in scores[0]:
        found, of_seeds = getattr(report, name), [of[name] for of in scores]
        assert found.value == pytest.approx(np.mean(of_seeds))
        assert found.seeds == pytest.approx((min(of_seeds), max(of_seeds)))
        assert found.pictures[0] <= found.value <= found.pictures[1]
    assert {label: score.pictures for label, score in report.styles.items()} == {
        label: sum(counts.to_dict().values())
        for label, counts in data.description.split.counts.items()
    }
    assert "Scores by label" in (crossed.path / "report.html").read_text()


def test_seeds_of_several_labels_are_compared(crossed: Crossval, tmp_path: Path) -> None:
    runs = [str(crossed.path / f"seed-{seed}" / "fold-1") for seed in (42, 43)]
    comparison = compare_runs(runs)
    evaluations = [
        LabelReport.read(Path(run) / "evaluation" / "test" / "report.json") for run in runs
    ]
    for row, report in zip(comparison.rows, evaluations, strict=True):
        precision, ranges = row.mean_average_precision, report.intervals
        assert precision is not None
        assert row.top3_accuracy is None
        # The table of answers has six decimals.
        assert precision.value == pytest.approx(report.mean_average_precision, abs=1e-4)
        assert precision.pictures == pytest.approx(ranges.mean_average_precision, abs=1e-4)
        assert row.macro_f1.value == pytest.approx(report.macro_f1)
        assert row.accuracy.value == pytest.approx(report.all_labels_right)
    found = comparison.rows[1].difference
    assert found is not None
    gained = evaluations[1].all_labels_right - evaluations[0].all_labels_right
    assert found.accuracy.value == pytest.approx(gained)
    assert (found.won - found.lost) / comparison.pictures == pytest.approx(gained)
    for of_label in comparison.styles:
        for right, report in zip(of_label.right, evaluations, strict=True):
            scores = report.labels[of_label.style]
            assert right == round(scores.recall * scores.support)
    table = comparison_table(comparison, "markdown")
    assert "all labels right" in table
    assert "mAP" in table
    of_seeds = compare_runs([str(crossed.path)], group_by="seed").rows
    assert isinstance(crossed.report, LabelCrossvalReport)
    assert sorted(row.accuracy.value for row in of_seeds) == pytest.approx(
        crossed.report.accuracy.seeds
    )


def test_a_list_comes_back_with_the_labels_that_predict_gives(
    data: DatasetFolder, run: RunFolder, tmp_path: Path
) -> None:
    paths = [data.image_path(row).relative_to(data.path) for row in data.rows("test")[:3]]
    lines = [f"{n};{path.as_posix()}" for n, path in enumerate(paths)]
    (tmp_path / "list.csv").write_text("\n".join(["number;path", *lines, "9;nowhere.jpg"]) + "\n")
    words = ("predict", "list.csv", "--images", data.path, "--run", run.path, "--join", "--out")
    assert artstyle_text(*words, "joined.csv", cwd=tmp_path).returncode == 3
    files = [data.path / path for path in paths]
    answers = artstyle_text("predict", *files, "--run", run.path, "--format", "jsonl", cwd=tmp_path)
    given = ["|".join(sorted(json.loads(row)["labels"])) for row in answers.stdout.splitlines()]
    head, *joined = (tmp_path / "joined.csv").read_text().splitlines()
    assert head.startswith("number;path;labels;file;")
    expected = [*zip(lines, given, strict=True), ("9;nowhere.jpg", "")]
    assert [line.rsplit(";", joined[0].count(";") - 1)[:2] for line in joined] == [
        list(pair) for pair in expected
    ]
    refused = artstyle_text(*words, "other.csv", "--language", "de", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "leave them out" in refused.stderr


def test_a_fact_sheet_names_all_labels_that_are_given(
    data: DatasetFolder, run: RunFolder, tmp_path: Path
) -> None:
    paths = [data.image_path(row) for row in data.rows("test")]
    model = load_style_model(run.best_path, choose_device("cpu"))
    rows = list(predict_styles(model, find_pictures(map(str, paths)), top_k=5))
    (tmp_path / "sheets").mkdir()
    heat = explain_pictures(model, find_pictures(map(str, paths)), top_k=5)
    answers = ((row, each, None) for row, each in zip(rows, heat, strict=True))
    sheets = write_factsheets(
        tmp_path / "sheets", answers, model, about_model="tiny", on=date(2026, 1, 2)
    )
    for row, page in sheets:
        assert page is not None
        assert verdict_words(row) in page.read_text()
    assert any(len(row.labels or ()) != 1 for row in rows)


def test_a_service_gives_the_rows_of_predict(data: DatasetFolder, run: RunFolder) -> None:
    served = Models(str(run.path)).current
    pictures = list(find_pictures([str(data.image_path(data.rows("test")[0]))]))
    (expected,) = predict_styles(served.model, pictures, top_k=len(data.labels))
    assert served.rows(pictures) == [expected]
    assert Row.model_validate(expected.to_dict()).labels == list(expected.labels or ())


def test_what_works_with_one_label_only_says_so(
    data: DatasetFolder, run: RunFolder, tiny_run: RunFolder
) -> None:
    with pytest.raises(ArtstyleError, match="label issues are found with one label for each"):
        cross_validate(tiny_config(), data, run.path / "cv", label_issues=True)
    with pytest.raises(DataError, match=r"have several labels \(labels\.multi\), and the model"):
        evaluate(tiny_run, data, device="cpu")


def test_a_probe_answers_each_label_by_itself(
    data: DatasetFolder, run: RunFolder, tmp_path: Path
) -> None:
    overrides = (
        "model.name=simple_cnn", f"model.weights={run.best_path}", "data.image_size=32",
        "train.device=cpu", "train.export=false", "probe.c=0.01",
    )  # fmt: skip
    config = resolve_config("probe", overrides=overrides).config
    probed = fit_probe(config, data, RunFolder(tmp_path / "probe")).run
    done = evaluate(probed, data, "val", device="cpu")
    assert isinstance(done.scores, LabelReport)
    with np.load(done.path / "logits.npz", allow_pickle=False) as found:
        losses = [
            log_loss(truth_N, sigmoid(logits_N), labels=[0, 1])
            for truth_N, logits_N in zip(found["targets"].T, found["logits"].T, strict=True)
        ]
    (epoch,) = probed.history()
    assert float(epoch["val_loss"]) == pytest.approx(np.mean(losses), abs=1e-4)


def test_the_run_records_what_it_learns_and_how_it_is_chosen(run: RunFolder) -> None:
    config = run.config()
    assert (config.labels.multi, config.train.monitor) == (True, "macro_f1")
    last = run.history()[-1]
    # Of five labels, answering "none" is right for about seven in ten.
    assert 0 < float(last["train_accuracy"]) <= 1
    assert float(last["plain_train_loss"]) < 1
    assert float(last["val_loss"]) < 1


def test_the_binary_loss_is_that_of_torch_with_its_smoothing_and_weights() -> None:
    labels_N = np.nonzero(TRUTH_NC.numpy())[1]
    config = LossConfig(label_smoothing=0.1, class_weights="balanced")
    losses_N = build_loss(config, labels_N, 4, CPU, multi=True)(LOGITS_NC, TRUTH_NC)
    weights_C = torch.tensor(class_weights(labels_N, 4), dtype=torch.float32)
    reference = nn.BCEWithLogitsLoss(weight=weights_C, reduction="none")
    expected = reference(LOGITS_NC, 0.9 * TRUTH_NC + 0.05).mean(dim=1)
    torch.testing.assert_close(losses_N, expected)
    assert plain_loss(LOGITS_NC, TRUTH_NC) == pytest.approx(
        binary_log_loss(LOGITS_NC.numpy(), TRUTH_NC.numpy() > 0), abs=1e-6
    )


def test_the_focal_loss_of_several_labels_is_torchvisions() -> None:
    config = LossConfig(name="focal", label_smoothing=0, focal_gamma=2)
    losses_N = build_loss(config, np.arange(4), 4, CPU, multi=True)(LOGITS_NC, TRUTH_NC)
    expected = sigmoid_focal_loss(LOGITS_NC, TRUTH_NC, alpha=-1, gamma=2).mean(dim=1)
    torch.testing.assert_close(losses_N, expected)


def test_right_answers_are_counted_by_label() -> None:
    logits = torch.tensor([[1.0, -1.0], [1.0, 1.0]])
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert right_answers(logits, truth) == 1.5
    assert right_answers(logits, torch.tensor([0, 1])) == 1


def test_average_precision_is_scikit_learns_with_ties_and_weights() -> None:
    scores_N = np.round(RNG.random(60), 1)
    truth_N, weights_N = RNG.random(60) < 0.3, RNG.integers(0, 4, 60).astype(float)
    found = average_precision(scores_N, truth_N, np.stack([np.ones(60), weights_N]))
    expected = [
        average_precision_score(truth_N, scores_N),
        average_precision_score(truth_N, scores_N, sample_weight=weights_N),
    ]
    assert found == pytest.approx(expected, abs=1e-12)


def test_no_threshold_has_a_higher_f1_than_the_one_chosen() -> None:
    probabilities_NC = np.round(RNG.random((40, 6)), 2)
    truth_NC = RNG.random((40, 6)) < (0.5, 0.3, 0.2, 0.1, 0.0, 1.0)
    chosen_C = best_thresholds(probabilities_NC, truth_NC)
    assert chosen_C[4] == 0.5
    for label in (0, 1, 2, 3, 5):
        tried = [*np.linspace(0, 1, 201), chosen_C[label]]
        scores = [f1_score(truth_NC[:, label], probabilities_NC[:, label] >= at) for at in tried]
        assert scores[-1] == max(scores)


def test_texts_become_numbers_in_the_order_of_the_labels() -> None:
    targets = Targets(("A", "B", "C"), multi=True)
    texts = ["A|B", "A", "C|A", "A|B"]
    assert targets.indicators(texts).tolist() == [[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0]]
    assert targets.positions(texts).tolist() == [1, 0, 2, 1]
    assert targets.unknown(["A|D", "B"]) == ["D"]
    assert Targets(("A", "A|B")).positions(["A|B", "A"]).tolist() == [1, 0]
