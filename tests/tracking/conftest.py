"""A run logged to all trackers: begun, resumed with one more epoch, evaluated."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.document import EvaluationReport
from artstyle.evaluation.evaluate import evaluate
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_yaml
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.environments import environment

SETTINGS = (
    "tracking.to=[wandb, tensorboard, mlflow]", "tracking.gradients=3", "tracking.samples=4",
    "tracking.group=seeds", "tracking.tags=[tiny, test]", "tracking.project=tests",
    "tracking.model=true",
)  # fmt: skip


@dataclass(frozen=True)
class Tracked:
    run: RunFolder
    store: str
    """MLflow's."""
    report: EvaluationReport
    warnings: list[str]

    @property
    def history(self) -> list[dict[str, float]]:
        return [{key: float(value) for key, value in row.items()} for row in self.run.history()]


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that trackers take for the user's own."""
    home = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "CONFIG", "CACHE"):
            patch.setenv(f"WANDB_{name}_DIR", str(home / name))
        patch.delenv("WANDB_API_KEY", raising=False)
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield home


@pytest.fixture(scope="session")
def tracked(here: Path, tiny_dataset: DatasetFolder) -> Tracked:
    for package in ("mlflow", "tensorboard", "wandb"):
        pytest.importorskip(package, reason=f"the extra {package} is not installed")
    store, warnings = (here / "store").as_uri(), list[str]()
    config = tiny_config(*SETTINGS, f"tracking.mlflow={store}")
    run = fit(config, tiny_dataset, RunFolder(here / "runs/first"), warn=warnings.append).run
    longer = run.config().model_copy(
        update={"train": run.config().train.model_copy(update={"epochs": 3})}
    )
    write_yaml(run.config_path, longer.model_dump(mode="json"))
    fit(longer, tiny_dataset, run, resume=True, warn=warnings.append)
    evaluation = evaluate(run, tiny_dataset, warn=warnings.append)
    return Tracked(run, store, evaluation.report, warnings)


@pytest.fixture
def begun(here: Path, tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder as it is before the first epoch."""
    run = RunFolder(tmp_path / "run")
    run.begin(Config(), ("Cubism", "Ukiyo_e"), environment())
    yield run
    shutil.rmtree(run.path, ignore_errors=True)
