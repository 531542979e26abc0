"""The scores of the validation split."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from artstyle import metrics
from artstyle.data.loading import Labels, read_cached
from artstyle.inference import predict_logits, require_finite_logits
from artstyle.training.features import Features
from artstyle.training.setup import Session, Setup


@dataclass(frozen=True)
class Validation:
    """Predictions for the validation split, and their scores."""

    loss: float
    """Mean cross-entropy, neither weighted nor smoothed."""
    accuracy: float
    macro_f1: float
    targets_N: Labels
    predictions_N: Labels
    seconds: float

    def score(self, monitor: str) -> float:
        """Return the score that chooses the best checkpoint."""
        return self.accuracy if monitor == "accuracy" else self.macro_f1


def validate(session: Session, setup: Setup, features: Features | None = None) -> Validation:
    """Predict the validation split and score the predictions.

    All processes share the work, unless the head alone predicts from ``features``.

    Raises:
        WeightsError: A logit is NaN or infinite.
    """
    started = time.perf_counter()
    if features is None:
        logits_NC = _logits(session, setup)
    else:
        logits_NC = require_finite_logits(features.logits(setup).numpy())
    targets_N, predictions_N = setup.validation.labels_N, logits_NC.argmax(axis=1)
    confusion_CC = metrics.confusion_matrix(targets_N, predictions_N, logits_NC.shape[1])
    loss = functional.cross_entropy(torch.from_numpy(logits_NC), torch.from_numpy(targets_N))
    return Validation(
        loss=float(loss),
        accuracy=metrics.accuracy(confusion_CC),
        macro_f1=metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
        targets_N=targets_N,
        predictions_N=predictions_N,
        seconds=time.perf_counter() - started,
    )


def _logits(session: Session, setup: Setup) -> NDArray[np.float32]:
    group = session.group
    predictions = predict_logits(
        setup.style_model(),
        setup.validation.paths[group.rank :: group.world_size],
        read_cached,
        batch_size=session.config.train.batch_size,
    )
    own = [prediction.logits_C for prediction in predictions]
    return np.stack(group.gather(own))  # type: ignore[arg-type]
