"""Splits from a file: the folds that artstyle ships, and those of anyone else."""

import csv
import io
import lzma
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from artstyle.config import Config
from artstyle.data.artists import artist_key
from artstyle.errors import ArtstyleError, ConfigError, DataError
from artstyle.preparation.prepare import plan, prepare
from artstyle.preparation.sources.source import artist_and_title
from artstyle.preparation.tables.split_file import read_split_file, split_of_fold
from artstyle.recipes import resolve_config, shipped_splits
from tests.benchmarks.artist_folds import artist_folds, folds_table, read_paintings

LISTS = Path(__file__).parents[3].parent / "shared" / "data" / "wikiart_lists"
SHIPPED = shipped_splits()["wikiart27-artist-disjoint"]


def config(file: Path | str, *overrides: str) -> Config:
    quick = ("data.cache_size=40", "data.workers=0", "balance.min_per_style=4")
    return resolve_config(overrides=[*quick, f"split.file={file}", *overrides]).config


def shipped_folds() -> dict[str, int]:
    text = lzma.decompress(SHIPPED.read_bytes()).decode("utf-8")
    return {row["path"]: int(row["fold"]) for row in csv.DictReader(io.StringIO(text))}


def write(path: Path, header: str, *lines: str) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


def test_no_artist_is_in_two_shipped_folds_and_every_style_is_in_each() -> None:
    folds = shipped_folds()
    assert len(folds) == 81_446
    artists, styles, names = defaultdict(set), defaultdict(set), defaultdict(set)
    for path, fold in folds.items():
        style, _, name = path.partition("/")
        artists[artist_and_title(name)[0]].add(fold)
        styles[style].add(fold)
        names[name].add(fold)
    assert len(artists) == len({artist_key(name) for name in artists}) == 1_119
    assert {len(found) for found in artists.values()} == {1}
    assert {len(found) for found in names.values()} == {1}
    assert len(styles) == 27
    assert {tuple(sorted(found)) for found in styles.values()} == {(1, 2, 3, 4, 5)}
    sizes = Counter(folds.values())
    assert max(sizes.values()) / min(sizes.values()) < 1.03
    assert SHIPPED.stat().st_size < 1_000_000


@pytest.mark.shared
@pytest.mark.skipif(not LISTS.is_dir(), reason="the official lists are not here")
def test_the_shipped_folds_made_again_are_the_same_text() -> None:
    paintings = read_paintings(LISTS)
    made = folds_table(paintings, artist_folds(paintings))
    assert made.encode("utf-8") == lzma.decompress(SHIPPED.read_bytes())


@pytest.mark.parametrize(
    ("tested", "expected"), [(1, "test val train train"), (4, "val train train test")]
)
def test_the_fold_after_the_tested_one_is_val(tested: int, expected: str) -> None:
    assert [split_of_fold(fold, tested, 4) for fold in (1, 2, 3, 4)] == expected.split()


def test_prepare_takes_the_splits_of_a_file_and_leaves_out_what_it_does_not_name(
    tiny_paintings: Path, tmp_path: Path
) -> None:
    paths = sorted(p.relative_to(tiny_paintings).as_posix() for p in tiny_paintings.rglob("*.*"))
    paths = [path for path in paths if path.endswith(".jpg")]
    lines = [f'"{path}",{n % 3 + 1}' for n, path in enumerate(paths[1:])]
    table = write(tmp_path / "folds.csv", "path,fold", *lines, "Cubism/not there.jpg,2")
    packed = tmp_path / "folds.csv.xz"
    packed.write_bytes(lzma.compress(table.read_bytes()))
    prepared = prepare(tiny_paintings, tmp_path / "data", config(packed, "split.fold=2"))
    rows = {
        row.path: row.split
        for split in ("train", "val", "test")
        for row in prepared.dataset.rows(split)
    }
    expected = ("train", "test", "val")
    assert rows == {path: expected[n % 3] for n, path in enumerate(paths[1:])}
    description = prepared.dataset.description
    assert description.counts.left_out == {"no_official_split": 1}
    assert (description.split.group, description.config.split.file) == ("official", packed.name)
    missing = "paths in folds.csv.xz without a picture: 1, as Cubism/not there.jpg"
    assert missing in description.notes


