import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import DataError, UsageError
from artstyle.painter.collection import SOURCE
from artstyle.preparation.prepare import plan, prepare
from tests.preparation.pictures import painting, write_collection, write_painting
from tests.preparation.prepared import STYLES, config, contents, rejected, rows


def test_a_dataset_folder_says_where_every_painting_went(museum: Path, tmp_path: Path) -> None:
    prepared = prepare(museum, tmp_path / "out", config())
    dataset = DatasetFolder(tmp_path / "out")
    assert dataset.labels == STYLES
    splits = [len(dataset.rows(split)) for split in ("train", "val", "test")]
    assert sum(splits) == 36
    assert splits[0] > splits[1] > 0 < splits[2]
    row = dataset.rows("train")[0]
    with Image.open(dataset.image_path(row)) as copy:
        assert copy.size == (32, 24)
    assert rows(prepared).keys() == {
        str(path.relative_to(museum)) for path in museum.glob("*/*.jpg")
    }
    assert rejected(prepared) == {}
    counts = dataset.description.counts
    assert (counts.found, counts.readable, counts.taking_part) == (36, 36, 36)
    assert dataset.description.source.name == "museum"
    assert str(tmp_path) not in dataset.description_path.read_text()


def test_everything_found_is_read_or_rejected(museum: Path, tmp_path: Path) -> None:
    (museum / "Cubism" / "empty.jpg").touch()
    (museum / "Cubism" / "text.png").write_text("no picture")
    (museum / "Rococo" / "half.jpg").write_bytes(
        (museum / "Rococo" / "rococo-artist-0_work-0.jpg").read_bytes()[:900]
    )
    write_painting(museum / "Rare" / "only_one.jpg", 77)
    prepared = prepare(museum, tmp_path / "out", config())
    reasons = {path: reason for path, (reason, _) in rejected(prepared).items()}
    assert reasons == {
        "Cubism/empty.jpg": "unreadable",
        "Cubism/text.png": "unreadable",
        "Rococo/half.jpg": "unreadable",
        "Rare/only_one.jpg": "rare_style",
    }
    assert dict(prepared.unreadable)["Rococo/half.jpg"].startswith("damaged or truncated")
    assert len(rows(prepared)) + len(prepared.unreadable) == 40
    assert rows(prepared)["Rare/only_one.jpg"].left_out == "rare_style"
    assert "Rare" not in prepared.dataset.labels


def test_a_profile_that_cannot_be_used_is_noted_also_by_a_second_run(
    museum: Path, tmp_path: Path
) -> None:
    painting(78).save(museum / "Cubism" / "pablo_odd.png", icc_profile=b"none")
    for _ in range(2):
        prepared = prepare(museum, tmp_path / "out", config())
        assert prepared.dataset.description.notes[0] == (
            "1 files have a colour profile that cannot be used, and count as sRGB;"
            " the first is Cubism/pablo_odd.png"
        )
        assert rows(prepared)["Cubism/pablo_odd.png"].left_out == ""


def test_a_second_run_writes_the_same_bytes(museum: Path, tmp_path: Path) -> None:
    (museum / "Cubism" / "empty.jpg").touch()
    shutil.copy(museum / "Cubism" / "cubism-artist-0_work-0.jpg", museum / "Rococo" / "again.jpg")
    prepare(museum, tmp_path / "out", config())
    before = contents(tmp_path / "out")
    stamps = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out/images").rglob("*.jpg"))]
    prepare(museum, tmp_path / "out", config("data.workers=2"))
    assert contents(tmp_path / "out") == before
    after = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out/images").rglob("*.jpg"))]
    assert stamps == after


def test_the_same_source_elsewhere_has_the_same_fingerprint(museum: Path, tmp_path: Path) -> None:
    shutil.copytree(museum, tmp_path / "elsewhere" / "museum")
    here = prepare(museum, tmp_path / "here", config()).dataset
    there = prepare(tmp_path / "elsewhere" / "museum", tmp_path / "there", config()).dataset
    assert here.description_path.read_bytes() == there.description_path.read_bytes()
    assert here.manifest_path.read_bytes() == there.manifest_path.read_bytes()


