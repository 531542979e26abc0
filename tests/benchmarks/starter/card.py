"""The starter model's card: what it is, how right it is, and what it must not be used for.

Axes: N answers, C styles, R resamples.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
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
from artstyle.styles.names import WIKIART_STYLES, display_name
from tests.benchmarks.starter.pictures import FOLDS, Pack, Positions

Features = NDArray[np.float32]
OutOfFold = Mapping[str, tuple[Positions, Features]]
"""Regime -> tested positions and their logits."""

_RESAMPLES, _SEED = 1000, 42
_DIVISIONS = 5
_WORST_CONFUSIONS = 12

_HEAD = """# The starter model

artstyle's answer before you have trained anything: it names 22 styles of WikiArt's 27, offline. It is a
logistic regression on the features of EfficientNet-Lite0, which learnt from ImageNet. `docs/starter-model.md`
has the experiments behind it, with the candidates that lost.

Expect it to be right for about {accuracy:.0%} of paintings from a collection like those of the test, and to have
the right style among its first three for {top3:.0%}. Train a model of your own when you have labelled pictures:
`artstyle probe` takes about a minute.

## What it learnt from

- {learnt:,} pictures: 1,952 paintings from 25 public collections, and two selections of WikiArt.
- Each picture is squashed to 224 x 224 pixels, so that size and aspect give nothing away.
- Some labels are wrong: in a sample, 3 to 5% were debatable, and about 8% were posters, prints or drawings.
- Not covered, for lack of pictures: {absent}. Paintings of these styles get another name.

## Licence and rights

- The weights are licensed under CC BY-NC-SA 4.0 (file `LICENSE`), because part of the training pictures is. The
  code of artstyle stays under Apache-2.0.
- WikiArt's images are for non-commercial research. Many works of the 20th century are in copyright.
- The network's ImageNet weights are licensed under Apache-2.0.

## How right it is

Each figure is from cross-validation: a picture is answered by a model that learnt from other pictures alone.
Intervals are 95%, from a bootstrap of pictures. Three questions, three ways to keep training and test apart:

- **Source:** the test's collections were not seen (1,952 paintings). This is your own collection.
- **Artist:** the test's artists were not seen.
- **Image:** only the very pictures, and copies of them, were not seen. This is what most papers report.

"""

_TAIL = """
## What it must not be used for

- Not for attribution, authentication or valuation: it knows nothing of artists, dates or materials.
- Not as the only source of a catalogue's terms: a person must look at each answer. Answers carry the model's
  fingerprint, so that they can be told apart from people's.
- Not for commercial use, by the licence above.
- Not for photographs, sculpture, buildings or pages of text. Most of them are called "unfamiliar", not all.
- Not to judge art from outside Europe, America and Japan's Ukiyo-e: it was never shown any.

## Rebuild it

The recipe is `configs/starter.yaml`. DATA holds the collections, as `docs/starter-model.md` lists them.

