"""Shards: every picture once, the same bytes whatever came between, and one line where not."""

import json
import shutil
import tracemalloc
from collections.abc import Iterator
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artstyle.archive import listing
from artstyle.archive.document import ShardsDocument
from artstyle.archive.folder import ShardColumn, ShardFolder, tables_of
from artstyle.archive.listing import deal_pictures, parse_lines
from artstyle.archive.places import LocalPlace
from artstyle.archive.shards import finished_shards
from artstyle.errors import DataError, UsageError
from artstyle.pictures.finding import PicturePath
from tests.cli.random_run import write_random_run
from tests.preparation.pictures import write_painting
from tests.reliability.commands import Commands, contents

parquet = pytest.importorskip("pyarrow.parquet")

NUM, SHARDS = 40, 5


@pytest.fixture
def artstyle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of random weights; 40 tiny paintings in folders, one of them damaged."""
    root = tmp_path_factory.mktemp("archive")
    write_random_run(root)
    for n in range(NUM - 1):
        write_painting(root / f"scans/room {n % 3}/{n:02}.jpg", n, (48, 36))
    (root / "scans/room 1/torn.jpg").write_bytes(b"no picture")
    return root


@pytest.fixture
def words(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | Path]:
    """A command that answers the paintings in shards, into the folder ``out``."""
    monkeypatch.chdir(here)
    asked = ("--run", "runs/random", "--device", "cpu", "--batch-size", "3")
    return ["predict", "scans", "--out", f"{tmp_path}/out/", "--shards", str(SHARDS), *asked]


def rows_of(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.parquet"))
    return [row for path in files for row in parquet.read_table(path).to_pylist()]


def test_each_picture_has_one_row_that_says_what_predict_says(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    done = artstyle(*words)
    assert done.code == 3, done.err
    assert f"{NUM} rows in {SHARDS} shards" in done.err
    plain = artstyle(*words[:2], *words[6:], "--format", "jsonl")
    assert plain.code == 3
    expected = {row["path"]: row for row in map(json.loads, plain.out.splitlines())}
    rows = rows_of(tmp_path / "out")
    assert len(rows) == len(expected) == NUM
    for row in rows:
        told = expected[row["path"]]
        assert row["error"] == told["error"]
        assert row["id"] == row["path"].removeprefix("scans/")
        styles = told["styles"] or [{"style": None, "probability": None}] * 3
        assert [row[f"style_{n}"] for n in (1, 2, 3)] == [each["style"] for each in styles]
        for n, each in enumerate(styles, start=1):
            # Other batches than those of the plain command round otherwise in torch.
            assert row[f"probability_{n}"] == pytest.approx(each["probability"], abs=1e-6)


def test_a_picture_is_dealt_by_the_hash_of_its_path_in_the_source(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    artstyle(*words)
    for shard, path in enumerate(sorted((tmp_path / "out").glob("*.parquet"))):
        names = parquet.read_table(path).column("id").to_pylist()
        assert names == sorted(names)
        for name in names:
            digest = blake2b(name.encode(), digest_size=8).digest()
            assert int.from_bytes(digest, "big") % SHARDS == shard


def test_what_is_missing_is_made_again_with_the_same_bytes_and_the_rest_stays(
    words: list[str | Path],
    artstyle: Commands,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    artstyle(*words)
    before = contents(out)
    lost, kept = out / "part-00002-of-00005.parquet", out / "part-00003-of-00005.parquet"
    lost.unlink()
    (out / ".tmp-listing-00001").write_text("left by a killed process")
    moment = kept.stat().st_mtime_ns
    monkeypatch.setattr("artstyle.inference.cpu_count", lambda: 5)
    again = artstyle(*words)
    assert again.code == 3
    assert contents(out) == before
    assert kept.stat().st_mtime_ns == moment


def test_shards_do_not_depend_on_the_order_of_a_list(
    words: list[str | Path], artstyle: Commands, here: Path, tmp_path: Path
) -> None:
    names = sorted(
        str(path.relative_to(here / "scans")) for path in (here / "scans").rglob("*.jpg")
    )
    found: list[dict[str, str]] = []
    for order in (names, names[::-1]):
        numbers = {path: f"N{n}" for n, path in enumerate(names)}
        lines = [f"{path},{numbers[path]}" for path in order]
        listed = tmp_path / "list.csv"
        listed.write_text("\n".join(["file,accession number", *lines]))
        out = tmp_path / f"by-list-{len(found)}/"
        done = artstyle(
            "predict", listed, "--images", "scans", "--out", f"{out}/", *words[4:],
        )  # fmt: skip
        assert done.code == 3, done.err
        found.append(contents(out))
    assert found[0] == found[1]
    row = rows_of(out)[0]
    assert row["id"] == numbers[row["path"].removeprefix("scans/")]


REFUSED = {
    ("--shards", "6"): "--shards 5, not 6",
    ("--top-k", "2"): "--top-k 3, not 2",
    ("--batch-size", "4"): "--batch-size 3, not 4",
    ("--language", "de"): "--language none, not de",
    ("--run", "starter"): "the model ",
    ("--format", "csv"): "leave out --format csv",
    ("--resume",): "leave out --resume",
    ("--address", "auto"): "say --on ray too",
    ("--on", "ray", "--engine", "onnx", "--device", "cuda"): "leave --device cuda out",
    ("--out", "answers.parquet"): "--out answers.parquet/",
    ("--out", "runs/random"): "holds other files",
    ("scans",): "2 are named",
}


def test_another_request_is_refused_and_nothing_changes(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    artstyle(*words)
    before = contents(tmp_path / "out")
    for changed, said in REFUSED.items():
        done = artstyle(*words, *changed)
        assert done.code == 2, changed
        last = done.err.splitlines()[-1]
        assert last.startswith("error: ")
        assert said in last
    assert contents(tmp_path / "out") == before


def test_a_picture_that_came_later_is_not_passed_over(
    words: list[str | Path], artstyle: Commands, here: Path, tmp_path: Path
) -> None:
    artstyle(*words)
    late = write_painting(here / "scans/late.jpg", 99, (48, 36))
    try:
        refused = artstyle(*words)
        assert "answers for other pictures" in refused.err.splitlines()[-1]
        done = artstyle(*words, "--overwrite")
    finally:
        late.unlink()
    assert done.code == 3
    assert len(rows_of(tmp_path / "out")) == NUM + 1


def test_another_folder_with_the_same_names_is_not_taken_as_answered(
    words: list[str | Path],
    artstyle: Commands,
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artstyle(*words)
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(here / "scans", tmp_path / "elsewhere/scans")
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = artstyle(*words[:7], here / "runs/random", *words[8:])
    assert done.code == 2
    assert f"the source {here}/scans, not {tmp_path}/elsewhere/scans" in done.err.splitlines()[-1]


def test_a_damaged_shard_is_named(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    artstyle(*words)
    path = tmp_path / "out/part-00001-of-00005.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    last = artstyle(*words).err.splitlines()[-1]
    assert "out/part-00001-of-00005.parquet is damaged; remove it" in last


def test_a_flipped_bit_of_an_embedding_is_not_joined_to_an_index(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    command = ("index", "scans", "--out", tmp_path / "index", "--shards", "2", *words[6:])
    assert artstyle(*command).code == 3
    path = tmp_path / "index/shards/part-00001-of-00002.parquet"
    group = parquet.read_metadata(path).row_group(0)
    column = group.column(group.num_columns - 1)
    assert column.path_in_schema.startswith("style_embedding")
    content = bytearray(path.read_bytes())
    # Its dictionary comes first.
    content[column.dictionary_page_offset + column.total_compressed_size - 9] ^= 1
    path.write_bytes(content)
    done = artstyle(*command)
    assert done.code == 1
    assert "index/shards/part-00001-of-00002.parquet is damaged" in done.err.splitlines()[-1]


def test_a_shard_of_another_request_is_never_taken(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    name = "part-00001-of-00005.parquet"
    artstyle(*words)
    words[3] = f"{tmp_path}/other/"
    artstyle(*words, "--top-k", "2")
    shutil.copy(tmp_path / "out" / name, tmp_path / "other" / name)
    done = artstyle(*words, "--top-k", "2")
    assert done.code == 2
    assert f"answers to another request in {name}" in done.err.splitlines()[-1]
    (tmp_path / "other" / name).rename(tmp_path / "other/part-00001-of-00009.parquet")
    refused = artstyle(*words, "--top-k", "2")
    assert "shards of another request, as part-00001-of-00009" in refused.err.splitlines()[-1]


def test_shards_that_a_killed_overwrite_left_name_the_way_out(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    artstyle(*words)
    before = contents(tmp_path / "out")
    (tmp_path / "out/_shards.json").unlink()
    refused = artstyle(*words)
    assert refused.code == 2
    assert "an --overwrite ended early" in refused.err.splitlines()[-1]
    assert artstyle(*words, "--overwrite").code == 3
    assert contents(tmp_path / "out") == before


def test_a_request_that_began_while_another_looked_is_not_mixed_with_it(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path / "out")
    first, second = (ShardFolder(place, "out", request(batch_size=n)) for n in (1, 2))
    second.require_free(overwrite=False)
    first.begin(overwrite=False)
    first.write(0, [ShardColumn("error", "string")], [], "digest")
    with pytest.raises(UsageError, match="begun with --batch-size 1, not 2"):
        second.begin(overwrite=False)


def test_a_source_that_fails_leaves_no_temporary_files(tmp_path: Path) -> None:
    def pictures() -> Iterator[PicturePath]:
        yield PicturePath(Path("a.jpg"))
        raise DataError("the list ends here")

    folder = ShardFolder(LocalPlace(tmp_path / "out"), "out", request(batch_size=1))
    with (
        pytest.raises(DataError, match="the list ends here"),
        finished_shards(folder, pictures(), lambda *asked: None),
    ):
        pass
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", "_shards.json"}


def request(batch_size: int) -> ShardsDocument:
    return ShardsDocument(
        kind="predict", shards=1, model="m", network="n", engine="torch", device="cpu",
        batch_size=batch_size, source="/scans", release="0",
    )  # fmt: skip


def test_more_shards_than_pictures_and_a_list_that_names_one_twice_lose_and_add_nothing(
    words: list[str | Path], artstyle: Commands, here: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("file\nroom 0/00.jpg\nroom 1/01.jpg\nroom 0/00.jpg\nroom 1/gone.jpg\n")
    source = (listed, "--images", "scans")
    for command, rows in (("predict", 4), ("index", 4), ("gradcam", 1)):
        out = tmp_path / command
        named = source if command != "gradcam" else ("scans/room 0/00.jpg",)
        asked = (command, *named, "--out", f"{out}/", "--shards", "9", *words[6:])
        first, again = artstyle(*asked), artstyle(*asked)
        assert first.code == again.code == (0 if command == "gradcam" else 3), first.err
        found = rows_of(out / "shards" if command == "index" else out)
        assert len(found) == rows
        assert sum(row["error"] is not None for row in found) == (rows == 4)


def test_both_embeddings_of_a_dual_model_are_in_its_shards(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    run = write_random_run(tmp_path, "dual/efficientnet_lite0")
    done = artstyle(
        "index", "scans/room 0/0*", "--out", tmp_path / "index", "--shards", "2", "--run", run,
        "--device", "cpu",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = json.loads((tmp_path / "index/index.json").read_text())
    assert document["works"] == 4
    assert set(document["sizes"]) == {"style", "content"}
    done = artstyle(
        "gradcam", "scans/room 0/0*", "--out", tmp_path / "heat", "--shards", "2", "--run", run,
        "--device", "cpu", "--stream", "content",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert [row["stream"] for row in rows_of(tmp_path / "heat")] == ["content"] * 4


def test_a_stream_that_the_model_lacks_is_refused_and_the_folder_stays_free(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    asked = ("gradcam", "scans/room 0/00.jpg", "--out", tmp_path, "--shards", "2", *words[6:8])
    refused = artstyle(*asked, "--stream", "content")
    assert refused.code == 2
    assert "has one embedding, of style" in refused.err.splitlines()[-1]
    assert "leave out --raw, --png and --top-k" in artstyle(*asked, "--top-k", "2").err
    assert artstyle(*asked).code == 0
    assert [row["stream"] for row in rows_of(tmp_path)] == ["style"]


def test_an_address_holds_the_bytes_of_a_folder(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    fsspec = pytest.importorskip("fsspec")
    artstyle(*words)
    words[3] = "memory://answers"
    try:
        assert artstyle(*words).code == 3
        assert artstyle(*words).code == 3
        system = fsspec.filesystem("memory")
        found = {path.rpartition("/")[2]: system.cat(path) for path in system.ls("/answers", False)}
    finally:
        fsspec.filesystem("memory").rm("/answers", recursive=True)
    expected = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.name != ".lock"}
    assert found == expected


def test_an_index_of_shards_finds_what_a_plain_one_finds(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    asked = words[6:]
    for out, more in ((tmp_path / "plain", []), (tmp_path / "dealt", ["--shards", "4"])):
        done = artstyle("index", "scans", "--out", out, *more, *asked)
        assert done.code == 3, done.err
        assert f"{NUM - 1} works in {out}" in done.err
    found = [
        json.loads(
            artstyle(
                "similar", "scans/room 0/00.jpg", "--index", tmp_path / name, "--format", "json"
            ).out
        )
        for name in ("plain", "dealt")
    ]
    names = [[each["path"] for each in rows[0]["similar"]] for rows in found]
    assert len(names[0]) == 10
    assert names[0] == names[1]


def test_an_index_of_shards_replaces_a_plain_one_that_was_not_finished(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    out = tmp_path / "index"
    out.mkdir()
    (out / "index.json.partial").write_text("left by a killed process")
    asked = ("index", "scans", "--out", out, "--shards", "3", *words[6:])
    assert "say --resume to finish it, or --overwrite" in artstyle(*asked).err
    assert artstyle(*asked, "--overwrite").code == 3
    found = artstyle("similar", "scans/room 0/00.jpg", "--index", out)
    assert found.code == 0, found.err


def test_an_overlay_of_a_shard_is_the_file_that_gradcam_writes(
    words: list[str | Path], artstyle: Commands, tmp_path: Path
) -> None:
    asked = ("gradcam", "scans/room 0/*0*", *words[6:])
    assert artstyle(*asked, "--out", tmp_path / "files").code == 0
    assert artstyle(*asked, "--out", f"{tmp_path}/dealt", "--shards", "2").code == 0
    rows = rows_of(tmp_path / "dealt")
    assert len(rows) == 5
    for row in rows:
        (file,) = (tmp_path / "files").glob(f"{Path(row['path']).stem}-*-overlay.jpg")
        pair = [np.asarray(Image.open(each), float) for each in (file, BytesIO(row["overlay"]))]
        # Other batches: the heat differs in its last digits, and a pixel by a level.
        assert np.abs(pair[0] - pair[1]).mean() < 0.5


def test_memory_does_not_grow_with_the_number_of_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_HELD_BYTES", 1 << 16)
    peaks = []
    for number in (1000, 8000):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths = (PicturePath(Path(f"/scans/{n:07}.jpg")) for n in range(number))
        tracemalloc.start()
        found = deal_pictures(paths, 8, folder, Path("/scans"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        dealt = [each.id for shard in range(8) for each in parse_lines(found.lines(shard))]
        assert sorted(dealt) == [f"{n:07}.jpg" for n in range(number)]
    assert peaks[1] < 1.5 * peaks[0]


def test_the_bytes_of_a_shard_do_not_depend_on_how_its_rows_arrive(tmp_path: Path) -> None:
    columns = (ShardColumn("error", "string"), ShardColumn("numbers", "float32[2]"))
    rows = [(None if n % 7 else f"reason {n % 3}", [n, n / 3]) for n in range(2500)]
    found: list[bytes] = []
    for sizes in ([2500], [64] * 39 + [4], [1, 999, 1500]):
        folder = ShardFolder(LocalPlace(tmp_path / str(len(found))), "out", request(batch_size=1))
        starts = [sum(sizes[:n]) for n in range(len(sizes))]
        tables = [
            table
            for start, size in zip(starts, sizes, strict=True)
            for table in tables_of(rows[start : start + size], columns)
        ]
        folder.write(0, columns, tables, "digest")
        found.append((tmp_path / str(len(found)) / folder.name(0)).read_bytes())
    assert found[0] == found[1] == found[2]
    assert folder.summary(0).failed == sum(row[0] is not None for row in rows)
