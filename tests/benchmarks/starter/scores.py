"""Score the candidates of docs/starter-model.md, each once, over its answers to all folds.

    python -m tests.benchmarks.starter.scores PACK probes.npz answers.npz...

Later files add to earlier ones. The criterion is macro F1 over the 20 tested styles plus top-3
accuracy. A candidate that lacks a fold is named and not scored.
"""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artstyle.metrics import bootstrap_intervals, log_softmax, true_ranks
from tests.benchmarks.starter.pictures import FOLDS, NETWORKS, Pack, Positions, read_pack

Answers = Mapping[str, NDArray[np.generic]]
_TEACHERS = ("B", *NETWORKS[1:])
_CANDIDATES = ("A", "A2-lite1", "A2-lite2", "A3", "B", "D", "C", *NETWORKS[1:], "E")
"""E: the three fine-tuned networks together."""


def main() -> None:
    """Print accuracy, macro F1, top-3 accuracy and the criterion with intervals."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--regime", choices=tuple(FOLDS), default="source")
    arguments = parser.parse_args()
    pack = read_pack(arguments.pack)
    answers: dict[str, NDArray[np.generic]] = {}
    for path in arguments.answers:
        answers |= dict(np.load(path))
    for candidate in _CANDIDATES:
        print(f"{candidate:20} {_line(pack, answers, candidate, arguments.regime)}")  # noqa: T201


def _line(pack: Pack, answers: Answers, candidate: str, regime: str) -> str:
    asked, log_p_NC, lacking = pooled(pack, answers, candidate, regime)
    if lacking:
        return f"not scored: lacks folds {', '.join(map(str, lacking))}"
    targets_N = pack.labels_N[asked]
    predictions_N, top3_N = log_p_NC.argmax(axis=1), true_ranks(log_p_NC, targets_N) <= 3
    found = bootstrap_intervals(targets_N, predictions_N, top3_N, len(pack.labels), seed=42)
    parts = [f"{name} {s.value:.4f} ({s.low:.3f} to {s.high:.3f})" for name, s in found.items()]
    criterion = found["macro_f1"].value + found["top_k_accuracy"].value
    return f"criterion {criterion:.4f}; {', '.join(parts)}; {len(asked)} pictures"


def pooled(
    pack: Pack, answers: Answers, candidate: str, regime: str
) -> tuple[Positions, NDArray[np.float64], list[int]]:
    """Return the tested positions, log-probabilities (N x C), and the folds that are lacking."""
    names = _TEACHERS if candidate == "E" else (candidate,)
    positions, logs, lacking = [], [], []
    for fold in range(FOLDS[regime]):
        keys = [f"{name}-{regime}-{fold}" for name in names]
        if not all(f"{key}.logits" in answers for key in keys):
            lacking.append(fold)
            continue
        tested = pack.tested(regime, fold)
        given = [answers[f"{key}.logits"][: len(tested)].astype(np.float64) for key in keys]
        assert all((answers[f"{key}.positions"][: len(tested)] == tested).all() for key in keys)
        positions.append(tested)
        mean_NC = np.mean([np.exp(log_softmax(logits)) for logits in given], axis=0)
        logs.append(np.log(np.maximum(mean_NC, 1e-300)))
    if not positions:
        return np.empty(0, np.int64), np.empty((0, len(pack.labels))), lacking
    return np.concatenate(positions), np.concatenate(logs), lacking


if __name__ == "__main__":
    main()
