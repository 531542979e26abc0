"""What each tracker holds, read back with its own reader; and that none of them stops a run."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from artstyle.config import Config
from artstyle.errors import ConfigError
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.settings.tracking import TrackingConfig
from artstyle.tracking.trackers import Trackers
from tests.environments import environment
from tests.reliability.disks import fill, small_disk
from tests.tracking.conftest import Tracked

ROW = {"epoch": 1, "val_loss": 1.5, "val_accuracy": 0.25}


def config(**tracking: Any) -> Config:
    return Config(tracking=TrackingConfig(**tracking))


def records(log: Path) -> list[dict[str, Any]]:
    """The records of a log, as ``wandb leet inspect`` gives them."""
    core = import_module("wandb.util").get_core_path()
    words = ("leet", "inspect", "--no-observability", "--json", "--run-file")
    command = [core, *words, str(log), str(log.parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_python(script: str) -> subprocess.CompletedProcess[str]:
    # wandb leaves the address of this process's own service there.
    own = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=own)


@pytest.fixture(scope="module")
def wandb_starts(tracked: Tracked) -> list[list[dict[str, Any]]]:
    """The records of training, of its resume, and of the evaluation."""
    logs = sorted((tracked.run.path / "wandb").glob("offline-run-*/*.wandb"))
    return [records(log) for log in sorted(logs, key=lambda log: log.stat().st_mtime)]


def of_type(starts: list[list[dict[str, Any]]], kind: str) -> list[dict[str, Any]]:
    return [each[kind] for start in starts for each in start if each["type"] == kind]


def test_nothing_is_said_where_all_trackers_work(tracked: Tracked) -> None:
    assert [line for line in tracked.warnings if "off for this run" in line] == []


def test_wandb_has_one_run_over_start_resume_and_evaluation(
    tracked: Tracked, wandb_starts: list[list[dict[str, Any]]]
) -> None:
    runs = of_type(wandb_starts, "run")
    assert len(wandb_starts) == 3
    ids = {run["run_id"] for run in runs}
    assert ids == {json.loads(tracked.run.tracking_path.read_text("utf-8"))["wandb"]}
    assert runs[0]["run_group"] == "seeds"
    assert runs[0]["tags"] == ["tiny", "test"]
    assert runs[0]["project"] == "tests"


def test_wandb_has_one_commit_an_epoch_on_the_axis_of_epochs(
    tracked: Tracked, wandb_starts: list[list[dict[str, Any]]]
) -> None:
    rows = [row["item"] for row in of_type(wandb_starts, "history")]
    epochs = [row for row in rows if "val_loss" in row]
    history = tracked.history
    assert [{key: row[key] for key in history[0]} for row in epochs] == history
    # 28 images in batches of 8: 4 updates an epoch.
    assert [row["update"] for row in rows if "val_loss" not in row] == [3, 6, 9, 12]
    assert all("gradients/classifier.4.weight.bins" in row for row in rows if "update" in row)
    axes = {
        each.get("glob_name"): each.get("step_metric") for each in of_type(wandb_starts, "metric")
    }
    assert axes == {"*": "epoch", "gradients/*": "update"}


def test_wandb_has_what_decided_the_run_the_samples_and_the_model(
    tracked: Tracked, wandb_starts: list[list[dict[str, Any]]]
) -> None:
    given = json.dumps(of_type(wandb_starts, "run")[0]["config"])
    assert tracked.report.dataset in given
    assert '"precision": "fp32"' in given
    items = [row["item"] for row in of_type(wandb_starts, "history")]
    assert any("samples._type" in item for item in items)
    assert any("confusion_table._type" in item for item in items)
    stored = [
        each["name"] for each in of_type(wandb_starts, "artifact") if each.get("type") == "model"
    ]
    assert len(stored) == 2  # of the first end and of the resumed one


def test_wandbs_summary_has_the_best_values_and_the_test_scores(
    tracked: Tracked, wandb_starts: list[list[dict[str, Any]]]
) -> None:
    summary: dict[str, Any] = {}
    for each in of_type(wandb_starts, "summary"):
        summary |= each["update"]
    best = max(tracked.history, key=lambda row: row["val_accuracy"])
    assert summary["best_val_accuracy"] == best["val_accuracy"]
    assert summary["best_epoch"] == best["epoch"]
    assert summary["test_accuracy"] == pytest.approx(tracked.report.accuracy)
    assert summary["test_macro_f1"] == pytest.approx(tracked.report.macro_f1)


def test_tensorboard_has_every_column_the_gradients_the_samples_and_the_scores(
    tracked: Tracked,
) -> None:
    reading = import_module("tensorboard.backend.event_processing.event_accumulator")
    keep_all = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
    events = reading.EventAccumulator(str(tracked.run.tensorboard_path), size_guidance=keep_all)
    events.Reload()
    history = tracked.history
    for name in history[0].keys() - {"epoch"}:
        logged = {event.step: event.value for event in events.Scalars(name)}
        # Event files hold float32.
        assert logged == pytest.approx({row["epoch"]: row[name] for row in history}, rel=1e-6)
    updates = [event.step for event in events.Histograms("gradients/classifier.4.weight")]
    assert updates == [3, 6, 9, 12]
    (score,) = events.Scalars("test_accuracy")
    assert (score.step, score.value) == (3, pytest.approx(tracked.report.accuracy))
    assert {"samples/1", "samples/4"} <= set(events.Tags()["images"])
    (text,) = events.Tensors("configuration/text_summary")
    assert tracked.report.dataset.encode() in text.tensor_proto.string_val[0]


def test_mlflow_has_one_finished_run_with_settings_columns_and_scores(tracked: Tracked) -> None:
    client = import_module("mlflow").MlflowClient(tracked.store)
    experiment = client.get_experiment_by_name("tests")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert run.data.params["model.name"] == "simple_cnn"
    assert run.data.params["run.dataset_fingerprint"] == tracked.report.dataset
    assert run.data.tags["group"] == "seeds"
    assert run.data.tags["tiny"] == "true"
    for name in tracked.history[0].keys() - {"epoch"}:
        logged = {m.step: m.value for m in client.get_metric_history(run.info.run_id, name)}
        assert logged == {row["epoch"]: row[name] for row in tracked.history}
    assert run.data.metrics["test_macro_f1"] == tracked.report.macro_f1
    assert run.data.metrics["best_epoch"] in (1, 2, 3)
    stored = Path(client.download_artifacts(run.info.run_id, "model/best.safetensors"))
    assert stored.read_bytes() == tracked.run.best_path.read_bytes()


def test_a_package_that_is_missing_is_named_with_its_extra(begun: RunFolder) -> None:
    script = f"""
