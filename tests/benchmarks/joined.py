"""Whether a probe gains from the features of several networks, without looking at the test split.

    python -m tests.benchmarks.joined DATA MODEL... [--image-size 224]

A MODEL is a name as `artstyle probe --model` takes it: ``efficientnet_lite0+efficientnet_lite1``.
C is 0.003. The paintings of train are held out in five parts, artists kept apart. Intervals of the
gain over the first model come from drawing artists 2,000 times.
"""

from argparse import ArgumentParser
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import Labels
from artstyle.models.factory import build_network
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import MODELS, build_preprocessing, member_names
from artstyle.probe.frozen import frozen_features
from artstyle.probe.probe import held_out_groups
from artstyle.probe.regression import Features, fit_head
from artstyle.recipes import resolve_config
from artstyle.training.setup import labelled

_C, _FOLDS, _DRAWS = 0.003, 5, 2000


def features_of(name: str, data: DatasetFolder, image_size: int | None) -> Features:
    """Return the features of train, N x F; those of joined networks are next to each other."""
    members = member_names(name)
    size = image_size or MODELS[members[0]].image_size
    return np.concatenate([_features(member, data, size) for member in members], axis=1)


@cache
def _features(name: str, data: DatasetFolder, image_size: int) -> Features:
    asked = resolve_config("probe").config.data.model_copy(update={"image_size": image_size})
    built = build_network(name, 1, weights="imagenet", image_size=image_size)
    model = TorchModel(
        name=name,
        labels=(),
        preprocessing=build_preprocessing(built.spec, asked, data.data_config),
        fingerprint="",
        device="cpu",
        network=built.network.eval().to(memory_format=torch.channels_last),
        spec=built.spec,
    )
    return frozen_features(model, labelled(data, "train"))


def answers(features_NF: Features, labels_N: Labels, groups: list[str]) -> Labels:
    """Return for each painting the answer of a probe that has not seen its artist."""
    answers_N = np.empty_like(labels_N)
    splitter = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    for learnt, tested in splitter.split(labels_N, labels_N, groups):
        styles = int(labels_N.max()) + 1
        head = fit_head(features_NF[learnt], labels_N[learnt], styles, _C, balanced=True)
        answers_N[tested] = head.logits(features_NF[tested]).argmax(axis=1)
    return answers_N


def scores(labels_N: Labels, answers_N: Labels) -> tuple[float, float]:
    """Return accuracy and macro F1."""
    macro_f1 = f1_score(labels_N, answers_N, average="macro", labels=np.unique(labels_N))
    return float((labels_N == answers_N).mean()), float(macro_f1)


def gain(labels_N: Labels, first_N: Labels, other_N: Labels, groups: list[str]) -> str:
    """Return by how much a model is better than the first, with intervals over artists."""
    members = [np.flatnonzero(np.array(groups) == group) for group in sorted(set(groups))]
    rng = np.random.default_rng(0)
    draws = [
        np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        for _ in range(_DRAWS)
    ]
    gains: NDArray[np.float64] = np.array(
        [
            np.subtract(scores(labels_N[d], other_N[d]), scores(labels_N[d], first_N[d]))
            for d in draws
        ]
    )
    low, high = np.quantile(gains, (0.025, 0.975), axis=0)
    return f"accuracy {low[0]:+.3f} to {high[0]:+.3f}, macro F1 {low[1]:+.3f} to {high[1]:+.3f}"


def main() -> None:
    """Print the scores of each model."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--image-size", type=int, help="default: the first network's own")
    arguments = parser.parse_args()
    data = DatasetFolder(arguments.data)
    labels_N, groups = labelled(data, "train").labels_N, held_out_groups(data.rows("train"))[0]
    first_N: Labels | None = None
    for name in arguments.models:
        features_NF = features_of(name, data, arguments.image_size)
        answers_N = answers(features_NF, labels_N, groups)
        accuracy, macro_f1 = scores(labels_N, answers_N)
        print(f"{name}: accuracy {accuracy:.3f}, macro F1 {macro_f1:.3f}", flush=True)  # noqa: T201
        if first_N is None:
            first_N = answers_N
        else:
            print(f"  gain: {gain(labels_N, first_N, answers_N, groups)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
