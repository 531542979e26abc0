"""Score the evaluations of several runs together, as of the folds of one collection.

    python tests/benchmarks/pooled.py RUN...

Each run was evaluated on its test split; pictures that could not be read there are left out. Ranges
are 95% bootstrap intervals, pictures drawn alone.
"""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np

from artstyle.metrics import bootstrap_intervals
from artstyle.storage.files import read_csv


def main() -> None:
    """Print accuracy, macro F1 and top-3 accuracy."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="+")
    rows = [
        row
        for run in parser.parse_args().run
        for row in read_csv(run / "evaluation/test/predictions.csv", ours=True)
        if row["predicted"]
    ]
    styles = sorted({row[name] for row in rows for name in ("style", "predicted")})
    targets_N, predictions_N = (
        np.array([styles.index(row[name]) for row in rows]) for name in ("style", "predicted")
    )
    top3_N = np.array([int(row["true_rank"]) <= 3 for row in rows])
    scores = bootstrap_intervals(targets_N, predictions_N, top3_N, len(styles), seed=42)
    for name, score in scores.items():
        print(f"{name} {score.value:.3f} ({score.low:.3f} to {score.high:.3f})")  # noqa: T201


if __name__ == "__main__":
    main()
