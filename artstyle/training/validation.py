"""The validation split: its scores after each epoch, and the calibration at the end.

The loss of some training images is computed with it, in the same way: only so can the two be
compared. The loss that training optimises is of augmented images, with dropout, and may be mixed,
smoothed and weighted.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from artstyle import metrics
from artstyle.confidence.calibration import fit_calibration, fit_thresholds, why_not
from artstyle.confidence.familiarity import style_means
from artstyle.confidence.thresholds import separate_accuracy
from artstyle.data.loading import Labelled, Labels, read_cached
from artstyle.inference import predict_logits, require_finite_logits
from artstyle.models.checkpoint import load_style_model, store_calibration
from artstyle.models.header import read_header
from artstyle.models.style_model import StyleModel
from artstyle.styles.targets import sigmoid
from artstyle.training.features import Features
from artstyle.training.losses import plain_loss
from artstyle.training.setup import Session, Setup

_PICTURES_A_MEAN = 20
"""More training images change what is unfamiliar little (docs/experiments.md)."""

_SAMPLE_SHARE = 20
_SAMPLE_SIZES = 100, 1000
"""The training loss is of every 20th training image, but of 100 at least and 1000 at most: it costs
an epoch little, and its standard error is about 0.1 with 100 images and 0.03 with 1000."""


@dataclass(frozen=True)
class Validation:
    """Predictions for the validation split, and their scores."""

    loss: float
    """Mean cross-entropy, neither weighted nor smoothed."""
    plain_train_loss: float
    """The same of a sample of the training images, with the same weights, not augmented."""
    accuracy: float
    macro_f1: float
    targets_N: Labels
    """For a confusion matrix, which a run of several labels has none of."""
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
    sample_M = training_sample(setup.training.labels_N)
    if features is None:
        both_NC = _logits(session, setup, sample_M)
    else:
        both_NC = require_finite_logits(features.logits(setup, sample_M).numpy())
    targets_N = setup.validation.labels_N
    logits_NC, sampled_MC = np.split(both_NC, [len(targets_N)])
    accuracy, macro_f1 = _scores(logits_NC, setup.validation)
    return Validation(
        loss=_loss(logits_NC, setup.validation.targets),
        plain_train_loss=_loss(sampled_MC, setup.training.targets[sample_M]),
        accuracy=accuracy,
        macro_f1=macro_f1,
        targets_N=targets_N,
        predictions_N=logits_NC.argmax(axis=1),
        seconds=time.perf_counter() - started,
    )


def _scores(logits_NC: NDArray[np.float32], validation: Labelled) -> tuple[float, float]:
    """Return accuracy and macro F1.

    Of several labels, accuracy is the share of right answers at a probability of 0.5, and each
    label's F1 is the one at its best threshold: that is the threshold that the run keeps.
    """
    if validation.shares_NC is None:
        confusion_CC = metrics.confusion_matrix(
            validation.labels_N, logits_NC.argmax(axis=1), logits_NC.shape[1]
        )
        return (
            metrics.accuracy(confusion_CC),
            metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
        )
    return separate_accuracy(sigmoid(logits_NC), validation.shares_NC > 0)


def training_sample(labels_N: Labels) -> NDArray[np.int64]:
    """Return the positions of the training images whose loss is compared with validation's.

    They are the same in every epoch, spread evenly over the styles: each has its share, give or
    take one image.
    """
    smallest, largest = _SAMPLE_SIZES
    size = min(len(labels_N), max(smallest, min(largest, len(labels_N) // _SAMPLE_SHARE)))
    places_M = np.linspace(0, len(labels_N), size, endpoint=False).astype(np.int64)
    return np.argsort(labels_N, kind="stable")[places_M]


def _loss(
    logits_NC: NDArray[np.float32], targets: NDArray[np.int64] | NDArray[np.float32]
) -> float:
    return plain_loss(torch.from_numpy(logits_NC), torch.from_numpy(targets))


def calibrate(session: Session, setup: Setup) -> None:
    """Fit the calibration of the best weights, and store it in the best checkpoint.

    A checkpoint that has one stays as it is. The main process works alone.

    Raises:
        WeightsError: A logit is NaN or infinite.
    """
    path = session.run.best_path
    if not session.group.is_main or read_header(path).calibration is not None:
        return
    targets_N = setup.validation.labels_N
    usable = not setup.header.multi and not why_not(targets_N, setup.header.labels)
    some = _spread(setup.training.labels_N) if usable else np.empty(0, np.int64)
    paths = [*setup.validation.paths, *(setup.training.paths[position] for position in some)]
    session.progress("calibrating", 0, len(paths))
    model = load_style_model(path, setup.device)
    logits_NC, features_ND = _answers(session, model, paths)
    total = len(targets_N)
    known_ND = means_CD = None
    if features_ND is not None and usable:
        known_ND = features_ND[:total]
        means_CD = style_means(features_ND[total:], setup.training.labels_N[some])
    shares_NC = setup.validation.shares_NC
    if shares_NC is not None:
        store_calibration(path, fit_thresholds(logits_NC, shares_NC > 0, model.labels))
        return
    calibration = fit_calibration(logits_NC[:total], targets_N, model.labels, known_ND, means_CD)
    store_calibration(path, calibration)
    if calibration.reason:
        session.warn(f"answers will not say how sure they are: {calibration.reason}")


def _spread(labels_N: Labels) -> NDArray[np.int64]:
    """Return positions of at most `_PICTURES_A_MEAN` images of each style, spread evenly."""
    positions = [np.flatnonzero(labels_N == label) for label in np.unique(labels_N)]
    chosen = [
        found[np.linspace(0, len(found) - 1, min(len(found), _PICTURES_A_MEAN)).astype(int)]
        for found in positions
    ]
    return np.concatenate(chosen)


def _answers(
    session: Session, model: StyleModel, paths: Sequence[Path]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return logits and features of images, in float32 as `predict` computes them."""
    wanted = tuple(model.outputs & {"features"})
    answered = []
    for done, prediction in enumerate(
        predict_logits(model, paths, read_cached, outputs=wanted), start=1
    ):
        answered.append(prediction)
        session.progress("calibrating", done, len(paths))
    logits_NC = np.stack([p.logits_C for p in answered])  # type: ignore[misc]
    if not wanted:
        return logits_NC, None
    return logits_NC, np.stack([p.features_D for p in answered])  # type: ignore[misc]


def _logits(session: Session, setup: Setup, sample_M: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logits of the validation split, then those of some training images."""
    group = session.group
    paths = [*setup.validation.paths, *(setup.training.paths[position] for position in sample_M)]
    predictions = predict_logits(
        setup.style_model(),
        paths[group.rank :: group.world_size],
        read_cached,
        batch_size=session.config.train.batch_size,
    )
    own = [prediction.logits_C for prediction in predictions]
    return np.stack(group.gather(own))  # type: ignore[arg-type]
