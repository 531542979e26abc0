"""The scores compared with those of pytorch-ood."""

import numpy as np
import torch
from pytorch_ood.detector import KNN, EnergyBased, MaxLogit, ViM

from tests.benchmarks.confidence.probes import Fold
from tests.benchmarks.confidence.scores import NEIGHBOURS, PRINCIPAL, SCORES


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
