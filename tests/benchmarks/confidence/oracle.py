"""The scores compared with those of pytorch-ood, the sets with those of MAPIE."""

import numpy as np
import torch
from mapie.classification import SplitConformalClassifier
from pytorch_ood.detector import KNN, EnergyBased, MaxLogit, ViM
from sklearn.base import BaseEstimator, ClassifierMixin

from artstyle.confidence.sets import least_probability, likely_sets
from artstyle.metrics import FloatArray, IntArray
from tests.benchmarks.confidence.probes import Fold
from tests.benchmarks.confidence.scores import NEIGHBOURS, PRINCIPAL, SCORES


class _Shown(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose input are its probabilities."""

    def __init__(self, num_styles: int = 2) -> None:
        self.num_styles = num_styles
        self.classes_ = np.arange(num_styles)
        self.is_fitted_ = True

    def fit(self, given_NC: FloatArray, targets_N: IntArray) -> "_Shown":
        """Do nothing."""
        return self

    def predict_proba(self, given_NC: FloatArray) -> FloatArray:
        """Return the input."""
        return given_NC

    def predict(self, given_NC: FloatArray) -> IntArray:
        """Return the most probable styles."""
        labels_N: IntArray = given_NC.argmax(axis=1)
        return labels_N


def different_sets(
    probabilities_NC: FloatArray, targets_N: IntArray, new_NC: FloatArray, coverage: float
) -> int:
    """Return how many sets of new pictures differ from MAPIE's LAC; its empty ones do not count."""
    theirs = SplitConformalClassifier(
        _Shown(probabilities_NC.shape[1]), coverage, conformity_score="lac", prefit=True
    )
    theirs.conformalize(probabilities_NC, targets_N)
    sets_NC = theirs.predict_set(new_NC)[1][:, :, 0]
    ours_NC = likely_sets(new_NC, least_probability(probabilities_NC, targets_N, coverage))
    return int(((sets_NC != ours_NC).any(axis=1) & sets_NC.any(axis=1)).sum())


def differences(fold: Fold) -> dict[str, float]:
    """Return for each score its largest difference from pytorch-ood's, as a share of its spread."""
    probe, tested_ND = fold.probe, torch.from_numpy(fold.tested_ND)
    logits_NC = torch.from_numpy(probe.logits(fold.tested_ND))
    weights, bias = (torch.from_numpy(a) for a in (probe.weights_CD, probe.bias_C))
    known_ND, labels_N = torch.from_numpy(probe.features_ND), torch.from_numpy(probe.labels_N)
    theirs = {
        "energy": EnergyBased(None).predict_logits(logits_NC),
        "maximum logit": MaxLogit(None).predict_logits(logits_NC),
        "50th nearest picture": KNN(None, k=NEIGHBOURS).fit_features(known_ND, labels_N)
        .predict_features(tested_ND),
        "ViM": ViM(None, PRINCIPAL, weights, bias).fit_features(known_ND, labels_N)
        .predict_features(tested_ND),
    }  # fmt: skip
    found = {}
    for name, scores in theirs.items():
        outlying_N, ours_N = scores.numpy(), SCORES[name](probe)(fold.tested_ND)
        found[name] = float(np.abs(outlying_N + ours_N).max() / np.ptp(ours_N))
    return found
