"""What is said of scores that cannot be taken at face value."""

from dataclasses import replace
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import Split, read_manifest, write_manifest
from artstyle.evaluation.provenance import artists_seen, find_doubts, training_rows
from artstyle.runs.folder import RunFolder
from tests.evaluation.tiny import write_dataset


def doubts(run: RunFolder, dataset: DatasetFolder, split: Split = "test") -> list[str]:
    training = training_rows(run, dataset)
    return find_doubts(run, dataset, split, dataset.rows(split), training)


def test_the_test_split_of_the_runs_own_data_is_beyond_doubt(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    assert doubts(run, dataset) == []


@pytest.mark.parametrize(
    ("split", "doubt"),
    [("train", "trained on these pictures"), ("val", "val split chose the checkpoint")],
)
def test_splits_that_flatter_the_model_are_called_so(
    run: RunFolder, dataset: DatasetFolder, split: Split, doubt: str
) -> None:
    (only,) = doubts(run, dataset, split)
    assert doubt in only


def test_another_data_set_is_named_and_its_training_pictures_are_counted(
    run: RunFolder, dataset: DatasetFolder, tmp_path: Path
) -> None:
    other = write_dataset(tmp_path / "other", fingerprint="b" * 64, first=1000)
    learnt = [row.sha256 for row in dataset.rows("train")]
    rows = [row for row in read_manifest(other.manifest_path) if row.split == "test"]
    rows[:3] = [replace(row, sha256=sha) for row, sha in zip(rows[:3], learnt, strict=False)]
    write_manifest(other.manifest_path, rows)
    another, overlap = doubts(run, other)
    assert f"{other.path} (bbbbbbbbbbbb) is not the data that the run was trained on" in another
    assert overlap == "The model was trained on 3 of these 24 pictures."


def test_artists_are_seen_where_training_has_a_picture_by_them(
    run: RunFolder, dataset: DatasetFolder, tmp_path: Path
) -> None:
    other = write_dataset(tmp_path / "other", fingerprint="b" * 64)
    rows = other.rows("test")[:6]
    assert [row.artist for row in rows][:3] == ["artist 0", "artist 1", "test artist 2"]
    rows[1] = replace(rows[1], artist="1, ARTIST")
    seen = artists_seen(rows, training_rows(run, other))
    assert seen == (True, True, False, False, False, None)


def test_without_the_data_that_it_learnt_from_nothing_is_known_of_artists(
    run: RunFolder, dataset: DatasetFolder, tmp_path: Path
) -> None:
    other = write_dataset(tmp_path / "other", fingerprint="b" * 64)
    dataset.description_path.unlink()
    assert training_rows(run, other) is None
    assert artists_seen(other.rows("test"), None) == (None,) * 24
    assert "it may have had these pictures" in doubts(run, other)[1]
