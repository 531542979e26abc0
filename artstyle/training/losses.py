"""The loss functions: one loss for each image.

Where an image has one label, the labels compete (softmax, cross-entropy). Where it may have
several, each is answered by itself (sigmoid, binary cross-entropy). `build_loss` chooses; the
other functions see it from the targets: unmixed, they have two axes exactly in the second case.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from artstyle.config import LossConfig
from artstyle.data.loading import Labels
from artstyle.data.sampling import class_weights

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (N x C) and targets (N labels, or N x C shares) to N losses."""


def build_loss(
    config: LossConfig,
    labels_N: Labels,
    num_styles: int,
    device: torch.device,
    *,
    multi: bool = False,
) -> Loss:
    """Return the configured loss.

    The losses are not averaged here, because an update may span several processes and batches: it
    averages over all its images. Class weights have a mean of 1 over the training images, so they
    do not change the scale of the loss.

    Args:
        config: Chooses the loss.
        labels_N: Labels of the training images, for class weights; each label of each image.
        num_styles: C.
        device: The device of the logits.
        multi: Whether an image may have several labels (`LabelsConfig.multi`).
    """
    weights_C = None
    if config.class_weights == "balanced":
        balanced_C = class_weights(labels_N, num_styles)
        weights_C = torch.tensor(balanced_C, dtype=torch.float32, device=device)

    gamma = config.focal_gamma if config.name == "focal" else 0.0
    if multi:
        return lambda logits_NC, targets_NC: binary_loss(
            logits_NC,
            targets_NC * (1 - config.label_smoothing) + config.label_smoothing / 2,
            gamma=gamma,
            weights_C=weights_C,
        )
    if config.name == "focal":
        return lambda logits_NC, targets: focal_loss(
            logits_NC,
            smooth(one_hot(targets, num_styles), config.label_smoothing),
            gamma=gamma,
            weights_C=weights_C,
        )
    return lambda logits_NC, targets: functional.cross_entropy(
        logits_NC,
        targets,
        weight=weights_C,
        label_smoothing=config.label_smoothing,
        reduction="none",
    )


def plain_loss(logits_NC: Tensor, targets: Tensor) -> float:
    """Return the mean cross-entropy: neither weighted, smoothed nor mixed, whatever is optimised.

    Training and validation are compared by it. It is the binary one where an image may have
    several labels.
    """
    if targets.ndim == 2:
        return float(binary_loss(logits_NC, targets).mean())
    return float(functional.cross_entropy(logits_NC, targets))


def right_answers(logits_NC: Tensor, targets: Tensor) -> float:
    """Return how many images are answered rightly; of several labels, the share of them that is.

    Args:
        logits_NC: The answers.
        targets: N labels, or N x C of 0 and 1: then a label is given from a probability of 0.5 on.
    """
    if targets.ndim == 2:
        return float(((logits_NC >= 0) == (targets > 0)).float().mean(dim=1).sum())
    return float((logits_NC.argmax(dim=1) == targets).sum())


def binary_loss(
    logits_NC: Tensor, targets_NC: Tensor, *, gamma: float = 0.0, weights_C: Tensor | None = None
) -> Tensor:
    """Return the mean binary cross-entropy over the labels of each image, N.

    With gamma, right answers are discounted by (1 - p)^gamma (Lin et al. 2017, eq. 4), where p is
    the probability of the truth; of a soft target, its expectation.
    """
    terms_NC = functional.binary_cross_entropy_with_logits(logits_NC, targets_NC, reduction="none")
    if gamma:
        given_NC = logits_NC.sigmoid()
        true_NC = given_NC * targets_NC + (1 - given_NC) * (1 - targets_NC)
        terms_NC = terms_NC * (1 - true_NC) ** gamma
    if weights_C is not None:
        terms_NC = terms_NC * weights_C
    return terms_NC.mean(dim=1)


def focal_loss(
    logits_NC: Tensor, shares_NC: Tensor, *, gamma: float, weights_C: Tensor | None = None
) -> Tensor:
    """Return -sum_c w_c t_c (1 - p_c)^gamma log p_c for each image (Lin et al. 2017, eq. 5).

    With gamma 0 and no weights it is cross-entropy. Unlike in the paper, targets are shares and not
    labels, so that mixup and label smoothing work too.
    """
    log_p_NC = functional.log_softmax(logits_NC, dim=1)
    terms_NC = -shares_NC * (1 - log_p_NC.exp()) ** gamma * log_p_NC
    if weights_C is not None:
        terms_NC = terms_NC * weights_C
    return terms_NC.sum(dim=1)


def one_hot(targets: Tensor, num_styles: int) -> Tensor:
    """Return labels as shares, N x C; shares are returned as they are."""
    if targets.ndim == 2:
        return targets
    return functional.one_hot(targets, num_styles).float()


def smooth(shares_NC: Tensor, smoothing: float) -> Tensor:
    """Spread a share of the target evenly over all styles (Szegedy et al. 2016, sec. 7)."""
    return shares_NC * (1 - smoothing) + smoothing / shares_NC.shape[1]