```sh
python -m tests.benchmarks.starter.pack DATA PACK
python -m tests.benchmarks.starter.probe PACK FEATURES
python -m tests.benchmarks.starter.bundle PACK FEATURES
```
"""


def write_card(
    path: Path, pack: Pack, answers: OutOfFold, calibration: Calibration, photographs_NF: Features
) -> None:
    """Write the card with the figures of the answers."""
    targets_N, logits_NC = _pooled(pack, answers, "source")
    scores = _scores(targets_N, logits_NC)
    parts = (
        _HEAD.format(
            accuracy=scores["accuracy"].value,
            top3=scores["top_k_accuracy"].value,
            learnt=len(pack.training("source", None)),
            absent=", ".join(display_name(s) for s in WIKIART_STYLES if s not in pack.labels),
        ),
        "\n".join(_totals(pack, answers)),
        "\n\nF1 of each style:\n\n",
        "\n".join(_styles(pack, answers)),
        "\n\n## How sure it is\n\n",
        "\n".join(_confidence(pack, answers, calibration, photographs_NF)),
        "\n\n## What it takes for what\n\n",
        "\n".join(_confusions(pack, targets_N, logits_NC)),
        "\n",
        _TAIL,
    )
    write_text(path, "".join(parts))


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
    yield "| Apart by | Pictures | Accuracy | Macro F1 | Top-3 accuracy | Always the most frequent |"
    yield "|---|---|---|---|---|---|"
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
    yield "| Style | Source | Artist | Image | Pictures (source; all) |"
    yield "|---|---|---|---|---|"
    columns = {}
    for regime in FOLDS:
        targets_N, logits_NC = _pooled(pack, answers, regime)
        columns[regime] = (*_f1(targets_N, logits_NC.argmax(axis=1), logits_NC.shape[1]),
                           np.bincount(targets_N, minlength=logits_NC.shape[1]))  # fmt: skip
    for label, style in enumerate(pack.labels):
        cells = [
            "not tested" if counts_C[label] == 0
            else f"{value_C[label]:.2f} ({low_C[label]:.2f} to {high_C[label]:.2f})"
            for value_C, low_C, high_C, counts_C in columns.values()
        ]  # fmt: skip
        counts = f"{columns['source'][3][label]}; {columns['image'][3][label]:,}"
        yield f"| {display_name(style)} | {' | '.join(cells)} | {counts} |"


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


def _confidence(
    pack: Pack, answers: OutOfFold, calibration: Calibration, photographs_NF: Features
) -> Iterator[str]:
    """Say what the verdicts are worth; each figure is of pictures that it was not fitted on."""
    positions, logits = answers["validation"]
    tested_N = pack.folds["source"][positions] >= 0
    positions, logits_NC = positions[tested_N], logits[tested_N].astype(np.float64)
    targets_N, folds_N = pack.labels_N[positions], pack.folds["source"][positions]
    before = _error(probabilities(logits_NC, None), targets_N)
    after = _error(_tempered(logits_NC, targets_N, folds_N), targets_N)
    yield f"- Calibration error on collections not seen: {before:.3f} without temperature, and"
    yield f"  {after:.3f} with one that was fitted on the other collections."
    shares, coverages, sizes, rights = _divided(pack, answers)
    yield f'- "Likely" styles: over {_DIVISIONS} random divisions of the answers into halves, they hold the'
    yield f"  true style for {_range(coverages)} of the second half. They are {np.mean(sizes):.1f} of 22 styles in the mean."
    yield f'- "Sure": {_range(shares)} of the second halves\' answers, of which {_range(rights)} are right.'
    assert calibration.fitted
    familiarity = calibration.fitted.familiarity
    if familiarity is not None:
        flagged = float((familiarity.of(photographs_NF) < UNFAMILIAR).mean())
        yield f'- "Unfamiliar": {flagged:.0%} of {len(photographs_NF)} photographs, where 5% of paintings from'
        yield "  collections not seen are."


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
    """Return share and rightness of sure answers, coverage and size of sets, for each division."""
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
        found.append((
            len(sure) / len(given),
            float(np.mean(held)),
            float(np.mean(sizes)),
            float(np.mean(sure)) if sure else np.nan,
        ))  # fmt: skip
    return tuple(zip(*found, strict=True))


def _range(values: tuple[float, ...]) -> str:
    return f"{min(values):.1%} to {max(values):.1%}"


def _confusions(pack: Pack, targets_N: Positions, logits_NC: NDArray[np.float64]) -> Iterator[str]:
    """Name the most frequent mistakes, as shares of the true style's paintings."""
    count = logits_NC.shape[1]
    confusion_CC = confusion_matrix(targets_N, logits_NC.argmax(axis=1), count).astype(np.float64)
    shares_CC = confusion_CC / np.maximum(confusion_CC.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares_CC, 0)
    yield "Of the paintings of a style, from collections not seen:"
    yield ""
    yield "| Style | is called | by |"
    yield "|---|---|---|"
    for flat in np.argsort(-shares_CC, axis=None, kind="stable")[:_WORST_CONFUSIONS]:
        true, named = np.unravel_index(flat, shares_CC.shape)
        names = display_name(pack.labels[true]), display_name(pack.labels[named])
        yield f"| {names[0]} | {names[1]} | {shares_CC[true, named]:.0%} |"
