"""What a run learnt from, and whether that meets the pictures that test it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from artstyle.data.artists import artist_key
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, Split, read_manifest
from artstyle.runs import RunFolder


def training_rows(run: RunFolder, dataset: DatasetFolder) -> tuple[ManifestRow, ...] | None:
    """Return the pictures that the run learnt from; None if its data set is not to be found.

    They are looked up in ``dataset`` if that is what the run was trained on, else in the folder
    that the run recorded, provided that it still holds the same data.
    """
    recorded = run.environment().dataset
    for folder in (dataset, DatasetFolder(Path(recorded.path))):
        if folder.description_path.is_file() and folder.fingerprint == recorded.fingerprint:
            rows = read_manifest(folder.manifest_path)
            return tuple(row for row in rows if row.split == "train")
    return None


def artists_seen(
    rows: Iterable[ManifestRow], training: Sequence[ManifestRow] | None
) -> tuple[bool | None, ...]:
    """Say of each picture whether training had one by its artist; None where nobody knows."""
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
    """Return what speaks against taking the scores at face value, one sentence each."""
    recorded = run.environment().dataset
    same = recorded.fingerprint == dataset.fingerprint
    doubts = []
    if not same:
        doubts.append(
            f"{dataset.path} ({_short(dataset.fingerprint)}) is not the data that the run learnt"
            f" from: {recorded.path} ({_short(recorded.fingerprint)})."
        )
    if training is None:
        doubts.append(
            f"The data that the run learnt from is no longer in {recorded.path}: nobody can say"
            " whether these pictures, or others by their artists, were in it."
        )
    elif same and split == "train":
        doubts.append(
            "The model learnt from these very pictures: the scores tell how well it remembers,"
            " not how well it recognises."
        )
    elif learnt := _overlap(rows, training):
        doubts.append(f"The model learnt from {learnt} of these {len(rows)} pictures.")
    if same and split == "val":
        doubts.append(
            "The val split chose the checkpoint, which makes its scores a little too good;"
            " quote those of the test split."
        )
    return doubts


def _overlap(rows: Sequence[ManifestRow], training: Sequence[ManifestRow]) -> int:
    learnt = {row.sha256 for row in training}
    return sum(row.sha256 in learnt for row in rows)


def _short(fingerprint: str) -> str:
    return fingerprint[:12]
