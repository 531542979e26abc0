"""Candidates A and B of docs/starter-model.md in each source-disjoint fold, with their features."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from artstyle.models.factory import build_network
from artstyle.models.folding import folded
from artstyle.models.torch_model import forward
from artstyle.pictures.square import square_transform
from artstyle.pictures.transforms import normalise
from tests.benchmarks.confidence.others import OTHERS
from tests.benchmarks.confidence.scores import Features, Probe
from tests.benchmarks.starter.pictures import FOLDS, PREPROCESSING, Pack, Positions

NETWORK = "efficientnet_lite0"
_C = 0.003
_OTHERS_EACH = 200
_BATCH = 32
_LEARNT = 1500
"""Training pictures whose features a tuned network computes."""


@dataclass(frozen=True)
class Fold:
    """A model, and paintings of sources that it has not seen."""

    probe: Probe
    tested: Positions
    tested_ND: Features


def probed(pack: Pack, features_ND: Features, left_out: Collection[int] = ()) -> Iterator[Fold]:
    """Fit a logistic regression over frozen features in each fold, without some styles."""
    for fold in range(FOLDS["source"]):
        training, tested = pack.training("source", fold), pack.tested("source", fold)
        training = training[~np.isin(pack.labels_N[training], list(left_out))]
        probe = _fit(features_ND[training], pack.labels_N[training])
        yield Fold(probe, tested, features_ND[tested])


def tuned(pack: Pack, folder: Path) -> Iterator[tuple[Fold, dict[str, Features]]]:
    """Load candidate B of each fold; some of its training pictures stand for all.

    Yields each fold with the features of what is no painting.
    """
    for fold in range(FOLDS["source"]):
        weights = folder / f"B-source-{fold}.safetensors"
        network = build_network(NETWORK, len(pack.labels), weights=str(weights)).network
        head = _take_head(network)
        training = np.random.default_rng(fold).permutation(pack.training("source", fold))[:_LEARNT]
        training, tested = np.sort(training), pack.tested("source", fold)
        weights_CD = head.weight.detach().double().numpy()
        probe = Probe(
            _features(network, pack.pixels_NHW3[training]),
            pack.labels_N[training],
            np.arange(len(weights_CD)),
            weights_CD,
            head.bias.detach().double().numpy(),
        )
        tested_ND = _features(network, pack.pixels_NHW3[tested])
        photographs_ND = _features(network, pack.pixels_NHW3[pack.photographs])
        made = _made(network)
        yield Fold(probe, tested, tested_ND), {"photographs": photographs_ND} | made


def frozen_others(pack: Pack, folder: Path, features_ND: Features) -> dict[str, Features]:
    """Return the frozen features of photographs, pages of text, textures and noise."""
    network = build_network(NETWORK, 1, weights=str(folder / f"{NETWORK}.safetensors")).network
    _take_head(network)
    return {"photographs": features_ND[pack.photographs]} | _made(network)


def _fit(features_ND: Features, labels_N: Positions) -> Probe:
    """Return the regression on standardised features as a layer on the features themselves."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
    ).fit(features_ND, labels_N)
    scaler, regression = model[0], model[1]
    weights_CD = regression.coef_ / scaler.scale_
    bias_C = regression.intercept_ - weights_CD @ scaler.mean_
    return Probe(features_ND, labels_N, regression.classes_, weights_CD, bias_C)


def _made(network: nn.Module) -> dict[str, Features]:
    square = square_transform(PREPROCESSING)
    return {
        name: _features(
            network, np.stack([np.asarray(square(make(n))) for n in range(_OTHERS_EACH)])
        )
        for name, make in OTHERS.items()
    }


def _features(network: nn.Module, pixels_NHW3: np.ndarray) -> Features:
    fast = folded(network.eval(), PREPROCESSING.image_size)
    parts = [
        forward(fast, normalise(torch.from_numpy(pixels), PREPROCESSING), None).numpy()
        for pixels in np.array_split(pixels_NHW3, -(-len(pixels_NHW3) // _BATCH))
    ]
    return np.concatenate(parts)


def _take_head(network: nn.Module) -> nn.Linear:
    """Replace the last layer, so that the network returns features, and return the layer."""
    name = build_network(NETWORK, 1).spec.head
    head = network.get_submodule(name)
    assert isinstance(head, nn.Linear)
    network.set_submodule(name, nn.Identity())
    return head
