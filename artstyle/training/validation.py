"""What the validation split says of a model as it stands."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from artstyle import metrics
from artstyle.data.loading import Labels, read_cached
from artstyle.inference import predict_logits, require_finite_logits
from artstyle.training.features import Features
from artstyle.training.setup import Setup


@dataclass(frozen=True)
class Validation:
    """The answers to the validation split, and their scores."""

    loss: float
    """Mean cross-entropy, neither weighted nor smoothed."""
    accuracy: float
    macro_f1: float
    targets_N: Labels
    predictions_N: Labels

    def score(self, monitor: str) -> float:
        """Return the score that chooses the best checkpoint."""
        return self.accuracy if monitor == "accuracy" else self.macro_f1


def validate(setup: Setup, batch_size: int, features: Features | None = None) -> Validation:
    """Answer the validation split and score the answers.

    The split is dealt out to all processes, unless the head alone answers from ``features``.

    Raises:
        WeightsError: An answer is no number.
    """
    if features is None:
        logits_NC = _logits(setup, batch_size)
    else:
        logits_NC = require_finite_logits(features.logits(setup).numpy())
    targets_N, predictions_N = setup.validation.labels_N, logits_NC.argmax(axis=1)
    confusion_CC = metrics.confusion_matrix(targets_N, predictions_N, logits_NC.shape[1])
    return Validation(
        loss=float(
            functional.cross_entropy(torch.from_numpy(logits_NC), torch.from_numpy(targets_N))
        ),
        accuracy=metrics.accuracy(confusion_CC),
        macro_f1=metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
        targets_N=targets_N,
        predictions_N=predictions_N,
    )


def _logits(setup: Setup, batch_size: int) -> NDArray[np.float32]:
    processes = setup.processes
    own = setup.validation.paths[processes.rank :: processes.world]
    answers = [
        prediction.logits_C
        for prediction in predict_logits(
            setup.answering(),
            own,
            read_cached,
            batch_size=batch_size,
            precision=setup.learner.precision,
        )
    ]
    return np.stack(processes.gather(answers))  # type: ignore[arg-type]
