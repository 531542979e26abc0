"""The training images of a run, and whether they overlap with the pictures that test it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from artstyle.data.artists import artist_key
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, Split, read_manifest
from artstyle.runs.folder import RunFolder


def training_rows(run: RunFolder, dataset: DatasetFolder) -> tuple[ManifestRow, ...] | None:
    """Return the training images of the run; None if its data set cannot be found.

    They are in ``dataset`` if the run was trained on it. Otherwise they are in the folder that
    the run recorded, if it still holds the same data.
    """
    if run.lone:
        return None
    recorded = run.environment().dataset
    for folder in (dataset, DatasetFolder(Path(recorded.path))):
        if folder.description_path.is_file() and folder.fingerprint == recorded.fingerprint:
            rows = read_manifest(folder.manifest_path)
            return tuple(row for row in rows if row.split == "train")
    return None


def artists_seen(
    rows: Iterable[ManifestRow], training: Sequence[ManifestRow] | None
) -> tuple[bool | None, ...]:
    """Return for each picture whether training had one by its artist; None if not known."""
    if training is None:
        return tuple(None for _ in rows)
    known = {artist_key(name) for name in {row.artist for row in training}}
    return tuple(artist_key(row.artist) in known if row.artist else None for row in rows)


def find_doubts(
    run: RunFolder,
    dataset: DatasetFolder,
    split: Split,
    rows: Sequence[ManifestRow],
    training: Sequence[ManifestRow] | None,
) -> list[str]:
    """Return the reasons to doubt the scores, one sentence each."""
    if run.lone:
        return [
            f"{run.lone} does not say what it was trained on: it may have had these pictures, or"
            " others by the same artists."
        ]
    recorded = run.environment().dataset
    same = recorded.fingerprint == dataset.fingerprint
    doubts = []
    if not same:
        doubts.append(
            f"{dataset.path} ({_short(dataset.fingerprint)}) is not the data that the run was"
            f" trained on: {recorded.path} ({_short(recorded.fingerprint)})."
        )
    if training is None:
        doubts.append(
            f"The run's training data is no longer in {recorded.path}: it may have had these"
            " pictures, or others by the same artists."
        )
    elif same and split == "train":
        doubts.append(
            "The model was trained on these pictures: the scores show how well it remembers them,"
            " not how well it recognises styles."
        )
    elif trained := _overlap(rows, training):
        doubts.append(f"The model was trained on {trained} of these {len(rows)} pictures.")
    if same and split == "val":
        doubts.append(
            "The val split chose the checkpoint, so its scores are a little too high."
            " Quote those of the test split."
        )
    return doubts


def _overlap(rows: Sequence[ManifestRow], training: Sequence[ManifestRow]) -> int:
    trained = {row.sha256 for row in training}
    return sum(row.sha256 in trained for row in rows)


def _short(fingerprint: str) -> str:
    return fingerprint[:12]
