"""What a second collection may add to training: no artist and no painting of the first."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.preparation.prepare import prepare
from artstyle.storage.files import read_csv
from tests.benchmarks import join_collections
from tests.benchmarks.join_collections import folds, name_key, strangers
from tests.preparation.pictures import write_painting
from tests.preparation.prepared import config

_ROW = ManifestRow("", "Baroque", "", "", "", "train", "", 9, 9, "", "0" * 16, "")
_FIRST = [
    replace(_ROW, path="a.jpg", artist="hassam", split="test"),
    replace(_ROW, path="b.jpg", artist="Arnold Böcklin", split="train"),
    replace(_ROW, path="c.jpg", style="Naive_Art", artist="nobody-else", split=""),
]


def test_only_strangers_are_left() -> None:
    apart = replace(_ROW, phash="ff" * 8)
    second = [
        replace(apart, path="kept.jpg", artist="judith-leyster", split="test"),
        replace(apart, path="unknown.jpg"),
        replace(apart, path="same.jpg", artist="arnold-bocklin"),
        replace(apart, path="last.jpg", artist="childe-hassam"),
        replace(apart, path="rare.jpg", artist="nobody-else"),
        replace(apart, path="left.jpg", split=""),
        replace(_ROW, path="alike.jpg", artist="judith-leyster", phash=f"{0x3FF:016x}"),
        replace(_ROW, path="unlike.jpg", artist="judith-leyster", phash=f"{0x7FF:016x}"),
    ]
    left_out: Counter[str] = Counter()
    kept = strangers(_FIRST, second, left_out)
    assert [row.path for row in kept] == ["kept.jpg", "unknown.jpg", "unlike.jpg"]
    assert left_out == {
        "by an artist of the first": 2,
        "by a last name of the first": 1,
        "in no split of its own collection": 1,
        "like a picture of the first": 1,
    }
    with_bocklin = strangers(_FIRST, second, Counter(), known=_FIRST[1:2])
    paths = ["kept.jpg", "unknown.jpg", "last.jpg", "rare.jpg", "unlike.jpg"]
    assert [row.path for row in with_bocklin] == paths


def test_folds_test_each_painting_once_and_no_artist_on_both_sides() -> None:
    first = [
        replace(_ROW, path=f"{n}.jpg", artist="" if n % 5 == 0 else f"artist-{n % 17}")
        for n in range(100)
    ]
    tested: list[str] = []
    for fold in folds(first, seed=42):
        sides = {
            split: {row.artist for row in fold if row.split == split} for split in ("train", "test")
        }
        assert sides["train"] & sides["test"] <= {""}
        tested += [row.path for row in fold if row.split == "test"]
    assert sorted(tested) == sorted(row.path for row in first)


def test_names_are_one_whatever_their_spelling() -> None:
    assert name_key("Böcklin, Arnold") == name_key("bocklin_arnold") == "bocklin-arnold"
    assert name_key("葛飾北斎") != name_key("歌川広重")


def test_strangers_train_without_changing_the_firsts_own_test_split(
    museum: Path, tmp_path: Path
) -> None:
    known = [f"Cubism/{name}_work.jpg" for name in ("anna-a", "berta-b", "carla-c", "dora-d")]
    names = [f"Cubism/stranger-{n}_work.jpg" for n in range(12)]
    for n, name in enumerate(known):
        write_painting(museum / name, 8000 + n)
    for n, name in enumerate([*names, *known]):
        write_painting(tmp_path / "others" / name, 9000 + n)
    sources = (museum, tmp_path / "others")
    data = {source: prepare(source, f"{source}-data", config()).dataset for source in sources}
    pairs = [str(path) for source, made in data.items() for path in (source, made.path)]
    command = [sys.executable, join_collections.__file__, *pairs, str(tmp_path / "both")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "4 by an artist of the first" in done.stdout

    first, second = (list(read_manifest(dataset.manifest_path)) for dataset in data.values())
    expected = {f"first/{row.path}": row.split.replace("val", "train") for row in first}
    choosing = {f"second/{row.path}": "val" for row in second if row.split == "val"}
    for name in known:
        choosing.pop(f"second/{name}", None)
    tested = {row.path for row in first if row.split == "test"}
    wider = {f"second/{name}": "train" for name in known if name not in tested}
    assert 0 < len(wider) < len(known)
    written = {}
    for part in ("alone-own", "fold-own", "wide-own"):
        rows = read_csv(tmp_path / "both" / part / "manifest.csv")
        written[part] = {row["path"]: row["split"] for row in rows}
        assert all((tmp_path / "both" / part / path).is_file() for path in written[part])
    teaching = {f"second/{name}": "train" for name in names}
    assert written["alone-own"] == expected | choosing
    assert written["fold-own"] == expected | teaching | choosing
    assert written["wide-own"] == written["fold-own"] | wider
