import unicodedata
from pathlib import Path

import pytest

from artstyle.data.manifest import ManifestRow
from artstyle.data.manifest import write_manifest as write_rows
from artstyle.data.source import SourceImage
from artstyle.data.sources import open_source
from artstyle.errors import DataError
from tests.data.source_files import only, paint, paths, write_manifest


def test_a_manifest_wins_over_folders_and_counts_what_is_missing(tmp_path: Path) -> None:
    paint(tmp_path, "any/a.jpg", "any/b.jpg")
    rows = [
        {"path": "any/a.jpg", "style": "Pop Art", "artist": "X, Y", "split": "Validation"},
        {"path": "./any//b.jpg", "style": "Rococo", "artist": "", "split": ""},
        {"path": "any/c.jpg", "style": "Rococo", "artist": "", "split": "test"},
    ]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    source = open_source(tmp_path)
    assert source == open_source(manifest)
    assert (source.format, source.root, source.missing) == ("manifest", tmp_path, 1)
    assert source.images == (
        SourceImage("any/a.jpg", "Pop_Art", "X, Y", "", "", "val"),
        SourceImage("any/b.jpg", "Rococo", "", "", "", ""),
    )
    assert source.notes == (f"names in {manifest} that are not on disk: 1, as any/c.jpg",)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.jpg", "any/../../a.jpg", "a\0.jpg"])
def test_a_manifest_path_that_leads_out_is_refused_with_its_line(tmp_path: Path, path: str) -> None:
    rows = [{"path": "any/a.jpg", "style": "Rococo"}, {"path": path, "style": "Rococo"}]
    paint(tmp_path, "any/a.jpg")
    manifest = write_manifest(tmp_path / "list.csv", rows)
    with pytest.raises(DataError, match=r"list\.csv line 3: .* leads out of .*relative to it"):
        open_source(manifest)


def test_an_unknown_split_is_refused_with_its_line(tmp_path: Path) -> None:
    manifest = write_manifest(
        tmp_path / "list.csv", [{"path": "a.jpg", "style": "Rococo", "split": "dev"}]
    )
    with pytest.raises(DataError, match="line 2: unknown split 'dev'; write train, val or test"):
        open_source(manifest)


def test_missing_columns_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"file": "a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match="no column path, only file, style; a manifest has path,st"):
        open_source(manifest)


def test_a_foreign_manifest_does_not_hide_style_folders(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    write_manifest(tmp_path / "manifest.csv", [{"file": "Cubism/a_b.jpg", "year": "1910"}])
    source = open_source(tmp_path)
    assert source.format == "folders"
    assert source.notes == (f"{tmp_path / 'manifest.csv'} is not used: it lacks path or style",)
    with pytest.raises(DataError, match="no column path and no column style"):
        open_source(tmp_path, "manifest")


def test_rows_without_style_are_left_out_and_told_of(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg", "b.jpg")
    rows = [{"path": "a.jpg", "style": " "}, {"path": "b.jpg", "style": "Rococo"}]
    manifest = write_manifest(tmp_path / "list.csv", rows)
    source = open_source(manifest)
    assert (paths(source), source.missing) == (["b.jpg"], 0)
    assert source.notes == (f"rows of {manifest} without a style, left out: 1",)


def test_a_file_listed_twice_counts_once_unless_its_styles_differ(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg")
    row = {"path": "a.jpg", "style": "Rococo"}
    manifest = write_manifest(tmp_path / "list.csv", [row, row])
    assert len(open_source(manifest).images) == 1
    write_manifest(manifest, [row, {"path": "./a.jpg", "style": "Cubism"}])
    with pytest.raises(
        DataError, match=r"line 3: a\.jpg stands under Cubism, and before .* Rococo"
    ):
        open_source(manifest)


def test_a_dataset_folders_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    paint(tmp_path, "=1.jpg")
    row = ManifestRow(
        "=1.jpg", "Cubism", "@gris", "'-2", "", "train", "", 9, 9, "0" * 64, "0" * 16, "images/1"
    )
    write_rows(tmp_path / "manifest.csv", [row])
    assert "'=1.jpg,Cubism,'@gris,''-2," in (tmp_path / "manifest.csv").read_text()
    image = only(open_source(tmp_path / "manifest.csv"))
    assert image == SourceImage("=1.jpg", "Cubism", "@gris", "'-2", "", "train")


def test_a_manifest_none_of_whose_files_is_there_is_an_error(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"path": "x/a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match=r"none of the 1 names in .* is under .*, neither x/a\.jpg"):
        open_source(manifest)


@pytest.mark.parametrize(("listed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_is_found_under_its_other_unicode_form(
    tmp_path: Path, listed: str, stored: str
) -> None:
    def form(name: str) -> str:
        return unicodedata.normalize(name, "Rococo/françois_été.jpg")  # type: ignore[arg-type]

    paint(tmp_path, form(stored))
    manifest = write_manifest(tmp_path / "list.csv", [{"path": form(listed), "style": "Rococo"}])
    source = open_source(manifest)
    assert (paths(source), source.missing) == ([form(stored)], 0)