import sys
for name in ("wandb", "tensorboard", "mlflow"):
    sys.modules[name] = None
from pathlib import Path
from artstyle.config import Config
from artstyle.settings.tracking import TrackingConfig
from artstyle.runs.folder import RunFolder
from artstyle.tracking.trackers import Trackers
asked = Config(tracking=TrackingConfig(to=("wandb", "tensorboard", "mlflow")))
trackers = Trackers(asked, RunFolder(Path({str(begun.path)!r})), print)
trackers.log_epoch({{"epoch": 1}}, None)
trackers.finish({{}})
print(bool(trackers))
"""
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    *warnings, works = done.stdout.splitlines()
    assert works == "False"
    assert len(warnings) == 3
    for name, line in zip(("wandb", "tensorboard", "mlflow"), warnings, strict=True):
        assert f"the package {name} is not installed" in line
        assert line.endswith(f'pip install "artstyle[{name}]"')


def test_a_server_that_is_not_there_turns_one_tracker_off(
    begun: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("mlflow", "tensorboard", "wandb"):
        pytest.importorskip(package, reason=f"the extra {package} is not installed")
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "3")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said: list[str] = []
    asked = config(
        to=("mlflow", "wandb", "tensorboard"), wandb="online", mlflow="http://127.0.0.1:9"
    )
    trackers = Trackers(asked, begun, said.append)
    trackers.log_epoch(ROW, None)
    assert bool(trackers)  # TensorBoard
    trackers.finish({})
    assert [line.partition(" failed")[0] for line in said] == ["MLflow", "Weights & Biases"]
    assert all("\n" not in line for line in said)


def test_a_folder_that_cannot_be_written_turns_the_tracker_off(begun: RunFolder) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    begun.tensorboard_path.write_text("a file where the folder should be")
    said: list[str] = []
    Trackers(config(to=("tensorboard",)), begun, said.append).log_epoch(ROW, None)
    assert len(said) == 1
    assert said[0].startswith("TensorBoard failed and is off for this run: ")


def test_a_disk_that_fills_up_turns_the_tracker_off(tmp_path: Path, here: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    said: list[str] = []
    with small_disk(tmp_path / "disk", 1) as disk:
        run = RunFolder(disk / "run")
        run.begin(Config(), ("Cubism", "Ukiyo_e"), environment())
        trackers = Trackers(config(to=("tensorboard",)), run, said.append)
        trackers.log_epoch(ROW, None)
        assert said == []
        fill(disk)
        for epoch in range(2, 2000):
            trackers.log_epoch({**ROW, "epoch": epoch}, None)
        trackers.finish({"best_epoch": 1})
    assert len(said) == 1, said
    assert "No space left on device" in said[0]


def test_a_tracker_whose_process_is_killed_turns_off_in_mid_run(begun: RunFolder) -> None:
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    script = f"""
import os, signal, sys, psutil
from pathlib import Path
from artstyle.config import Config
from artstyle.settings.tracking import TrackingConfig
from artstyle.runs.folder import RunFolder
from artstyle.tracking.trackers import Trackers
trackers = Trackers(
    Config(tracking=TrackingConfig(to=("wandb",))), RunFolder(Path({str(begun.path)!r})), print
)
trackers.log_epoch({ROW!r}, None)
for child in psutil.Process().children(recursive=True):
    child.kill()
    child.wait()
