"""Labels that are probably wrong: planted ones are found, by the published rule."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artstyle.crossval.answers import FoldAnswers
from artstyle.crossval.crossval import Crossval, cross_validate
from artstyle.crossval.label_issues import find_label_issues, import_cleanlab
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import MissingError
from artstyle.evaluation.predictions import AnsweredPicture
from artstyle.recipes import resolve_config
from artstyle.runs.finding import starter_run
from artstyle.storage.files import read_csv
from tests.conftest import TINY_STYLES
from tests.crossval.planted import plant_wrong_labels

pytest.importorskip("cleanlab")
PLANTED = 4


@pytest.fixture(scope="module")
def found(
    tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Crossval, dict[str, str]]:
    folder = tmp_path_factory.mktemp("planted")
    data, truth = plant_wrong_labels(tiny_dataset, folder / "data", PLANTED, seed=1)
    config = resolve_config(
        "probe",
        overrides=[
            f"model.weights={starter_run().best_path}", "data.image_size=64", "probe.c=0.003",
            "train.device=cpu", "train.export=false",
        ],
    ).config  # fmt: skip
    out = folder / "out"
    return cross_validate(config, data, out, folds=2, group="image", label_issues=True), truth


def test_planted_wrong_labels_are_found_with_their_true_style(
    found: tuple[Crossval, dict[str, str]],
) -> None:
    crossed, truth = found
    assert crossed.label_issues is not None
    listed = {issue.path: issue.predicted for issue in crossed.label_issues.issues}
    right = [path for path, style in truth.items() if listed.get(path) == style]
    assert len(right) >= PLANTED - 1, (truth, listed)
    # A tenth is planted: at random, so many listed pictures would hold half as many of them.
    assert len(listed) <= 20
    assert crossed.label_issues.judged == 40


def test_the_table_and_the_page_show_what_was_found(
    found: tuple[Crossval, dict[str, str]],
) -> None:
    crossed, _ = found
    assert crossed.label_issues is not None
    rows = list(read_csv(crossed.path / "label_issues.csv", ours=True))
    assert [row["path"] for row in rows] == [issue.path for issue in crossed.label_issues.issues]
    margins = [
        float(row["style_probability"]) - float(row["predicted_probability"]) for row in rows
    ]
    assert margins == sorted(margins)
    page = (crossed.path / "label_issues.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == len(rows)
    assert all(row["path"] in page for row in rows)


def confident_learning(labels_N: np.ndarray, probabilities_NC: np.ndarray) -> list[int]:
    """Northcutt et al. 2021, eq. 1 and 2, written down again: a picture off the diagonal."""
    styles = range(probabilities_NC.shape[1])
    usual_C = np.array([probabilities_NC[labels_N == style, style].mean() for style in styles])
    off = []
    for n, (label, probabilities_C) in enumerate(zip(labels_N, probabilities_NC, strict=True)):
        reached = [style for style in styles if probabilities_C[style] >= usual_C[style]]
        best = max(reached, key=probabilities_C.__getitem__, default=label)
        if best != label and probabilities_C.argmax() != label:
            off.append(n)
    return off


def test_what_is_listed_is_what_the_published_rule_lists(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    drawn = np.random.default_rng(0)
    labels_N = np.arange(60) % len(TINY_STYLES)
    logits_NC = 2 * drawn.normal(size=(2, 60, 4)) + np.eye(4)[labels_N]
    folds = []
    for seed, logits in enumerate(logits_NC):
        run = f"seed-{seed}/fold-1"
        rows = [
            AnsweredPicture(path=f"{n:02}.jpg", style=s, predicted=s, probability=0.5, true_rank=1)
            for n, s in enumerate(TINY_STYLES[label] for label in labels_N)
        ]
        evaluation = tmp_path / run / "evaluation" / "test"
        evaluation.mkdir(parents=True)
        np.savez(
            evaluation / "logits.npz", logits=logits, labels=np.array(TINY_STYLES),
            paths=np.array([row.path for row in rows]), temperature=np.float64(2),
        )  # fmt: skip
        learnt = frozenset(TINY_STYLES)
        folds.append(FoldAnswers(run, seed, tuple(rows), (), (), (), (0, 0), learnt))
    exponents = np.exp(logits_NC / 2)
    probabilities_NC = (exponents / exponents.sum(axis=-1, keepdims=True)).mean(axis=0)

    found = find_label_issues(tmp_path, tiny_dataset, folds)
    expected = confident_learning(labels_N, probabilities_NC)
    assert 5 < len(expected) < 40
    assert sorted(int(issue.path[:2]) for issue in found.issues) == expected

    # Pictures of a style that the fold could not learn are not judged.
    others = frozenset(TINY_STYLES[1:])
    unlearnt = find_label_issues(tmp_path, tiny_dataset, [replace(f, learnt=others) for f in folds])
    assert (unlearnt.judged, unlearnt.unlearnt) == (45, 15)
    assert TINY_STYLES[0] not in {issue.style for issue in unlearnt.issues}


def test_without_cleanlab_nothing_is_trained(
    tiny_dataset: DatasetFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    config = resolve_config("probe").config
    with pytest.raises(MissingError, match=r"pip install \"artstyle\[labels\]\""):
        cross_validate(config, tiny_dataset, tmp_path / "out", label_issues=True)
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    assert import_cleanlab().__name__ == "cleanlab.filter"
