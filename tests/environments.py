"""The environment of a run that nothing was trained in."""

from artstyle.runs import RecordedDataset, RunEnvironment


def environment(started: str = "2026-01-01T00:00:00") -> RunEnvironment:
    """Return a record with every required key."""
    return RunEnvironment(
        started=started, command=(), python="3.11", platform="", packages={}, device="cpu",
        device_name="", threads=1, processes=1, seed=42,
        dataset=RecordedDataset(path="data", fingerprint="0" * 64),
    )  # fmt: skip
