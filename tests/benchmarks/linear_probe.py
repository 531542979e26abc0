"""The plain method that fine-tuning must beat: logistic regression on frozen features.

    python tests/benchmarks/linear_probe.py data/processed [--fit squash] [--image-size 224]

Features of EfficientNet-Lite0 with its ImageNet weights, standardised; balanced class weights. It
is fitted once on train alone and once on train and val together, and measured on test.
"""

from argparse import ArgumentParser
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
from artstyle.inference import choose_device, predict_logits
from artstyle.models.checkpoint import StyleModel
from artstyle.models.factory import build_network
from artstyle.preprocessing import Fit, Preprocessing
from artstyle.training.setup import labelled

_C = 0.003


def build_features(fit: Fit, image_size: int, read_size: int) -> StyleModel:
    """Return the ImageNet network without its head: its "logits" are 1,280 features."""
    built = build_network("efficientnet_lite0", 1, weights="imagenet")
    built.network.set_submodule(built.spec.head, nn.Identity())
    spec = built.spec
    preprocessing = Preprocessing(
        image_size, spec.mean, spec.std, spec.interpolation, fit, read_size
    )
    device = choose_device("cpu")
    network = built.network.eval().to(memory_format=torch.channels_last)
    return StyleModel(spec.name, network, (), preprocessing, spec, "", device)


def features(model: StyleModel, pictures: Labelled) -> NDArray[np.float32]:
    """Return N x 1,280 features."""
    predictions = predict_logits(model, pictures.paths, read_cached)
    return np.stack([p.logits_C for p in predictions if p.logits_C is not None])


def main() -> None:
    """Print accuracy and macro F1 on test."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fit", choices=("squash", "crop"), default="squash")
    parser.add_argument("--image-size", type=int, default=224, help="side in pixels (224)")
    arguments = parser.parse_args()
    data = DatasetFolder(arguments.data)
    read_size = data.description["config"]["data"]["cache_size"]
    model = build_features(arguments.fit, arguments.image_size, read_size)
    pictures = {split: labelled(data, split) for split in SPLITS}
    found = {split: features(model, pictures[split]) for split in SPLITS}
    labels = {split: pictures[split].labels_N for split in SPLITS}
    for name, splits in (("train", SPLITS[:1]), ("train and val", SPLITS[:2])):
        probe = make_pipeline(
            StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
        )
        probe.fit(
            np.concatenate([found[split] for split in splits]),
            np.concatenate([labels[split] for split in splits]),
        )
        answers = probe.predict(found["test"])
        accuracy = accuracy_score(labels["test"], answers)
        # Over the styles present in the truth, as `artstyle evaluate` has it.
        present = np.unique(labels["test"])
        macro_f1 = f1_score(labels["test"], answers, average="macro", labels=present)
        print(f"fitted on {name}: accuracy {accuracy:.3f}, macro F1 {macro_f1:.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
