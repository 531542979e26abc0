"""The starter model's card: what it is, how right it is, and what it must not be used for.

Axes: N answers, C styles, R resamples.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from jinja2 import StrictUndefined, Template
from numpy.typing import NDArray

from artstyle.confidence.answers import read_answers
from artstyle.confidence.calibration import UNFAMILIAR, Calibration, fit_calibration
from artstyle.confidence.temperature import fit_temperature, probabilities
from artstyle.metrics import (
    Interval,
    bootstrap_intervals,
    confusion_matrix,
    reliability,
    true_ranks,
)
from artstyle.storage.files import write_text
from artstyle.styles.vocabulary import display_name, read_vocabulary
from tests.benchmarks.starter.pictures import FOLDS, Pack, Positions

Features = NDArray[np.float32]
OutOfFold = Mapping[str, tuple[Positions, Features]]
"""Regime -> tested positions and their logits."""

_RESAMPLES, _SEED = 1000, 42
_DIVISIONS = 5
_WORST_CONFUSIONS = 12

_UNLEARNT = -50.0
"""Below the logit of every style that a head has learnt."""
_TEMPLATE = Path(__file__).with_name("card.md.jinja")


def write_card(
    path: Path, pack: Pack, answers: OutOfFold, calibration: Calibration, photographs_NF: Features
) -> None:
    """Write the card with the figures of the answers."""
    targets_N, logits_NC = _pooled(pack, answers, "source")
    scores = _scores(targets_N, logits_NC)
    absent = (
        display_name(style) for style in read_vocabulary().entries if style not in pack.labels
    )
    template = Template(
        _TEMPLATE.read_text("utf-8"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    text = template.render(
        accuracy=f"{scores['accuracy'].value:.0%}",
        top3=f"{scores['top_k_accuracy'].value:.0%}",
        learnt=f"{len(pack.training('source', None)):,}",
        absent=", ".join(absent),
        totals="\n".join(_totals(pack, answers)),
        styles="\n".join(_styles(pack, answers)),
        confusions="\n".join(_confusions(pack, targets_N, logits_NC)),
        photographs=len(photographs_NF),
        flagged=_flagged(calibration, photographs_NF),
        **_confidence(pack, answers),
    )
    write_text(path, text)


def learnt_answers(pack: Pack, answers: OutOfFold) -> tuple[Positions, Features]:
    """Return the answers for unseen sources, without pictures whose style only their source has.

    A head that has not seen that source never learnt the style.
    """
    positions, logits_NC = answers["source"]
    learnt_N = logits_NC[np.arange(len(positions)), pack.labels_N[positions]] > _UNLEARNT
    return positions[learnt_N], logits_NC[learnt_N]


def _pooled(pack: Pack, answers: OutOfFold, regime: str) -> tuple[Positions, NDArray[np.float64]]:
    positions, logits_NC = answers[regime]
    return pack.labels_N[positions], logits_NC.astype(np.float64)


def _scores(targets_N: Positions, logits_NC: NDArray[np.float64]) -> dict[str, Interval]:
    return bootstrap_intervals(
        targets_N,
        logits_NC.argmax(axis=1),
        true_ranks(logits_NC, targets_N) <= 3,
        logits_NC.shape[1],
        seed=_SEED,
    )


def _totals(pack: Pack, answers: OutOfFold) -> Iterator[str]:
    columns = ("Apart by", "Pictures", "Accuracy", "Macro F1", "Top-3 accuracy", "Majority style")
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for regime in FOLDS:
        targets_N, logits_NC = _pooled(pack, answers, regime)
        scores = _scores(targets_N, logits_NC)
        cells = [
            f"{scores[name].value:.3f} ({scores[name].low:.3f} to {scores[name].high:.3f})"
            for name in ("accuracy", "macro_f1", "top_k_accuracy")
        ]
        majority = np.bincount(targets_N).max() / len(targets_N)
        line = [regime, f"{len(targets_N):,}", *cells, f"{majority:.3f}"]
        yield f"| {' | '.join(line)} |"


def _styles(pack: Pack, answers: OutOfFold) -> Iterator[str]:
    yield "| Style | Source | Artist | Image | Pictures |"
    yield "|---|---|---|---|---|"
    columns, counts = {}, {}
    for regime in FOLDS:
        targets_N, logits_NC = _pooled(pack, answers, regime)
        size = logits_NC.shape[1]
        columns[regime] = _f1(targets_N, logits_NC.argmax(axis=1), size)
        counts[regime] = np.bincount(targets_N, minlength=size)
    learnt = set(pack.labels_N[learnt_answers(pack, answers)[0]].tolist())
    for label, style in enumerate(pack.labels):
        cells = [
            f"{value_C[label]:.2f} ({low_C[label]:.2f} to {high_C[label]:.2f})"
            for value_C, low_C, high_C in columns.values()
        ]
        of_source = counts["source"][label]
        if label not in learnt:
            cells[0] = "one source" if of_source else "not tested"
        pictures = f"{of_source}; {counts['image'][label]:,}"
        yield f"| {' | '.join([display_name(style), *cells, pictures])} |"


def _f1(
    targets_N: Positions, predictions_N: Positions, num_styles: int
) -> tuple[NDArray[np.float64], ...]:
    """Return F1 of each style, and the ends of its 95% interval over resampled pictures."""
    confusion_CC = confusion_matrix(targets_N, predictions_N, num_styles)
    drawn = np.random.default_rng(_SEED).multinomial(
        len(targets_N), confusion_CC.ravel() / len(targets_N), size=_RESAMPLES
    )
    resampled_RCC = drawn.reshape(_RESAMPLES, num_styles, num_styles)
    low_C, high_C = np.percentile(_f1_of(resampled_RCC), [2.5, 97.5], axis=0)
    return _f1_of(confusion_CC[None])[0], low_C, high_C


def _f1_of(confusion_RCC: NDArray[np.integer]) -> NDArray[np.float64]:
    right_RC = np.diagonal(confusion_RCC, axis1=1, axis2=2)
    named_RC = confusion_RCC.sum(axis=1) + confusion_RCC.sum(axis=2)
    return np.asarray(2 * right_RC / np.maximum(named_RC, 1))


def _confidence(pack: Pack, answers: OutOfFold) -> dict[str, object]:
    """Return what the verdicts are worth; each figure is of pictures that it was not fitted on."""
    sources, logits = learnt_answers(pack, answers)
    logits_NC = logits.astype(np.float64)
    targets_N, folds_N = pack.labels_N[sources], pack.folds["source"][sources]
    coverages, sizes, sure, right, total = _divided(pack, answers)
    return {
        "validated": f"{len(answers['validation'][0]):,}",
        "error_before": f"{_error(probabilities(logits_NC, None), targets_N):.3f}",
        "error_after": f"{_error(_tempered(logits_NC, targets_N, folds_N), targets_N):.3f}",
        "divisions": _DIVISIONS,
        "coverage": _range(coverages),
        "set_size": f"{np.mean(sizes):.1f}",
        "sure": f"{sum(sure):,.0f} of {sum(total):,.0f}",
        "sure_right": f"{sum(right):,.0f}",
    }


def _flagged(calibration: Calibration, photographs_NF: Features) -> str:
    assert calibration.fitted is not None
    assert calibration.fitted.familiarity is not None
    familiarity_N = calibration.fitted.familiarity.of(photographs_NF)
    return f"{(familiarity_N < UNFAMILIAR).mean():.0%}"


def _tempered(
    logits_NC: NDArray[np.float64], targets_N: Positions, folds_N: Positions
) -> NDArray[np.float64]:
    """Return probabilities at the temperature that suits the other folds."""
    result_NC = np.empty_like(logits_NC)
    for fold in np.unique(folds_N):
        own_N = folds_N == fold
        temperature = fit_temperature(logits_NC[~own_N], targets_N[~own_N])
        result_NC[own_N] = probabilities(logits_NC[own_N], temperature)
    return result_NC


def _error(probabilities_NC: NDArray[np.float64], targets_N: Positions) -> float:
    right_N = probabilities_NC.argmax(axis=1) == targets_N
    return float(reliability(probabilities_NC.max(axis=1), right_N).expected_calibration_error)


def _divided(pack: Pack, answers: OutOfFold) -> tuple[tuple[float, ...], ...]:
    """Return for each division what the second half shows.

    That is coverage and size of the sets, and how many answers are sure, right and sure, and all.
    """
    targets_N, logits_NC = _pooled(pack, answers, "validation")
    found = []
    for seed in range(_DIVISIONS):
        order = np.random.default_rng(seed).permutation(len(targets_N))
        fitted_on, tested = np.array_split(order, 2)
        calibration = fit_calibration(logits_NC[fitted_on], targets_N[fitted_on], pack.labels)
        given = read_answers(logits_NC[tested], None, calibration, pack.labels)
        truth = [pack.labels[label] for label in targets_N[tested]]
        sure = [
            pack.labels[int(answer.probabilities_C.argmax())] == style
            for answer, style in zip(given, truth, strict=True)
            if answer.verdict == "sure"
        ]
        held = [style in (answer.likely or ()) for answer, style in zip(given, truth, strict=True)]
        sizes = [len(answer.likely or ()) for answer in given]
        counts = (len(sure), sum(sure), len(given))
        found.append((float(np.mean(held)), float(np.mean(sizes)), *counts))
    return tuple(zip(*found, strict=True))


def _range(values: tuple[float, ...]) -> str:
    return f"{min(values):.1%} to {max(values):.1%}"


def _confusions(pack: Pack, targets_N: Positions, logits_NC: NDArray[np.float64]) -> Iterator[str]:
    """Name the most frequent mistakes, as shares of the true style's paintings."""
    count = logits_NC.shape[1]
    confusion_CC = confusion_matrix(targets_N, logits_NC.argmax(axis=1), count).astype(np.float64)
    shares_CC = confusion_CC / np.maximum(confusion_CC.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares_CC, 0)
    yield "| Style | is called | by |"
    yield "|---|---|---|"
    for flat in np.argsort(-shares_CC, axis=None, kind="stable")[:_WORST_CONFUSIONS]:
        true, named = np.unravel_index(flat, shares_CC.shape)
        names = display_name(pack.labels[true]), display_name(pack.labels[named])
        yield f"| {names[0]} | {names[1]} | {shares_CC[true, named]:.0%} |"