def test_another_seed_splits_again_and_touches_no_picture(museum: Path, tmp_path: Path) -> None:
    first = prepare(museum, tmp_path / "out", config())
    splits, images = rows(first), contents(first.dataset.images_path)
    fingerprint = first.dataset.fingerprint
    stamps = {path: path.stat().st_mtime_ns for path in first.dataset.images_path.rglob("*.jpg")}
    second = prepare(museum, tmp_path / "out", config("seed=1", "split.ratios=[0.5,0.25,0.25]"))
    assert contents(second.dataset.images_path) == images
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert {path: row.split for path, row in rows(second).items()} != {
        path: row.split for path, row in splits.items()
    }
    assert fingerprint != second.dataset.fingerprint


def test_a_damaged_copy_is_made_again_and_a_stale_one_removed(museum: Path, tmp_path: Path) -> None:
    prepared = prepare(museum, tmp_path / "out", config())
    before = contents(tmp_path / "out")
    copies = sorted(prepared.dataset.images_path.glob("*/*.jpg"))
    copies[0].unlink()
    copies[1].write_bytes(b"")
    (prepared.dataset.images_path / "zz").mkdir()
    (prepared.dataset.images_path / "zz" / "stale.jpg").touch()
    prepare(museum, tmp_path / "out", config())
    assert contents(tmp_path / "out") == before


def test_another_cache_size_makes_all_copies_again(museum: Path, tmp_path: Path) -> None:
    prepare(museum, tmp_path / "out", config())
    prepared = prepare(museum, tmp_path / "out", config("data.cache_size=36"))
    copies = list(prepared.dataset.images_path.glob("*/*.jpg"))
    assert len(copies) == 36
    for path in copies:
        with Image.open(path) as copy:
            assert copy.size == (48, 36)


def test_a_painting_that_was_removed_leaves_the_data_set(museum: Path, tmp_path: Path) -> None:
    prepare(museum, tmp_path / "out", config())
    (museum / "Cubism" / "cubism-artist-0_work-0.jpg").unlink()
    again = prepare(museum, tmp_path / "out", config())
    fresh = prepare(museum, tmp_path / "fresh", config())
    assert contents(again.dataset.path) == contents(fresh.dataset.path)


def test_the_order_of_files_on_disk_does_not_matter(museum: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "museum"
    for path in sorted(museum.glob("*/*.jpg"), reverse=True):
        (other / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, other / path.parent.name)
    here = prepare(museum, tmp_path / "here", config()).dataset
    there = prepare(other, tmp_path / "there", config()).dataset
    assert here.manifest_path.read_bytes() == there.manifest_path.read_bytes()


def test_a_folder_of_something_else_is_not_written_to(museum: Path, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter1.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="not empty and not a dataset folder; choose another"):
            prepare(museum, thesis, config(), overwrite=overwrite)
    assert contents(thesis) == {"chapter1.tex": b"years of work"}
    with pytest.raises(UsageError, match="is a file"):
        prepare(museum, thesis / "chapter1.tex", config())


def test_a_data_set_of_another_source_is_replaced_only_when_told(
    museum: Path, tmp_path: Path
) -> None:
    gallery = write_collection(tmp_path / "gallery", ("Baroque", "Fauvism"), 6)
    prepare(museum, tmp_path / "out", config())
    with pytest.raises(UsageError, match=r"was made from .*museum; .* with --overwrite"):
        prepare(gallery, tmp_path / "out", config())
    replaced = prepare(gallery, tmp_path / "out", config(), overwrite=True).dataset
    fresh = prepare(gallery, tmp_path / "fresh", config()).dataset
    assert contents(replaced.path) == contents(fresh.path)


def test_a_data_set_inside_its_own_source_is_refused(museum: Path) -> None:
    with pytest.raises(UsageError, match="is inside the source"):
        prepare(museum, museum / "processed", config())


def test_a_source_in_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "museum" / "Cubism").mkdir(parents=True)
    (tmp_path / "museum" / "Cubism" / "a.jpg").write_text("text")
    with pytest.raises(DataError, match=r"none of 1 pictures can be read; .*Cubism/a\.jpg: not a"):
        prepare(tmp_path / "museum", tmp_path / "out", config())
    assert not (tmp_path / "out" / "dataset.json").exists()


