import os
from pathlib import Path

import pytest

from artstyle.errors import ArtstyleError, ImageError
from artstyle.preparation.sources.opening import open_source, read_source_bytes, stat_key
from artstyle.preparation.sources.source import artist_and_title
from tests.posix import make_pipe
from tests.preparation.shards import stored, write_shard
from tests.preparation.source_files import only, paint, write_manifest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "nowhere"}, "no file or folder .*nowhere; give the folder that holds your"),
        ({"path": "notes.txt"}, "notes.txt is a file; give a folder of paintings, a .csv manifest"),
        ({"path": "x.csv", "format": "folders"}, r"--format folders reads a folder"),
        ({"path": ".", "format": "folder"}, "unknown format 'folder'. Did you mean 'folders'?"),
        ({"path": ".", "format": "folders", "lists": "."}, "--lists goes with --format artgan"),
        ({"path": "x.csv", "images": "nowhere"}, "no folder .*nowhere; --images takes the folder"),
        ({"path": "styles", "images": "."}, "--images goes with a CSV manifest"),
        ({"path": "styles", "style": "Label"}, "--columns goes with a table"),
        ({"path": ".", "lists": "nowhere"}, "no folder .*nowhere; --lists takes the folder of"),
    ],
)
def test_what_cannot_be_opened_says_why_and_what_can(
    tmp_path: Path, arguments: dict[str, str], message: str
) -> None:
    paint(tmp_path, "styles/Cubism/a_b.jpg")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "x.csv").write_text("path,style\n")
    lists, images = (
        tmp_path / arguments[name] if name in arguments else None for name in ("lists", "images")
    )
    with pytest.raises(ArtstyleError, match=message):
        open_source(
            tmp_path / arguments["path"],
            arguments.get("format"),
            lists,
            {"style": arguments["style"]} if "style" in arguments else None,
            images,
        )


def test_files_that_cannot_be_read_are_answers_not_ends(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_gone.jpg", "Cubism/b_there.jpg")
    make_pipe(tmp_path / "Cubism" / "c_pipe.jpg")
    (tmp_path / "Cubism" / "d_nowhere.jpg").symlink_to("nowhere")
    source = open_source(tmp_path)
    (tmp_path / "Cubism" / "a_gone.jpg").unlink()
    answers = {i.title: content for i, content in read_source_bytes(tmp_path, source.images)}
    assert list(answers) == ["gone", "there", "pipe", "nowhere"]
    assert isinstance(answers.pop("there"), bytes)
    assert all(isinstance(answer, ImageError) for answer in answers.values())
    assert str(answers["pipe"]) == "not a regular file"


def test_the_stat_key_tells_a_changed_file_and_a_missing_one(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    image = only(open_source(tmp_path))
    before = stat_key(tmp_path, image)
    assert before[0] == (tmp_path / image.path).stat().st_size
    os.utime(tmp_path / image.path, ns=(1, 1))
    assert stat_key(tmp_path, image) == (before[0], 1)
    (tmp_path / image.path).unlink()
    assert stat_key(tmp_path, image) == (-1, -1)


def test_the_stat_key_of_a_row_is_that_of_its_shard(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0), stored(1)])
    size = (tmp_path / "a.parquet").stat().st_size
    assert {stat_key(tmp_path, i)[0] for i in open_source(tmp_path).images} == {size}


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [
        ("a.y.-jackson_the-red-maple-1914.jpg", "a.y.-jackson", "the-red-maple-1914"),
        ("anonymous.jpg", "", "anonymous"),
        ("_untitled.jpg", "", "untitled"),
    ],
)
def test_the_artist_ends_at_the_first_underscore(name: str, artist: str, title: str) -> None:
    assert artist_and_title(name) == (artist, title)


def test_what_a_list_leaves_in_its_folder_is_noted_and_counted(tmp_path: Path) -> None:
    paint(tmp_path / "listed", "a.jpg", "b.jpg", "c.jpg")
    write_manifest(tmp_path / "listed" / "manifest.csv", [{"path": "a.jpg", "style": "Rococo"}])
    (tmp_path / "listed" / "d.psd").touch()
    listed = open_source(tmp_path / "listed")
    assert listed.notes == (
        f"pictures in {tmp_path / 'listed'} without a usable row in manifest.csv, left out: 2",
        "1 file passed over: 1 .psd; --list-skipped names them",
    )
    assert listed.skipped == ("d.psd",)
    write_shard(tmp_path / "stored" / "a.parquet", [stored(0)])
    paint(tmp_path / "stored", "Baroque/a.jpg")
    assert open_source(tmp_path / "stored").notes == (
        f"pictures in {tmp_path / 'stored'} next to the Parquet files, left out: 1",
    )
