"""Which score finds unfamiliar pictures, and what calibration gains; see docs/experiments.md.

    python -m tests.benchmarks.confidence PACK PROBE [--oracle]

PACK is the folder of `tests.benchmarks.starter.pack`. PROBE is the one of
`tests.benchmarks.starter.probe`, with the features of its first network.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from artstyle.confidence.temperature import probabilities
from artstyle.metrics import FloatArray
from tests.benchmarks.confidence.calibrated import calibration_errors, pooled, promises
from tests.benchmarks.confidence.probes import NETWORK, frozen_others, probed
from tests.benchmarks.confidence.scores import SCORES, Features, Probe
from tests.benchmarks.starter.pictures import Pack, read_pack

_FLAGGED = 0.05
_ROUNDS = 5
"""In each round, every fifth style is left out of training."""

Case = tuple[Probe, Features, dict[str, Features]]
"""A model, unseen paintings, and kinds of pictures that should be less familiar."""


def main() -> None:
    """Print all tables."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("probe", type=Path)
    parser.add_argument("--oracle", action="store_true", help="Compare with pytorch-ood and MAPIE.")
    arguments = parser.parse_args()
    pack = read_pack(arguments.pack)
    features_ND = np.load(arguments.probe / f"features-{NETWORK}.npy")
    folds = list(probed(pack, features_ND))
    if arguments.oracle:
        from tests.benchmarks.confidence.oracle import (  # noqa: PLC0415  # optional packages
            differences,
            different_sets,
        )

        _show(f"{name:28}{share:.1e}" for name, share in differences(folds[0]).items())
    pool = pooled(folds, pack.labels_N, pack.labels)
    if arguments.oracle:
        shown_NC, half = probabilities(pool.logits_NC, None), len(pool.targets_N) // 2
        _show(
            f"coverage {coverage}: "
            f"{different_sets(shown_NC[:half], pool.targets_N[:half], shown_NC[half:], coverage)}"
            f" of {len(shown_NC) - half} sets are not MAPIE's"
            for coverage in (0.5, 0.8, 0.9, 0.95)
        )
    _show(
        f"{name:8} temperature {temperature:.3f}, error {before:.3f} -> {after:.3f}"
        for name, temperature, before, after in calibration_errors(pool)
    )
    _show(", ".join(f"{k} {v:.3f}" for k, v in split.items()) for split in promises(pool))
    others = frozen_others(pack, arguments.pack, features_ND)
    _show(_table((fold.probe, fold.tested_ND, others) for fold in folds))
    _show(_table(_left_out(pack, features_ND)))


def _left_out(pack: Pack, features_ND: Features) -> Iterator[Case]:
    styles = np.unique(pack.labels_N[pack.labels_N >= 0])
    for turn in range(_ROUNDS):
        left_out = styles[turn::_ROUNDS]
        for fold in probed(pack, features_ND, left_out.tolist()):
            new_N = np.isin(pack.labels_N[fold.tested], left_out)
            others = {"styles left out": fold.tested_ND[new_N]} if new_N.any() else {}
            yield fold.probe, fold.tested_ND[~new_N], others


def _table(cases: Iterable[Case]) -> Iterator[str]:
    """Yield a line for each score: AUROC, and the share flagged where 5% of paintings are.

    Both are means over the cases, weighted by their unseen paintings.
    """
    found: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
    for probe, known_ND, others in cases:
        for name, fit in SCORES.items():
            score = fit(probe)
            known_N = score(known_ND)
            for kind, features_ND in others.items():
                measured = _measured(known_N, score(features_ND))
                found.setdefault((name, kind), []).append((*measured, len(known_ND)))
    kinds = dict.fromkeys(kind for _, kind in found)
    yield f"{'AUROC, share flagged':28}" + "".join(f"{kind:>18}" for kind in kinds)
    for name in SCORES:
        yield f"{name:28}" + "".join(_cell(np.array(found[name, kind])) for kind in kinds)


def _measured(known_N: FloatArray, others_N: FloatArray) -> tuple[float, float]:
    is_known = np.repeat([1, 0], [len(known_N), len(others_N)])
    area = roc_auc_score(is_known, np.concatenate([known_N, others_N]))
    return float(area), float((others_N < np.quantile(known_N, _FLAGGED)).mean())


def _cell(measured: FloatArray) -> str:
    area, flagged = np.average(measured[:, :2], axis=0, weights=measured[:, 2])
    return f"{area:11.3f}, {flagged:4.0%} "


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