def test_a_run_that_fails_leaves_no_data_set_that_looks_whole(museum: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare(museum, out, config())
    (out / "rejected.csv").unlink()
    (out / "rejected.csv").mkdir()
    with pytest.raises(OSError, match=r"rejected\.csv"):
        prepare(museum, out, config("seed=1"))
    assert not (out / "dataset.json").exists()


def test_a_plan_writes_nothing_and_says_what_would_be_kept(museum: Path, tmp_path: Path) -> None:
    write_painting(museum / "Rare" / "only_one.jpg", 77)
    planned = plan(museum, tmp_path / "out", config("balance.max_per_style=5"))
    assert not (tmp_path / "out").exists()
    assert planned.found == {"Cubism": 12, "Rare": 1, "Rococo": 12, "Ukiyo_e": 12}
    assert planned.kept == {"Cubism": 5, "Rare": 0, "Rococo": 5, "Ukiyo_e": 5}
    assert (planned.group, planned.unchanged) == ("image", 0)
    prepare(museum, tmp_path / "out", config())
    before = contents(tmp_path / "out")
    assert plan(museum, tmp_path / "out", config()).unchanged == 37
    assert plan(museum, tmp_path / "out", config("data.cache_size=25")).unchanged == 0
    assert contents(tmp_path / "out") == before


def test_source_files_are_never_changed(museum: Path, tmp_path: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in museum.rglob("*.jpg")}
    prepare(museum, tmp_path / "out", config())
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in museum.rglob("*.jpg")}
    assert after == before


def test_every_turned_transparent_or_grey_file_is_cached_as_it_is_seen(tmp_path: Path) -> None:
    root = write_collection(tmp_path / "museum", ("Cubism",), 6)
    exif = Image.Exif()
    exif[0x0112] = 6
    painting(50).save(root / "Cubism" / "turned.jpg", exif=exif)
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(root / "Cubism" / "clear.png")
    Image.fromarray(np.full((40, 40), 51 * 257, np.uint16)).save(root / "Cubism" / "deep.png")
    found = rows(prepare(root, tmp_path / "out", config("data.background=[9,9,9]")))
    copies = {
        path: np.asarray(Image.open(tmp_path / "out" / row.cached)) for path, row in found.items()
    }
    turned = found["Cubism/turned.jpg"]
    assert (turned.width, turned.height) == (72, 96)
    assert copies["Cubism/turned.jpg"].shape == (32, 24, 3)
    assert np.abs(copies["Cubism/clear.png"].astype(int) - 9).max() <= 1
    assert np.abs(copies["Cubism/deep.png"].astype(int) - 51).max() <= 1


def test_the_summary_names_every_style_and_what_artists_give_away(
    museum: Path, tmp_path: Path
) -> None:
    page = (prepare(museum, tmp_path / "out", config()).dataset.path / "summary.md").read_text()
    assert page.startswith("# museum: 36 paintings in 3 styles\n")
    for words in ("| Ukiyo-e | 12 | 0 |", "each artist's usual style", "--set split.group=artist"):
        assert words in page


ODD_NAMES = ("brackets [1](2).jpg", 'quo"te.jpg', "new\nline.jpg", "emoji-🎨.jpg", "comma,.jpg")


def test_odd_file_names_survive(museum: Path, tmp_path: Path) -> None:
    for number, name in enumerate(ODD_NAMES):
        write_painting(museum / "Cubism" / name, 900 + number)
    bytes_name = os.fsdecode(b"caf\xe9.jpg")
    write_painting(museum / "Cubism" / bytes_name, 950)
    (museum / "Cubism" / "bro,\nken.jpg").touch()
    prepared = prepare(museum, tmp_path / "out", config())
    assert {f"Cubism/{name}" for name in ODD_NAMES} <= rows(prepared).keys()
    assert "Cubism/caf\udce9.jpg" in rows(prepared)
    assert rejected(prepared) == {"Cubism/bro,\nken.jpg": ("unreadable", "the file is empty")}
    assert json.loads(prepared.dataset.description_path.read_bytes())["counts"]["readable"] == 42


