"""A user's script: what mypy makes of each public name. `nox -s types` checks it; nothing runs it.

It sees the installed package, as a user's own script does: `nox -s types` copies it elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import torch
from torch import Tensor
from torch.utils.data import DataLoader

import artstyle

assert_type(artstyle.__version__, str)


def answers(model: artstyle.StyleModel) -> None:
    for row in artstyle.predict_styles(model, "scans"):
        assert_type(row.path, Path)
        assert_type(row.error, str | None)
    artstyle.predict_styles(model, Path("scans"))
    artstyle.predict_styles(model, ["a.jpg", Path("b.jpg"), *artstyle.find_pictures("scans/*")])
    for explanation in artstyle.explain_pictures(model, "scans"):
        assert_type(explanation.error, str | None)


def models() -> Iterator[artstyle.StyleModel]:
    yield artstyle.load_starter()
    yield artstyle.load_model("latest")
    yield artstyle.load_model(artstyle.find_run(Path("runs/one")))
    yield artstyle.load_style_model("best.safetensors", "cpu")
    yield artstyle.load_style_model(Path("best.safetensors"), artstyle.choose_device())


def training() -> artstyle.EvaluationReport:
    config = artstyle.resolve_config("finetune", Path("my.yaml"), "optim.lr=1e-3").config
    assert_type(config, artstyle.Config)
    data = artstyle.prepare("paintings", Path("data"), config).dataset
    assert_type(data, artstyle.DatasetFolder)
    assert_type(artstyle.DatasetFolder("data").path, Path)
    run = artstyle.fit(config, data, "runs/one").run
    assert_type(run, artstyle.RunFolder)
    artstyle.fit_probe(config, "data", Path("runs/two"))
    comparison = artstyle.compare_runs([run, "two", Path("runs/three")])
    assert_type(artstyle.comparison_table(comparison, "latex"), str)
    return artstyle.evaluate(run, "data").report


def own_loop(data: artstyle.DatasetFolder, config: artstyle.Config) -> float:
    built = artstyle.build_network("simple_cnn", num_styles=len(data.labels))
    seen = artstyle.build_preprocessing(built.spec, config.data, data.data_config)
    assert_type(seen, artstyle.Preprocessing)
    vary = artstyle.train_transform(seen, config.augment)
    dataset = artstyle.PaintingDataset(data, "train", vary)
    assert_type(dataset[0], tuple[Tensor, int])
    for images, _ in DataLoader(dataset, batch_size=8):
        built.network(images)
    logits = torch.zeros(len(dataset), len(data.labels))
    temperature = artstyle.fit_temperature(logits, dataset.targets_N)
    scores = artstyle.evaluate_logits(
        logits, dataset.targets_N, data.labels, temperature=temperature
    )
    assert_type(scores, artstyle.LogitScores)
    assert_type(scores.accuracy.by_artist, tuple[float, float] | None)
    assert_type(
        artstyle.evaluate_predictions([0], [0], ["Cubism"]).macro_f1.value,
        float,
    )
    confusion = artstyle.metrics.confusion_matrix([0, 1], [0, 1], 2)
    return artstyle.metrics.accuracy(confusion)


def misspelt() -> None:
    artstyle.predict_style  # type: ignore[attr-defined]  # noqa: B018  # an error for mypy too
