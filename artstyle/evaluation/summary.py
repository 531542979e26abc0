"""The content of ``report.json``: every score of an evaluation, as plain data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from artstyle import metrics
from artstyle.data.artists import artist_key
from artstyle.data.manifest import ManifestRow
from artstyle.data.split_report import artist_oracle
from artstyle.evaluation.outcome import TOP_K, Outcome

_SEED = 42
_RESAMPLES = 1000
_LEVEL = 0.95


def summarise(outcome: Outcome, training: Sequence[ManifestRow] | None) -> dict[str, Any]:
    """Return all scores of an evaluation.

    Args:
        outcome: What the model said.
        training: The pictures that it learnt from; None if they are not known.
    """
    scores = metrics.style_scores(outcome.confusion_CC)
    true_log_probability_N = np.take_along_axis(
        outcome.log_probabilities_NC, outcome.targets_N[:, None], axis=1
    )
    return {
        "pictures": len(outcome.rows),
        "unreadable": len(outcome.unreadable),
        "accuracy": metrics.accuracy(outcome.confusion_CC),
        "top3_accuracy": float((outcome.ranks_N <= TOP_K).mean()),
        "macro_f1": metrics.macro_average(scores).f1,
        "weighted_f1": metrics.weighted_average(scores).f1,
        "intervals": _intervals(outcome),
        "expected_calibration_error": outcome.reliability.expected_calibration_error,
        "mean_confidence": float(outcome.confidence_N.mean()),
        "negative_log_likelihood": float(-true_log_probability_N.mean()),
        "brier_score": metrics.brier_score(outcome.probabilities_NC, outcome.targets_N),
        "artists": _by_artist(outcome),
        "artist_oracle": _oracle(outcome, training),
        "classification_report": classification_report(outcome),
        "styles_without_pictures": [
            style
            for style, support in zip(outcome.labels, scores.support_C, strict=True)
            if support == 0
        ],
        "confusion_matrix": {
            "labels": list(outcome.labels),
            "counts": outcome.confusion_CC.tolist(),
        },
        "reliability": {key: value.tolist() for key, value in asdict(outcome.reliability).items()},
    }


def classification_report(outcome: Outcome) -> dict[str, Any]:
    """Return the scores of the styles and their averages, laid out as scikit-learn does.

    Every style of the model has its entry; the macro average runs over those that are present in
    the truth, as with scikit-learn's ``labels`` set to these.
    """
    scores = metrics.style_scores(outcome.confusion_CC)
    entries: dict[str, Any] = {
        style: {
            "precision": float(scores.precision_C[label]),
            "recall": float(scores.recall_C[label]),
            "f1-score": float(scores.f1_C[label]),
            "support": int(scores.support_C[label]),
        }
        for label, style in enumerate(outcome.labels)
    }
    entries["accuracy"] = metrics.accuracy(outcome.confusion_CC)
    for name, average in (
        ("macro avg", metrics.macro_average(scores)),
        ("weighted avg", metrics.weighted_average(scores)),
    ):
        entries[name] = {
            "precision": average.precision,
            "recall": average.recall,
            "f1-score": average.f1,
            "support": len(outcome.rows),
        }
    return entries


def _intervals(outcome: Outcome) -> dict[str, Any]:
    bootstrap = _bootstrap(outcome, np.ones(len(outcome.rows), dtype=np.bool_))
    return {
        "level": _LEVEL,
        "method": "percentile bootstrap over pictures, not stratified",
        "resamples": _RESAMPLES,
        "seed": _SEED,
        "accuracy": _bounds(bootstrap["accuracy"]),
        "macro_f1": _bounds(bootstrap["macro_f1"]),
        "top3_accuracy": _bounds(bootstrap["top_k_accuracy"]),
    }


def _by_artist(outcome: Outcome) -> dict[str, Any]:
    """Return support and accuracy on artists seen and unseen in training, and on unknown ones."""
    parts: dict[str, Any] = {}
    for name, wanted in (("seen", True), ("unseen", False), ("unknown", None)):
        chosen_N = np.array([seen is wanted for seen in outcome.artist_seen], dtype=np.bool_)
        parts[name] = {"support": int(chosen_N.sum()), "accuracy": None, "interval": None}
        if chosen_N.any():
            interval = _bootstrap(outcome, chosen_N)["accuracy"]
            parts[name] |= {"accuracy": interval.value, "interval": _bounds(interval)}
    return parts


def _bootstrap(outcome: Outcome, chosen_N: metrics.BoolArray) -> dict[str, metrics.Interval]:
    return metrics.bootstrap_intervals(
        outcome.targets_N[chosen_N],
        outcome.predictions_N[chosen_N],
        outcome.ranks_N[chosen_N] <= TOP_K,
        len(outcome.labels),
        seed=_SEED,
        resamples=_RESAMPLES,
        level=_LEVEL,
    )


def _oracle(outcome: Outcome, training: Sequence[ManifestRow] | None) -> dict[str, float] | None:
    """Return what the artist's name alone would score on the same pictures."""
    if training is None:
        return None
    rows = (*training, *outcome.rows)
    oracle = artist_oracle(
        ["train"] * len(training) + ["test"] * len(outcome.rows),
        [row.style for row in rows],
        [artist_key(row.artist) for row in rows],
        "test",
    )
    return None if oracle is None else asdict(oracle)


def _bounds(interval: metrics.Interval) -> list[float]:
    return [interval.low, interval.high]