for epoch in range(2, 5):
    trackers.log_epoch({{**{ROW!r}, "epoch": epoch}}, None)
trackers.finish({{"best_epoch": 1}})
print(bool(trackers))
"""
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    warning, works = done.stdout.splitlines()
    assert warning.startswith("Weights & Biases failed and is off for this run: ")
    assert works == "False"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "to", "mode"),
    [
        ((), (), "disabled"),
        (("tracking.wandb=disabled",), (), "disabled"),
        (("tracking.wandb=online",), ("wandb",), "online"),
        (("tracking.to=wandb",), ("wandb",), "offline"),
        (
            ("tracking.to=[tensorboard, wandb]", "tracking.wandb=online"),
            ("tensorboard", "wandb"),
            "online",
        ),
    ],
)
def test_the_old_key_of_wandb_and_the_list_of_trackers_agree(
    settings: tuple[str, ...], to: tuple[str, ...], mode: str
) -> None:
    tracking = resolve_config(overrides=settings).config.tracking
    assert (tracking.to, tracking.wandb) == (to, mode)


@pytest.mark.parametrize(
    "settings", [("[tensorboard]", "offline"), ("[]", "online"), ("[wandb]", "disabled")]
)
def test_keys_that_disagree_about_wandb_are_refused(settings: tuple[str, str]) -> None:
    # A run's config.yaml has both: an override of one must not be ignored, and data sent.
    overrides = [f"tracking.to={settings[0]}", f"tracking.wandb={settings[1]}"]
    with pytest.raises(ConfigError, match=r"tracking\.to and tracking\.wandb disagree"):
        resolve_config(overrides=overrides)


def test_an_unknown_tracker_is_refused_by_its_key() -> None:
    with pytest.raises(ConfigError, match=r"tracking\.to.*'wandb', 'tensorboard' or 'mlflow'"):
        resolve_config(overrides=["tracking.to=[wandbb]"])