def test_parquet_shards_are_prepared_like_files(tmp_path: Path) -> None:
    rows_ = [
        stored_row(n, "Pop Art" if n % 2 else "Cubism", f"paul-klee_work-{n}.jpg")
        for n in range(40)
    ]
    rows_[7] = stored_row(7, "Pop Art", "paul-klee_work-6.jpg")
    rows_[7]["image"]["bytes"] = rows_[6]["image"]["bytes"]
    rows_[9]["image"]["bytes"] = b""
    write_rows(tmp_path / "hub" / "train-00000-of-00001.parquet", rows_)
    prepared = prepare(tmp_path / "hub", tmp_path / "out", config())
    shard = "train-00000-of-00001.parquet"
    reasons = {path: reason for path, (reason, _) in rejected(prepared).items()}
    assert reasons == {
        f"{shard}#000006": "two_styles",
        f"{shard}#000007": "two_styles",
        f"{shard}#000009": "unreadable",
    }
    before = contents(tmp_path / "out")
    prepare(tmp_path / "hub", tmp_path / "out", config("data.workers=2"))
    assert contents(tmp_path / "out") == before


def stored_row(seed: int, style: str, name: str) -> dict[str, Any]:
    buffer = io.BytesIO()
    painting(seed).save(buffer, "JPEG")
    return {"image": {"bytes": buffer.getvalue(), "path": name}, "style": style, "artist": "klee"}


def write_rows(path: Path, stored: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(stored), path, row_group_size=10)


def test_an_artist_in_two_spellings_is_in_one_split(museum: Path, tmp_path: Path) -> None:
    for n in range(6):
        write_painting(museum / "Cubism" / "Juan Gris" / f"{n}.jpg", 7000 + n)
        write_painting(museum / "Cubism" / f"juan-gris_{n}.jpg", 7100 + n)
    made = prepare(museum, tmp_path / "data", config("split.group=artist"))
    gris = [row for path, row in rows(made).items() if "gris" in path.casefold()]
    assert len(gris) == 12
    assert len({(row.artist, row.split) for row in gris}) == 1


def test_the_manifest_names_sources_and_copies_and_the_summary_says_what_they_share(
    museum: Path, tmp_path: Path
) -> None:
    listed = sorted(path.relative_to(museum).as_posix() for path in museum.rglob("*.jpg"))
    for n, path in enumerate(listed[:3]):
        shutil.copyfile(museum / path, museum / f"again-{n}.jpg")
    files = [*((path, path) for path in listed), *((f"again-{n}.jpg", listed[n]) for n in range(3))]
    lines = [
        f"{name},{path.partition('/')[0]},{'ABCD'[n % 4]}" for n, (name, path) in enumerate(files)
    ]
    (museum / "list.csv").write_text("\n".join(["path,style,source", *lines]))
    grouped = config("split.group=source", "quality.copies=keep")
    made = prepare(museum / "list.csv", tmp_path / "data", grouped)
    found = rows(made)
    assert {row.source for row in found.values()} == set("ABCD")
    copies = {path: row.copy_of for path, row in found.items() if row.copy_of}
    assert copies == {f"again-{n}.jpg": listed[n] for n in range(3)}
    by_source = {(row.source, row.split) for row in found.values() if row.split}
    assert len(by_source) == 4
    sources = made.dataset.description.split.sources
    assert sources is not None
    assert sources.train + sources.val + sources.test == 4
    page = (made.dataset.path / "summary.md").read_text()
    assert "no source is in two splits, but artists may be" in page


def test_a_collection_without_sources_cannot_be_split_by_source(
    museum: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no painting has a source; list the paintings in a table"):
        prepare(museum, tmp_path / "data", config("split.group=source"))


def test_a_collection_is_synthetic_where_artstyle_painted_all_of_it(
    tiny_dataset: DatasetFolder, tiny_paintings: Path, tmp_path: Path
) -> None:
    assert tiny_dataset.description.synthetic
    mixed = shutil.copytree(tiny_paintings, tmp_path / "mixed")
    table = (mixed / "manifest.csv").read_text().replace(SOURCE, "Rijksmuseum", 1)
    (mixed / "manifest.csv").write_text(table)
    assert not prepare(mixed, tmp_path / "out", config()).dataset.description.synthetic
