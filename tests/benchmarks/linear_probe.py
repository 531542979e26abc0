"""The plain method that fine-tuning must beat: logistic regression on frozen features.

    python tests/benchmarks/linear_probe.py DATA... [--fit squash] [--image-size 224]

Features of EfficientNet-Lite0 with its ImageNet weights, standardised; balanced class weights. It
is fitted once on train alone and once on train and val together, and measured on test. Of several
data sets, folds of one collection, each is fitted by itself and the answers are measured together.
"""

from argparse import ArgumentParser
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import Labelled, read_cached
from artstyle.data.manifest import SPLITS
from artstyle.devices import choose_device
from artstyle.inference import predict_logits
from artstyle.models.factory import build_network
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.preprocessing import Fit, Preprocessing
from artstyle.training.setup import labelled

_C = 0.003


def build_features(fit: Fit, image_size: int, read_size: int) -> TorchModel:
    """Return the ImageNet network without its head: its "logits" are 1,280 features."""
    built = build_network("efficientnet_lite0", 1, weights="imagenet")
    built.network.set_submodule(built.spec.head, nn.Identity())
    spec = built.spec
    preprocessing = Preprocessing(
        image_size, spec.mean, spec.std, spec.interpolation, fit, read_size
    )
    choose_device("cpu")
    return TorchModel(
        name=spec.name,
        labels=(),
        preprocessing=preprocessing,
        fingerprint="",
        device="cpu",
        network=built.network.eval().to(memory_format=torch.channels_last),
        spec=spec,
    )


def features(model: TorchModel, pictures: Labelled) -> NDArray[np.float32]:
    """Return N x 1,280 features."""
    predictions = predict_logits(model, pictures.paths, read_cached)
    return np.stack([p.logits_C for p in predictions if p.logits_C is not None])


def answers(
    data: DatasetFolder, model: TorchModel, folder: str
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the answers on test, by what was fitted on, and the true styles."""
    features_NC = np.concatenate([features(model, labelled(data, split)) for split in SPLITS])
    rows = [row for split in SPLITS for row in data.rows(split)]
    styles_N = np.array([row.style for row in rows])
    tests_N = np.array([row.split == "test" for row in rows])
    fitted_on = {"train": ("train",), "train and val": ("train", "val")}
    folders = ("", folder) if folder else ("",)
    found = {}
    for (name, splits), inside in product(fitted_on.items(), folders):
        some_N = [row.split in splits and row.path.startswith(inside) for row in rows]
        probe = make_pipeline(
            StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
        )
        probe.fit(features_NC[some_N], styles_N[some_N])
        found[f"{name} of {inside}" if inside else name] = list(probe.predict(features_NC[tests_N]))
    return found, list(styles_N[tests_N])


def main() -> None:
    """Print accuracy and macro F1 on the test pictures of all data sets together."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--fit", choices=("squash", "crop"), default="squash")
    parser.add_argument("--image-size", type=int, default=224, help="side in pixels (224)")
    parser.add_argument("--folder", default="", help="fit also on this folder of the source alone")
    arguments = parser.parse_args()
    found: dict[str, list[str]] = defaultdict(list)
    truth: list[str] = []
    for path in arguments.data:
        data = DatasetFolder(path)
        read_size = data.description.config.data.cache_size
        model = build_features(arguments.fit, arguments.image_size, read_size)
        answered, styles = answers(data, model, arguments.folder)
        truth += styles
        for name, given in answered.items():
            found[name] += given
    for name, given in found.items():
        print(f"fitted on {name}: {scores(truth, given)}")  # noqa: T201


def scores(truth: list[str], given: list[str]) -> str:
    """Return accuracy and macro F1 over the styles in the truth, as `artstyle evaluate` has it."""
    macro_f1 = f1_score(truth, given, average="macro", labels=sorted(set(truth)))
    return f"accuracy {accuracy_score(truth, given):.3f}, macro F1 {macro_f1:.3f}"


if __name__ == "__main__":
    main()
