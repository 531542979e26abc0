import unicodedata
from pathlib import Path

import openpyxl
import pytest

from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.data.manifest import write_manifest as write_rows
from artstyle.errors import DataError, UnknownNameError, UsageError
from artstyle.preparation.prepare import prepare
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.source import SourceImage
from artstyle.recipes import resolve_config
from tests.preparation.source_files import only, paint, paths, write_manifest

SMALL = ["data.cache_size=24", "data.workers=0", "data.min_side_px=8", "balance.min_per_style=1"]


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
    assert source.notes == (f"names in {manifest} that are not on disk: 1, as any/c.jpg (line 4)",)


def sources_of(root: Path, *rows: tuple[str, str, str]) -> dict[str, str]:
    paint(root, *(path for path, _, _ in rows))
    listed = [dict(zip(("path", "style", "Provenance"), row, strict=True)) for row in rows]
    manifest = write_manifest(root / "list.csv", listed)
    columns = {"source": "Provenance"} if any(source for _, _, source in rows) else {}
    found = open_source(manifest, columns=columns)
    return {image.path: image.source for image in found.images}


def test_the_column_of_the_source_is_read_and_may_be_empty(tmp_path: Path) -> None:
    rows = ("x/Cubism/1.jpg", "Cubism", "Museum A"), ("y/Cubism/2.jpg", "Cubism", "")
    assert sources_of(tmp_path, *rows) == {"x/Cubism/1.jpg": "Museum A", "y/Cubism/2.jpg": ""}


def test_collections_joined_by_a_table_are_its_sources(tmp_path: Path) -> None:
    rows = [(f"{m}/{s}/1.jpg", s, "") for m in ("louvre", "prado") for s in ("Cubism", "Rococo")]
    found = sources_of(tmp_path, *rows)
    assert found == {path: path.partition("/")[0] for path, _, _ in rows}


@pytest.mark.parametrize(
    "paths_",
    [
        ("Cubism/gris/1.jpg", "Rococo/boucher/2.jpg"),  # styles
        ("Cubism/gris/1.jpg", "Cubism/x/2.jpg", "Rococo/boucher/2.jpg", "Rococo/y/2.jpg"),
        ("scans/a/1.jpg", "scans/b/2.jpg"),  # one folder
        ("a/x/1.jpg", "b/2.jpg"),  # not all in a folder of folders
    ],
)
def test_other_first_folders_are_no_sources(tmp_path: Path, paths_: tuple[str, ...]) -> None:
    styles = ("Cubism", "Rococo", "Rococo", "Cubism")
    rows = [(path, style, "") for path, style in zip(paths_, styles, strict=False)]
    assert set(sources_of(tmp_path, *rows).values()) == {""}


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.jpg", "any/../../a.jpg", "a\0.jpg"])
def test_a_manifest_path_that_leads_out_is_refused_with_its_line(tmp_path: Path, path: str) -> None:
    rows = [{"path": "any/a.jpg", "style": "Rococo"}, {"path": path, "style": "Rococo"}]
    paint(tmp_path, "any/a.jpg")
    manifest = write_manifest(tmp_path / "list.csv", rows)
    with pytest.raises(DataError, match=r"list\.csv line 3: .* leads out of .*relative to it"):
        open_source(manifest)


def test_an_unknown_split_is_refused_with_its_line(tmp_path: Path) -> None:
    manifest = write_manifest(
        tmp_path / "list.csv",
        [
            {"path": f"{n}.jpg", "style": "Rococo", "split": word}
            for n, word in enumerate(["train", "fold 1", "nan", "fold 2", "fold 1", "x", "y"])
        ],
    )
    with pytest.raises(
        DataError,
        match=r"split 'fold 1' \(line 3\), 'fold 2' \(line 5\), 'x' \(line 7\) and 1 more; write",
    ):
        open_source(manifest)


def test_missing_columns_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"where": "a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match="no column path, only where, style; a manifest has path,s"):
        open_source(manifest)


def test_files_are_found_by_usual_names_of_their_column_or_by_number_and_it_is_said(
    tmp_path: Path,
) -> None:
    paint(tmp_path, "scans/1987-3_recto.jpg", "scans/1987.4.jpg", "scans/1987_5_verso.jpg")
    rows = [{"Datei": "1987.4.jpg", "Inventar-Nr.": "1987.3", "style": "Rococo"}]
    by_path = write_manifest(tmp_path / "paths.csv", rows)
    source = open_source(by_path, images=tmp_path / "scans")
    assert paths(source) == ["1987.4.jpg"]
    assert source.notes[0] == (
        f"{by_path}: files by 'Datei' (--path-column and --id-column name others)"
    )
    rows = [{"Inventar-Nr.": f"1987.{n}", "style": "Rococo"} for n in (3, 4, 5)]
    by_number = write_manifest(tmp_path / "numbers.csv", rows)
    source = open_source(by_number, images=tmp_path / "scans")
    assert (paths(source), source.missing) == (["1987-3_recto.jpg", "1987.4.jpg"], 1)
    assert source.notes[0].startswith(f"{by_number}: files by the numbers in 'Inventar-Nr.' (")


