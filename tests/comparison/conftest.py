"""Runs with evaluations whose answers the tests choose."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from artstyle.config import Config
from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import REPORT_NAME, ReportHeader
from artstyle.evaluation.outcome import PREDICTION_COLUMNS, Outcome
from artstyle.evaluation.summary import summarise
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv
from tests.environments import environment
from tests.evaluation.tiny import STYLES, manifest_row

MakeRun = Callable[..., RunFolder]


def painted(count: int, artists: int) -> list[ManifestRow]:
    """Return the rows of a test split, its styles and artists in turn."""
    return [
        manifest_row(
            f"{n:03}.jpg",
            STYLES[n % len(STYLES)],
            f"artist {n % artists}" if artists else "",
            "test",
            f"{n:064x}",
        )
        for n in range(count)
    ]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Return a function that writes an evaluated run: right where ``right`` says so."""

    def make(
        name: str,
        right: Sequence[bool],
        *,
        seed: int = 42,
        model: str = "simple_cnn",
        dropout: float | None = None,
        artists: int = 10,
        rows: Sequence[ManifestRow] | None = None,
    ) -> RunFolder:
        rows = painted(len(right), artists) if rows is None else rows
        truth = np.array([STYLES.index(row.style) for row in rows])
        given = np.where(right, truth, (truth + 1) % len(STYLES))
        outcome = Outcome(STYLES, tuple(rows), np.eye(len(STYLES))[given], (None,) * len(rows))
        header = ReportHeader(
            model=name, dataset="d", split="test", run=name, architecture=model,
            dataset_path="data", warnings=(),
        )  # fmt: skip
        run = RunFolder(tmp_path / "runs" / name)
        chosen = {"name": model, "dropout": dropout}
        config = Config.model_validate({"seed": seed, "model": chosen})
        run.begin(config, STYLES, environment())
        run.best_path.parent.mkdir()
        run.best_path.write_bytes(b"")
        folder = run.evaluation_path("test")
        folder.mkdir(parents=True)
        summarise(header, outcome, None).write(folder / REPORT_NAME)
        write_csv(folder / "predictions.csv", PREDICTION_COLUMNS, outcome.prediction_rows())
        return run

    return make
