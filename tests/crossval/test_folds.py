"""Folds: every painting tested once, and nothing of its group in training."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from artstyle.crossval.folds import Folds, divide, write_fold
from artstyle.crossval.plan import Group
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest, write_manifest
from artstyle.errors import ArtstyleError, DataError, UsageError

STYLES = ("Cubism", "Minimalism", "Pop_Art", "Ukiyo_e")


def collection(folder: Path, tiny: DatasetFolder, rows: Sequence[ManifestRow]) -> DatasetFolder:
    """Write a dataset folder of these paintings, with the tiny one's description."""
    folder.mkdir(parents=True)
    (folder / "images").mkdir()
    shutil.copy(tiny.description_path, folder)
    write_manifest(folder / "manifest.csv", rows)
    return DatasetFolder(folder)


def paintings(number: int = 120, seed: int = 0) -> list[ManifestRow]:
    """Return paintings by 30 artists from 12 sources; every tenth is a copy of the one before."""
    random = Random(seed)
    rows = []
    for n in range(number):
        style = STYLES[n % 4]
        row = ManifestRow(
            f"{n:03}.jpg", style, f"a{random.randrange(30)}", "", "", "train", "", 9, 9,
            f"{n:064}", "0" * 16, f"images/{n}.jpg", f"s{random.randrange(12)}",
        )  # fmt: skip
        rows.append(row)
    for n in range(9, number, 10):
        rows[n] = replace(rows[n], copy_of=rows[n - 1].path)
    return rows


def splits_of(tmp_path: Path, data: DatasetFolder, folds: Folds) -> list[list[ManifestRow]]:
    written = [write_fold(tmp_path / f"fold-{n}", data, folds, n) for n in range(folds.number)]
    return [list(read_manifest(fold.manifest_path)) for fold in written]


@pytest.mark.parametrize("group", ["artist", "source", "image"])
def test_every_painting_is_tested_once_and_nothing_of_its_group_trains(
    group: Group, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    data = collection(tmp_path / "data", tiny_dataset, paintings())
    found = splits_of(tmp_path, data, divide(data, group, 4, seed=1))
    tested = [row.path for rows in found for row in rows if row.split == "test"]
    assert sorted(tested) == [row.path for row in paintings()]
    names = {"artist": "artist", "source": "source", "image": "path"}
    for rows in found:
        parts = {part: {getattr(row, names[group]) for row in rows if row.split == part}
                 for part in ("train", "val", "test")}  # fmt: skip
        assert all(parts.values())
        assert parts["test"].isdisjoint(parts["train"] | parts["val"])
        assert parts["val"].isdisjoint(parts["train"])
        copies = {part: {row.copy_of or row.path for row in rows if row.split == part}
                  for part in parts}  # fmt: skip
        assert copies["test"].isdisjoint(copies["train"] | copies["val"])
        assert copies["val"].isdisjoint(copies["train"])
        assert all(row.left_out == "copy_across_splits" for row in rows if not row.split)
        # Only sources may share copies; elsewhere they stay together and none is left out.
        assert group == "source" or all(row.split for row in rows)


def test_folds_have_their_share_of_every_style(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    data = collection(tmp_path / "data", tiny_dataset, paintings())
    folds = divide(data, "image", 4, seed=1)
    for style in STYLES:
        counts = [0] * 4
        for row, fold in zip(folds.rows, folds.test_fold, strict=True):
            counts[fold] += row.style == style
        assert max(counts) - min(counts) <= 2


def test_a_fold_is_a_dataset_folder_with_its_own_fingerprint_and_the_same_images(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    folds = divide(tiny_dataset, "image", 3, seed=1)
    one, other = (write_fold(tmp_path / f"fold-{n}", tiny_dataset, folds, n) for n in (0, 1))
    assert len({tiny_dataset.fingerprint, one.fingerprint, other.fingerprint}) == 3
    assert one.labels == tiny_dataset.labels
    rows = one.rows("test")
    assert all(one.image_path(row).is_file() for row in rows)
    totals = one.description.split.totals
    assert (totals.test, totals.train + totals.val) == (len(rows), 40 - len(rows))
    assert one.description.class_weights.keys() == set(tiny_dataset.labels)
    again = write_fold(tmp_path / "again", tiny_dataset, divide(tiny_dataset, "image", 3, 1), 0)
    assert again.fingerprint == one.fingerprint
    (tmp_path / "fold-0" / "dataset.json").unlink()  # as a killed process leaves it
    assert write_fold(tmp_path / "fold-0", tiny_dataset, folds, 0).description == one.description


@pytest.mark.parametrize("hard_links", [True, False])
def test_where_links_are_refused_the_images_are_shared_in_another_way(
    tiny_dataset: DatasetFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(1314, "A required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    if not hard_links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    folds = divide(tiny_dataset, "image", 3, seed=1)
    fold = write_fold(tmp_path / "fold", tiny_dataset, folds, 0)
    assert not fold.images_path.is_symlink()
    for row in fold.rows("test"):
        own, shared = tiny_dataset.image_path(row), fold.image_path(row)
        assert shared.read_bytes() == own.read_bytes()
        assert shared.samefile(own) is hard_links
    fold.description_path.unlink()  # as a killed process leaves it
    monkeypatch.undo()
    assert write_fold(fold.path, tiny_dataset, folds, 0).description == fold.description


def refused(
    tmp_path: Path, tiny: DatasetFolder, rows: Sequence[ManifestRow], group: Group
) -> ArtstyleError:
    with pytest.raises(ArtstyleError) as caught:
        divide(collection(tmp_path / "data", tiny, rows), group, 5, seed=1)
    assert "\n" not in str(caught.value)
    return caught.value


def test_what_cannot_be_divided_is_refused_with_what_to_do(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    whole = paintings()
    cases: list[tuple[list[ManifestRow], Group, type[ArtstyleError], str]] = [
        (whole[:18], "image", UsageError, "Pop_Art has 4 paintings, fewer than 5 folds"),
        ([replace(row, split="") for row in whole], "image", DataError, "has no paintings"),
        ([replace(row, source="") for row in whole], "source", UsageError, "no painting has a kno"),
        ([replace(row, source=row.source[:2]) for row in whole if row.source < "s3"], "source",
         UsageError, "fewer than 5 folds|groups by source for 5 folds"),
        ([replace(row, artist="") for row in whole], "artist", UsageError, "use --group image"),
    ]  # fmt: skip
    for n, (rows, group, kind, message) in enumerate(cases):
        error = refused(tmp_path / str(n), tiny_dataset, rows, group)
        assert type(error) is kind, error
        assert re.search(message, str(error)), error


def test_a_manifest_that_does_not_know_its_copies_is_refused(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    rows = [replace(row, copy_of="") for row in paintings()]
    data = collection(tmp_path / "data", tiny_dataset, rows)
    copies = data.description.copies.model_copy(update={"near_pairs": 12})
    data.description.model_copy(update={"copies": copies}).write(data.description_path)
    with pytest.raises(DataError, match="run 'artstyle prepare' again"):
        divide(DatasetFolder(data.path), "image", 5, seed=1)
