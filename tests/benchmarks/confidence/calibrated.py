"""What calibration gains on sources that were not seen, and whether its promises hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artstyle.confidence.answers import Answer, read_answers
from artstyle.confidence.calibration import fit_calibration
from artstyle.confidence.temperature import fit_temperature, probabilities
from artstyle.metrics import FloatArray, IntArray, reliability
from tests.benchmarks.confidence.probes import Fold

_SPLITS = 5


@dataclass(frozen=True)
class Pool:
    """The out-of-fold answers for all paintings whose style their model had learnt."""

    logits_NC: FloatArray
    targets_N: IntArray
    folds_N: IntArray
    labels: tuple[str, ...]


def pooled(folds: Sequence[Fold], labels_N: IntArray, labels: tuple[str, ...]) -> Pool:
    """Return the answers of all folds; a style that a fold did not learn gets a very low logit."""
    logits, targets, numbers = [], [], []
    for number, fold in enumerate(folds):
        wide_NC = np.full((len(fold.tested), len(labels)), -1e4)
        wide_NC[:, fold.probe.classes_C] = fold.probe.logits(fold.tested_ND)
        learnt_N = np.isin(labels_N[fold.tested], fold.probe.classes_C)
        logits.append(wide_NC[learnt_N])
        targets.append(labels_N[fold.tested][learnt_N])
        numbers.append(np.full(learnt_N.sum(), number))
    tested = np.unique(np.concatenate(targets))
    # The styles that no painting tests are left out: validation would lack them.
    joined_NC = np.concatenate(logits)[:, tested]
    targets_N = np.searchsorted(tested, np.concatenate(targets))
    return Pool(joined_NC, targets_N, np.concatenate(numbers), tuple(labels[c] for c in tested))


def calibration_errors(pool: Pool) -> Iterator[tuple[str, float, float, float]]:
    """Yield for each held-out fold, then for all: temperature, and the error before and after."""
    scaled_NC = pool.logits_NC.copy()
    for fold in np.unique(pool.folds_N):
        held_N = pool.folds_N == fold
        temperature = fit_temperature(pool.logits_NC[~held_N], pool.targets_N[~held_N])
        scaled_NC[held_N] /= temperature
        yield (
            f"fold {fold}",
            temperature,
            _error(pool.logits_NC[held_N], pool.targets_N[held_N]),
            _error(scaled_NC[held_N], pool.targets_N[held_N]),
        )
    yield (
        "all",
        fit_temperature(pool.logits_NC, pool.targets_N),
        _error(pool.logits_NC, pool.targets_N),
        _error(scaled_NC, pool.targets_N),
    )


def _error(logits_NC: FloatArray, targets_N: IntArray) -> float:
    probabilities_NC = probabilities(logits_NC, None)
    right_N = probabilities_NC.argmax(axis=1) == targets_N
    return reliability(probabilities_NC.max(axis=1), right_N).expected_calibration_error


def promises(pool: Pool) -> Iterator[dict[str, float]]:
    """Yield what held on one random half, after calibration on the other, for each split."""
    for seed in range(_SPLITS):
        order = np.random.default_rng(seed).permutation(len(pool.targets_N))
        half, other = np.array_split(order, 2)
        calibration = fit_calibration(pool.logits_NC[half], pool.targets_N[half], pool.labels)
        assert calibration.fitted is not None, calibration.reason
        answers = read_answers(pool.logits_NC[other], None, calibration, pool.labels)
        yield _held(answers, pool.targets_N[other], pool.labels)


def _held(
    answers: Sequence[Answer], targets_N: IntArray, labels: Sequence[str]
) -> dict[str, float]:
    truth = [labels[target] for target in targets_N]
    named_N = np.array([answer.probabilities_C.argmax() for answer in answers])
    right_N = named_N == targets_N
    sure_N = np.array([answer.verdict == "sure" for answer in answers])
    sets = [answer.likely or () for answer in answers]
    return {
        "coverage": float(np.mean([t in s for s, t in zip(sets, truth, strict=True)])),
        "styles in a set": float(np.mean([len(s) for s in sets])),
        "sure": float(sure_N.mean()),
        "right where sure": float(right_N[sure_N].mean()) if sure_N.any() else float("nan"),
    }
