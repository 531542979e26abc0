"""Fixtures of the evaluation: a tiny data set and a tiny run."""

from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.evaluate import Evaluation, evaluate
from artstyle.runs.folder import RunFolder
from tests.evaluation.tiny import write_dataset, write_run


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetFolder:
    return write_dataset(tmp_path / "data")


@pytest.fixture
def run(tmp_path: Path, dataset: DatasetFolder) -> RunFolder:
    return write_run(tmp_path / "runs" / "tiny", dataset)


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The evaluation of ``runs/tiny`` on the test split of ``data`` beside it, for reading only."""
    folder = tmp_path_factory.mktemp("evaluated")
    dataset = write_dataset(folder / "data")
    return evaluate(write_run(folder / "runs" / "tiny", dataset), dataset, batch_size=5)


@pytest.fixture
def evaluated_run(evaluation: Evaluation) -> RunFolder:
    return RunFolder(evaluation.path.parents[1])


@pytest.fixture
def evaluated_data(evaluated_run: RunFolder) -> DatasetFolder:
    return DatasetFolder(evaluated_run.path.parents[1] / "data")
