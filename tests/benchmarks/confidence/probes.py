"""Candidate A of docs/starter-model.md in each source-disjoint fold, and features of others."""

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


def frozen_others(pack: Pack, folder: Path, features_ND: Features) -> dict[str, Features]:
    """Return the frozen features of photographs, pages of text, textures and noise."""
    built = build_network(NETWORK, 1, weights=str(folder / f"{NETWORK}.safetensors"))
    network, spec = built.network, built.spec
    network.set_submodule(spec.head, nn.Identity())
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
