"""An evaluation from end to end, on a tiny run."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import classification_report, confusion_matrix
from torchvision.transforms import v2

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import DataError, RunError
from artstyle.evaluation.evaluate import Evaluation, evaluate
from artstyle.models.checkpoint import load_style_model
from artstyle.runs.folder import RunFolder
from tests.evaluation.tiny import PREPROCESSING, STYLES, write_dataset, write_run

FILES = {
    ".lock",
    "report.json",
    "report.html",
    "predictions.csv",
    "logits.npz",
    "confusion.png",
    "confusion_normalised.png",
    "per_style.png",
    "reliability.png",
}


def predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_is_written_into_the_run_and_the_report_is_strict_json(
    evaluation: Evaluation, evaluated_run: RunFolder
) -> None:
    run = evaluated_run
    assert evaluation.path == run.path / "evaluation" / "test"
    assert {path.name for path in evaluation.path.iterdir()} == FILES
    written = json.loads((evaluation.path / "report.json").read_text("utf-8"))
    assert written == evaluation.report.to_dict()
    assert (written["split"], written["run"], written["dataset"]) == ("test", "tiny", "a" * 64)
    assert written["model"] == load_style_model(run.best_path, torch.device("cpu")).fingerprint


def test_predictions_are_those_of_the_network_asked_picture_by_picture(
    evaluation: Evaluation, evaluated_run: RunFolder, evaluated_data: DatasetFolder
) -> None:
    run, dataset, rows = evaluated_run, evaluated_data, predictions(evaluation.path)
    network = load_style_model(run.best_path, torch.device("cpu")).network
    size = PREPROCESSING.image_size
    to_tensor = v2.Compose(
        [
            v2.Resize(size),
            v2.CenterCrop(size),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(PREPROCESSING.mean), list(PREPROCESSING.std)),
        ]
    )
    assert [row["path"] for row in rows] == [row.path for row in dataset.rows("test")]
    for row in rows:
        with Image.open(dataset.images_path / row["path"]) as image, torch.inference_mode():
            probabilities_C = network(to_tensor(image)[None]).softmax(1)[0].numpy()
        order = np.argsort(-probabilities_C)
        assert [row["predicted"], row["second"], row["third"]] == [STYLES[i] for i in order[:3]]
        # Batches of another size are summed in another order.
        assert float(row["probability"]) == pytest.approx(probabilities_C.max(), abs=1e-5)
        true = STYLES.index(row["style"])
        assert float(row["true_probability"]) == pytest.approx(probabilities_C[true], abs=1e-5)
        assert int(row["true_rank"]) == 1 + int(np.flatnonzero(order == true)[0])
        assert row["correct"] == ("yes" if row["predicted"] == row["style"] else "no")


def test_the_logits_give_every_probability_of_the_predictions_again(evaluation: Evaluation) -> None:
    with np.load(evaluation.path / "logits.npz", allow_pickle=False) as stored:
        logits, labels = torch.from_numpy(stored["logits"]), stored["labels"].tolist()
        paths, targets = stored["paths"].tolist(), stored["targets"].tolist()
        shares = (logits / float(stored["temperature"])).softmax(dim=1)
        assert str(stored["model"]) == evaluation.report.model
    by_path = {row["path"]: row for row in predictions(evaluation.path)}
    assert len(paths) == len(by_path)
    for path, target, share in zip(paths, targets, shares, strict=True):
        row = by_path[path]
        assert labels[target] == row["style"]
        assert labels[int(share.argmax())] == row["predicted"]
        assert float(share.max()) == pytest.approx(float(row["probability"]), abs=2e-6)


def test_the_interval_for_other_artists_draws_artists_with_all_their_pictures(
    evaluation: Evaluation,
) -> None:
    by_artist: dict[str, list[bool]] = {}
    for row in predictions(evaluation.path):
        by_artist.setdefault(row["artist"] or row["path"], []).append(row["correct"] == "yes")
    found = evaluation.report.intervals.by_artist
    assert found is not None
    assert found.artists == len(by_artist)
    right, sizes = (np.array([f(known) for known in by_artist.values()]) for f in (sum, len))
    counts = np.random.default_rng(1).multinomial(
        len(by_artist), np.full(len(by_artist), 1 / len(by_artist)), size=4000
    )
    expected = np.quantile(counts @ right / (counts @ sizes), [0.025, 0.975])
    # Of 1,000 draws and of 4,000: their quantiles differ by chance.
    assert found.accuracy == pytest.approx(expected, abs=0.04)


def test_report_says_what_scikit_learn_says_of_the_predictions(evaluation: Evaluation) -> None:
    report, rows = evaluation.report.to_dict(), predictions(evaluation.path)
    truth, said = [row["style"] for row in rows], [row["predicted"] for row in rows]
    theirs = classification_report(
        truth, said, labels=list(STYLES), output_dict=True, zero_division=0
    )
    ours = report["classification_report"]
    assert list(ours) == list(theirs)
    for name in (*STYLES, "macro avg", "weighted avg"):
        assert ours[name] == pytest.approx(theirs[name])
    counts = confusion_matrix(truth, said, labels=list(STYLES)).tolist()
    assert report["confusion_matrix"] == {"labels": list(STYLES), "counts": counts}
    in_top3 = [int(row["true_rank"]) <= 3 for row in rows]
    assert report["top3_accuracy"] == pytest.approx(np.mean(in_top3))
    for key in ("accuracy", "macro_f1", "top3_accuracy"):
        low, high = report["intervals"][key]
        assert low <= report[key] <= high


def test_artists_are_counted_as_seen_unseen_and_unknown(evaluation: Evaluation) -> None:
    artists, rows = evaluation.report.artists, predictions(evaluation.path)
    supports = artists.seen.support, artists.unseen.support, artists.unknown.support
    assert supports == (8, 12, 4)
    by_unseen = [row["correct"] == "yes" for row in rows if row["artist_in_training"] == "no"]
    assert artists.unseen.accuracy == pytest.approx(np.mean(by_unseen))
    assert all(
        row["artist"].startswith("test artist") for row in rows if row["artist_in_training"] == "no"
    )


def test_styles_are_matched_by_name_not_by_position(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "data")
    known = ("Abstract", *reversed(STYLES))
    run = write_run(tmp_path / "run", dataset, labels=known)
    evaluation = evaluate(run, dataset)
    rows = predictions(evaluation.path)
    assert [row["style"] for row in rows] == [row.style for row in dataset.rows("test")]
    report = evaluation.report
    assert report.styles == known
    assert report.styles_without_pictures == ("Abstract",)
    assert report.scores("Abstract").support == 0
    truth, said = [row["style"] for row in rows], [row["predicted"] for row in rows]
    theirs = classification_report(
        truth, said, labels=list(STYLES), output_dict=True, zero_division=0
    )
    assert report.macro_f1 == pytest.approx(theirs["macro avg"]["f1-score"])


def test_styles_unknown_to_the_model_are_refused_by_name(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "data", (*STYLES, "Fauvism", "Realism"))
    run = write_run(tmp_path / "run", dataset)
    with pytest.raises(DataError, match=r"styles that the model does not know: Fauvism, Realism;"):
        evaluate(run, dataset)
    assert not run.evaluation_path("test").exists()


def test_an_unreadable_picture_is_listed_and_takes_part_in_no_score(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    lost = dataset.rows("test")[3]
    dataset.image_path(lost).write_bytes(b"no picture")
    evaluation = evaluate(run, dataset)
    report, rows = evaluation.report, predictions(evaluation.path)
    assert (report.pictures, report.unreadable) == (23, 1)
    assert report.scores("Baroque").support == 5
    assert [row["path"] for row in rows if row["error"]] == [lost.path]
    assert "not a picture" in rows[-1]["error"]


def test_a_split_without_a_readable_picture_is_an_error_that_names_one(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    for row in dataset.rows("test"):
        dataset.image_path(row).unlink()
    with pytest.raises(DataError, match=r"none of the 24 pictures .*Baroque/test_0.*no such file"):
        evaluate(run, dataset)


def test_evaluating_again_writes_the_same_bytes(
    evaluation: Evaluation, evaluated_run: RunFolder, evaluated_data: DatasetFolder
) -> None:
    before = {path.name: path.read_bytes() for path in evaluation.path.iterdir()}
    again = evaluate(evaluated_run, evaluated_data, batch_size=5)
    assert (evaluation.replaced, again.replaced) == (False, True)
    assert {path.name: path.read_bytes() for path in again.path.iterdir()} == before


def test_what_is_not_this_evaluation_is_never_overwritten(
    evaluation: Evaluation,
    evaluated_run: RunFolder,
    evaluated_data: DatasetFolder,
    tmp_path: Path,
) -> None:
    before = (evaluation.path / "report.json").read_bytes()
    other = write_dataset(tmp_path / "other", fingerprint="b" * 64)
    with pytest.raises(RunError, match="evaluation of another data set"):
        evaluate(evaluated_run, other)
    with pytest.raises(RunError, match="evaluation of another split"):
        evaluate(evaluated_run, evaluated_data, "val", out=evaluation.path)
    retrained = write_run(tmp_path / "retrained", evaluated_data, labels=STYLES[::-1])
    with pytest.raises(RunError, match="evaluation of another model"):
        evaluate(retrained, evaluated_data, out=evaluation.path)
    assert (evaluation.path / "report.json").read_bytes() == before


def test_a_folder_with_other_things_in_it_is_refused(
    run: RunFolder, dataset: DatasetFolder, tmp_path: Path
) -> None:
    thesis = tmp_path / "mine" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("all of it")
    with pytest.raises(RunError, match="mine is not empty; name another folder with --out"):
        evaluate(run, dataset, out=thesis.parent)
    with pytest.raises(RunError, match=r"thesis\.txt is a file"):
        evaluate(run, dataset, out=thesis)
    assert list(thesis.parent.iterdir()) == [thesis]