def test_a_workbook_is_a_manifest_too(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg")
    book = openpyxl.Workbook()
    for row in (["style", "path", "title"], ["Rococo", "a.jpg", 1767]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    source = open_source(tmp_path / "list.xlsx")
    assert source.images == (SourceImage("a.jpg", "Rococo", "", "1767", "", ""),)


def test_a_foreign_manifest_does_not_hide_style_folders(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    write_manifest(tmp_path / "manifest.csv", [{"file": "Cubism/a_b.jpg", "year": "1910"}])
    source = open_source(tmp_path)
    assert source.format == "folders"
    assert source.notes == (f"{tmp_path / 'manifest.csv'} is not used: it lacks path or style",)
    with pytest.raises(DataError, match="no column style, only file, year"):
        open_source(tmp_path, "manifest")


def test_rows_without_style_are_left_out_and_reported(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg", "b.jpg")
    rows = [{"path": "a.jpg", "style": " "}, {"path": "b.jpg", "style": "Rococo"}]
    manifest = write_manifest(tmp_path / "list.csv", rows)
    source = open_source(manifest)
    assert (paths(source), source.missing) == (["b.jpg"], 0)
    assert source.notes == (f"rows of {manifest} without a style, left out: 1, as line 2 ('')",)


def test_a_file_listed_twice_counts_once_unless_its_styles_differ(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg", "b.jpg")
    rows = [{"path": "a.jpg", "style": style} for style in ("Pop_Art", "Pop Art", "pop-art")]
    manifest = write_manifest(tmp_path / "list.csv", rows)
    assert only(open_source(manifest)).style == "Pop_Art"
    rows += [{"path": "./a.jpg", "style": "Cubism"}, {"path": "b.jpg", "style": "Cubism"}]
    source = open_source(write_manifest(manifest, rows))
    assert paths(source) == ["b.jpg"]
    assert source.notes == (
        f"files in {manifest} under two styles, left out: 1, as a.jpg (Pop_Art in line 2,"
        " Cubism in line 5)",
    )
    write_manifest(manifest, rows[:4])
    with pytest.raises(DataError, match=r"lists no pictures: files in .* under two styles, left"):
        open_source(manifest)


def test_what_is_not_a_style_is_left_out_with_its_lines(tmp_path: Path) -> None:
    cells = ["Cubism", "nan", "['Rococo']", "Cubism, Rococo", "?", "Cubism; Rococo", "N/A", "none"]
    paint(tmp_path, *(f"{n}.jpg" for n in range(len(cells))))
    rows = [{"path": f"{n}.jpg", "style": cell} for n, cell in enumerate(cells)]
    manifest = write_manifest(tmp_path / "list.csv", [*rows, {"path": "", "style": "Cubism"}])
    source = open_source(manifest)
    assert {i.path: i.style for i in source.images} == {"0.jpg": "Cubism", "2.jpg": "Rococo"}
    assert source.notes == (
        f"rows of {manifest} without a path, left out: 1, as line 10 ('Cubism')",
        f"rows of {manifest} without a style, left out: 4, as line 3 ('nan'), line 6 ('?'),"
        " line 8 ('N/A') and 1 more",
        f"rows of {manifest} of several styles, left out: 2, as line 5 ('Cubism, Rococo'),"
        " line 7 ('Cubism; Rococo'); labels.multi=true keeps them, each under all its styles",
    )


def test_an_artist_of_nan_is_unknown(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg")
    row = {"path": "a.jpg", "style": "Rococo", "artist": "NaN", "title": "['A, B']", "genre": "-"}
    image = only(open_source(write_manifest(tmp_path / "list.csv", [row])))
    assert (image.artist, image.title, image.genre) == ("", "A, B", "")


def test_a_table_without_any_style_says_so(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"path": "a.jpg", "style": "nan"}])
    with pytest.raises(DataError, match=r"no picture with a style: rows .* left out: 1, as line 2"):
        open_source(manifest)
    manifest.write_text("path,style\n")
    with pytest.raises(DataError, match="no picture with a style: it has no rows"):
        open_source(manifest)


def test_a_style_that_no_encoding_explains_is_refused_with_its_line(tmp_path: Path) -> None:
    manifest = tmp_path / "list.csv"
    manifest.write_bytes(b"path,style\na.jpg,Cubism\nb.jpg,D\x8dco\nc.jpg,D\0co\n")
    with pytest.raises(DataError, match=r"line 3, line 4: the style holds bytes that are not text"):
        open_source(manifest)


def test_named_columns_and_a_folder_of_images_make_any_table_a_manifest(tmp_path: Path) -> None:
    paint(tmp_path, "pictures/a.jpg")
    row = {"File": "a.jpg", "Label": "Rococo", "style": "Cubism", "Maker": "X"}
    manifest = write_manifest(tmp_path / "manifest.csv", [row])
    columns = {"path": "File", "style": "Label", "artist": "maker"}
    for path in (manifest, tmp_path):
        source = open_source(path, columns=columns, images=tmp_path / "pictures")
        assert source.root == tmp_path / "pictures"
        assert only(source) == SourceImage("a.jpg", "Rococo", "X", "", "", "")
    with pytest.raises(UnknownNameError, match=r"column of .* 'Lable'. Did you mean 'Label'\?"):
        open_source(tmp_path, columns={"path": "File", "style": "Lable"})


def test_copies_of_one_folder_are_not_taken_for_another_s(tmp_path: Path) -> None:
    names = [f"{n}.jpg" for n in range(6)]
    for folder in "AB":
        paint(tmp_path / folder, *names)
    rows = [{"path": name, "style": "Rococo"} for name in names]
    manifest = write_manifest(tmp_path / "list.csv", rows)
    out, config = tmp_path / "out", resolve_config(overrides=SMALL).config
    prepare(manifest, out, config, images=tmp_path / "A")
    prepare(manifest, out, config, images=tmp_path / "A")
    with pytest.raises(UsageError, match=r"was made from .*list\.csv with pictures in .*/A; "):
        prepare(manifest, out, config, images=tmp_path / "B")


def test_a_table_saved_again_by_a_spreadsheet_from_our_manifest_is_the_same(tmp_path: Path) -> None:
    paint(tmp_path, "=1.jpg")
    row = ManifestRow(
        "=1.jpg", "Cubism", "@gris", "", "", "train", "", 9, 9, "0" * 64, "0" * 16, "images/1"
    )
    ours = tmp_path / "manifest.csv"
    write_rows(ours, [row])
    before = open_source(ours)
    ours.write_bytes(ours.read_text().replace(",", ";").encode("utf-16"))
    assert open_source(ours) == before


def test_a_dataset_folders_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    paint(tmp_path, "=1.jpg")
    row = ManifestRow(
        "=1.jpg", "Cubism", "@gris", "'-2", "", "train", "", 9, 9, "0" * 64, "0" * 16, "images/1"
    )
    write_rows(tmp_path / "manifest.csv", [row])
    assert "'=1.jpg,Cubism,'@gris,''-2," in (tmp_path / "manifest.csv").read_text()
    image = only(open_source(tmp_path / "manifest.csv"))
    assert image == SourceImage("=1.jpg", "Cubism", "@gris", "'-2", "", "train")


def test_a_manifest_of_an_earlier_version_without_sources_is_still_ours(tmp_path: Path) -> None:
    paint(tmp_path, "=1.jpg")
    row = ManifestRow("=1.jpg", "Cubism", "@gris", "", "", "", "", 9, 9, "0" * 64, "0" * 16, "i")
    path = tmp_path / "manifest.csv"
    write_rows(path, [row])
    head, line = path.read_text().splitlines()
    assert head.endswith(",source,copy_of")
    path.write_text(f"{head.removesuffix(',source,copy_of')}\n{line.removesuffix(',,')}\n")
    assert list(read_manifest(path)) == [row]
    assert only(open_source(path)) == SourceImage("=1.jpg", "Cubism", "@gris", "", "", "")


@pytest.mark.parametrize("style", ["Baroque,_Early", "A;B", "Arts_&_Crafts"])
def test_a_style_of_a_dataset_folders_manifest_is_never_parted(tmp_path: Path, style: str) -> None:
    paint(tmp_path, "a.jpg")
    row = ManifestRow("a.jpg", style, "", "", "", "", "", 9, 9, "0" * 64, "0" * 16, "images/1")
    write_rows(tmp_path / "manifest.csv", [row])
    assert only(open_source(tmp_path / "manifest.csv")).style == style


def test_a_manifest_none_of_whose_files_is_there_is_an_error(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"path": "x/a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match=r"none of the 1 names in .*: x/a\.jpg; say with --images"):
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