def test_a_path_may_begin_below_the_source_and_a_split_may_be_named(
    tiny_paintings: Path, tmp_path: Path
) -> None:
    lines = [f"{path.parent.name}/{path.name},Training" for path in tiny_paintings.rglob("*.jpg")]
    lines[0] = lines[0].replace("Training", "test")
    table = write(tmp_path / "splits.csv", "path,split", *lines)
    outer = tmp_path / "outer"
    (outer / "wikiart").mkdir(parents=True)
    for style in sorted(path for path in tiny_paintings.iterdir() if path.is_dir()):
        (outer / "wikiart" / style.name).symlink_to(style, target_is_directory=True)
    planned = plan(outer, tmp_path / "data", config(table))
    assert planned.group == "official"
    assert [image.split for image in planned.source.images].count("test") == 1


@pytest.mark.parametrize(
    ("content", "overrides", "error", "said"),
    [
        ("path,fold\na,1\nb,2\nc,3\n", ("split.fold=4",), ConfigError, "has 3 folds"),
        ("path,fold\na,1\nb,2\n", (), DataError, "at least 3"),
        ("path,fold\na,1\nb,2\nc,0\n", (), DataError, "line 4: fold is '0'"),
        ("path,fold\na,1\nb,2\na,3\n", (), DataError, "line 4 names 'a' a second time"),
        ("path,fold\na,1\nb,2\nc,3\n", (), DataError, "names none of the 40 pictures"),
        ("path,split\na,tryout\n", (), DataError, "unknown split 'tryout'"),
        ("path,split\na,test\n", ("split.fold=2",), ConfigError, "has no effect"),
        ("path,part\na,1\n", (), DataError, "no column fold and no column split"),
        ("name,fold\na,1\n", (), DataError, "no column path"),
        ("path,fold\na\n", (), DataError, "line 2"),
        ("path,fold\n", (), DataError, "names no pictures"),
        ("path,fold\na,1\nb,2\nc,3\n", ("split.group=artist",), ConfigError, "split.group"),
    ],
)
def test_a_file_of_splits_that_cannot_be_meant_is_refused_in_one_line(
    content: str,
    overrides: tuple[str, ...],
    error: type[ArtstyleError],
    said: str,
    tiny_paintings: Path,
    tmp_path: Path,
) -> None:
    table = tmp_path / "splits.csv"
    table.write_text(content, "utf-8")
    with pytest.raises(error, match=said) as raised:
        plan(tiny_paintings, tmp_path / "data", config(table, *overrides))
    assert "\n" not in str(raised.value)


def test_a_fold_without_a_file_is_refused(tiny_paintings: Path, tmp_path: Path) -> None:
    settings = resolve_config(overrides=["split.fold=2"]).config
    with pytest.raises(ConfigError, match=r"no effect without split\.file"):
        plan(tiny_paintings, tmp_path / "data", settings)


def test_two_pictures_for_one_line_are_refused(tiny_paintings: Path, tmp_path: Path) -> None:
    first = min(tiny_paintings.rglob("*.jpg"))
    for copy in ("one", "two"):
        (tmp_path / "source" / copy / first.parent.name).mkdir(parents=True)
        (tmp_path / "source" / copy / first.parent.name / first.name).symlink_to(first)
    table = write(tmp_path / "splits.csv", "path,split", f"{first.name},test")
    with pytest.raises(DataError, match="two pictures fit"):
        plan(tmp_path / "source", tmp_path / "data", config(table))


@pytest.mark.parametrize("cut", [10, -10])
def test_a_damaged_archive_is_named(cut: int, tmp_path: Path) -> None:
    damaged = tmp_path / "folds.csv.xz"
    damaged.write_bytes(SHIPPED.read_bytes()[:cut])
    with pytest.raises(DataError, match="is damaged"):
        read_split_file(damaged)


def test_a_name_that_is_not_shipped_is_answered_with_the_nearest() -> None:
    with pytest.raises(ArtstyleError, match="wikiart27-artist-disjoint"):
        plan(Path(), Path("data"), config("wikiart27-artists"))


def test_archives_that_were_joined_are_read_to_their_end(tmp_path: Path) -> None:
    parts = ("path,split\nCubism/a.jpg,train\n", "Cubism/b.jpg,val\n")
    joined = tmp_path / "joined.csv.xz"
    joined.write_bytes(b"".join(lzma.compress(part.encode()) for part in parts))
    assert read_split_file(joined) == {"Cubism/a.jpg": "train", "Cubism/b.jpg": "val"}
