"""The environment of a run that nothing was trained in."""

from pathlib import Path

from artstyle.config import Config
from artstyle.runs.environment import RecordedDataset, RunEnvironment
from artstyle.runs.folder import RunFolder


def environment(started: str = "2026-01-01T00:00:00") -> RunEnvironment:
    """Return a record with every required key."""
    return RunEnvironment(
        started=started, command=(), python="3.11", platform="", packages={}, device="cpu",
        device_name="", threads=1, processes=1, seed=42,
        dataset=RecordedDataset(path="data", fingerprint="0" * 64),
    )  # fmt: skip


def begin_run(root: Path, name: str, started: str, *checkpoints: str) -> RunFolder:
    run = RunFolder(root / name)
    run.begin(Config(), ("Cubism",), environment(started))
    for checkpoint in checkpoints:
        path = run.best_path if checkpoint == "best" else run.last_path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return run
