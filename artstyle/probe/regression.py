"""Logistic regression on features: its penalty chosen by cross-validation, its result a layer.

Axes: N images, F features, C styles.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from artstyle.data.loading import Labels
from artstyle.metrics import BoolArray, log_loss
from artstyle.progress import Progress, silent

Features = NDArray[np.float32]

FOLDS = 5
CANDIDATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Values of C that are tried; the penalty is on standardised features."""
_USUAL_C = 0.003
"""For data that cannot be divided for a comparison; it was the best on real paintings."""
_MAX_UPDATES = 2000
# Below every logit of a style that was learnt, and still a number in half precision.
_NEVER = -100.0


@dataclass(frozen=True)
class LinearHead:
    """The last layer of a network: ``logits_NC = features_NF @ weight_CF.T + bias_C``."""

    weight_CF: Features
    bias_C: NDArray[np.float32]

    def logits(self, features_NF: Features) -> Features:
        """Return logits, N x C."""
        return features_NF @ self.weight_CF.T + self.bias_C


@dataclass(frozen=True)
class ChosenC:
    """The inverse strength of the penalty, and why it was chosen."""

    c: float
    losses: Mapping[float, float] = field(default_factory=dict)
    """C -> log loss of the images held out; empty if nothing was compared."""
    folds: int = 0
    """How many times a part of the images was held out; 0 if nothing was compared."""


def fit_head(
    features_NF: Features, labels_N: Labels, num_styles: int, c: float, *, balanced: bool
) -> LinearHead:
    """Fit a logistic regression on standardised features and return it as a layer for raw ones.

    Standardisation ``(x - mean) / scale`` moves into weight and bias, so the layer needs no step
    before it. A style without an image is never answered. Equal inputs give equal bits: the fit
    uses one thread.

    Args:
        features_NF: One row for each image.
        labels_N: In [0, num_styles); at least two of them differ.
        num_styles: C.
        c: Inverse strength of the L2 penalty.
        balanced: Weigh images so that each style counts the same.
    """
    (head,) = _fit_path(features_NF, labels_N, num_styles, (c,), balanced)
    return head


def fit_separate_heads(
    features_NF: Features, truth_NC: BoolArray, c: float, *, balanced: bool
) -> LinearHead:
    """Fit one logistic regression for each label, against all others, and return them as a layer.

    A label that no image has is never given; one that every image has always is.

    Args:
        features_NF: One row for each image.
        truth_NC: Whether it has each label.
        c: Inverse strength of the L2 penalty.
        balanced: Weigh images so that those with a label count as much as those without.
    """
    weight_CF = np.zeros((truth_NC.shape[1], features_NF.shape[1]), np.float32)
    bias_C = np.where(truth_NC.any(axis=0), -_NEVER, _NEVER).astype(np.float32)
    for label, truth_N in enumerate(truth_NC.T):
        if 0 < truth_N.sum() < len(truth_N):
            head = fit_head(features_NF, truth_N.astype(np.int64), 2, c, balanced=balanced)
            weight_CF[label] = head.weight_CF[1] - head.weight_CF[0]
            bias_C[label] = head.bias_C[1] - head.bias_C[0]
    return LinearHead(weight_CF, bias_C)


def choose_c(
    features_NF: Features,
    labels_N: Labels,
    groups_N: Sequence[str],
    *,
    balanced: bool,
    seed: int,
    progress: Progress = silent,
) -> ChosenC:
    """Return the C with the lowest log loss on groups of images that the fit did not see.

    On samples of 100 and 300 real paintings it chose better than accuracy and macro F1 did, by
    their own measure too: they jump with single images. An image of a style that the other images
    of a fold lack does not count, since no C could answer it.

    Args:
        features_NF: One row for each image.
        labels_N: Its label.
        groups_N: Images of one group are held out together: those of an artist.
        balanced: As in `fit_head`.
        seed: For the division into folds.
        progress: Called after each fold.
    """
    num_styles = int(labels_N.max()) + 1
    held_out: list[tuple[Labels, list[Features]]] = []
    folds = list(_folds(labels_N, groups_N, seed))
    for done, (learnt, tested) in enumerate(folds, start=1):
        heads = _fit_path(features_NF[learnt], labels_N[learnt], num_styles, CANDIDATES, balanced)
        logits = [head.logits(features_NF[tested]) for head in heads]
        held_out.append((labels_N[tested], logits))
        progress("choosing C", done, len(folds))
    if not held_out:
        return ChosenC(_USUAL_C)
    targets_N = np.concatenate([targets for targets, _ in held_out])
    losses = {
        c: log_loss(np.concatenate([logits[at] for _, logits in held_out]), targets_N)
        for at, c in enumerate(CANDIDATES)
    }
    return ChosenC(min(CANDIDATES, key=losses.__getitem__), losses, len(folds))


def _folds(labels_N: Labels, groups_N: Sequence[str], seed: int) -> Iterator[tuple[Labels, Labels]]:
    """Yield images to fit and to hold out; none if the groups cannot be divided."""
    largest = int(np.bincount(labels_N).max())
    folds = min(FOLDS, len(set(groups_N)), largest)
    if folds < 2:
        return
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings():
        # A warning about styles with fewer images than folds, which need not stop the comparison.
        warnings.simplefilter("ignore", UserWarning)
        divided = list(splitter.split(labels_N, labels_N, groups_N))
    for learnt, tested in divided:
        known = tested[np.isin(labels_N[tested], labels_N[learnt])]
        if len(known) and len(set(labels_N[learnt].tolist())) > 1:
            yield learnt, known


def _fit_path(
    features_NF: Features, labels_N: Labels, num_styles: int, path: Sequence[float], balanced: bool
) -> list[LinearHead]:
    """Return the layer for each C; each fit starts where the one before it ended."""
    mean_F = features_NF.mean(axis=0, dtype=np.float64)
    scale_F = features_NF.std(axis=0, dtype=np.float64)
    scale_F[scale_F == 0] = 1  # A feature that never varies gets the weight 0.
    standard_NF = ((features_NF - mean_F) / scale_F).astype(np.float32)
    regression = LogisticRegression(
        class_weight="balanced" if balanced else None, max_iter=_MAX_UPDATES, warm_start=True
    )
    heads = []
    # The order of additions in a product depends on the number of threads.
    with threadpool_limits(1):
        for c in path:
            regression.set_params(C=c).fit(standard_NF, labels_N)
            heads.append(_layer(regression, mean_F, scale_F, num_styles))
    return heads


def _layer(
    regression: LogisticRegression,
    mean_F: NDArray[np.float64],
    scale_F: NDArray[np.float64],
    num_styles: int,
) -> LinearHead:
    weight_KF, bias_K = regression.coef_.astype(np.float64), regression.intercept_
    if len(weight_KF) == 1:  # With two styles, scikit-learn keeps the difference of their logits.
        weight_KF = np.concatenate([-weight_KF, weight_KF]) / 2
        bias_K = np.concatenate([-bias_K, bias_K]) / 2
    weight_CF = np.zeros((num_styles, len(mean_F)))
    bias_C = np.full(num_styles, _NEVER)
    weight_CF[regression.classes_] = weight_KF / scale_F
    bias_C[regression.classes_] = bias_K - weight_CF[regression.classes_] @ mean_F
    return LinearHead(weight_CF.astype(np.float32), bias_C.astype(np.float32))
