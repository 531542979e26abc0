"""An index, what is similar in it, and what each says when it cannot be used."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from artstyle.prediction.output import partial_path
from artstyle.search import building
from artstyle.search.embeddings import embed_rows
from artstyle.search.folder import IndexFolder
from tests.cli.in_process import artstyle_text
from tests.cli.random_run import write_random_run

ANGLES = {"Cubism/pablo-picasso_a.png": 0, "Cubism/pablo-picasso_b.png": 5,
          "Cubism/juan-gris_c.png": 20, "Baroque/rubens_d.png": 90, "loose.png": 60}  # fmt: skip


def paint(path: Path, degrees: int) -> None:
    """A grey ramp, turned: the nearer two angles, the nearer the pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = Image.linear_gradient("L").rotate(degrees).crop((64, 64, 192, 192))
    ramp.resize((48, 48)).convert("RGB").save(path)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of random weights, five pictures, and their index."""
    root = tmp_path_factory.mktemp("search")
    write_random_run(root)
    for name, degrees in ANGLES.items():
        paint(root / "art" / name, degrees)
    (root / "torn.png").write_bytes((root / "art/loose.png").read_bytes()[:60])
    done = artstyle_text("index", "art", "torn.png", "--out", "idx", cwd=root)
    assert done.returncode == 3, done.stderr
    assert "not read: torn.png: damaged or truncated" in done.stderr
    assert "5 works in idx" in done.stderr
    return root


def test_the_files_of_an_index_are_two(here: Path) -> None:
    assert sorted(path.name for path in (here / "idx").iterdir()) == [
        "embeddings.safetensors",
        "index.json",
    ]


def test_the_nearest_comes_first_and_a_picture_is_not_its_own_neighbour(here: Path) -> None:
    done = artstyle_text(
        "similar", "art/Cubism/pablo-picasso_a.png", "--index", "idx", "--format", "json", cwd=here
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["path"] == "art/Cubism/pablo-picasso_a.png"
    assert row["error"] is None
    names = [each["path"] for each in row["similar"]]
    assert len(names) == 4
    assert names[0] == "art/Cubism/pablo-picasso_b.png"
    assert (row["similar"][0]["style"], row["similar"][0]["artist"]) == ("Cubism", "Pablo Picasso")
    scores = [each["score"] for each in row["similar"]]
    assert scores == sorted(scores, reverse=True)


def test_works_by_the_same_artist_are_left_out(here: Path) -> None:
    words = ("art/Cubism/pablo-picasso_a.png", "--index", "idx", "--mask-artist", "--format", "csv")
    done = artstyle_text("similar", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    # The artist of the loose picture is not known: it may be the same one.
    assert {row["artist"] for row in rows} == {"Juan Gris", "Rubens"}
    assert [row["rank"] for row in rows] == ["1", "2"]


def test_a_picture_whose_artist_is_unknown_or_that_is_unreadable_is_a_row_and_ends_with_3(
    here: Path,
) -> None:
    words = ("art/loose.png", "torn.png", "--index", "idx", "--mask-artist", "--format", "jsonl")
    done = artstyle_text("similar", *words, cwd=here)
    assert done.returncode == 3
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "its artist is not known" in rows[0]["error"]
    assert "damaged or truncated" in rows[1]["error"]
    assert [row["similar"] for row in rows] == [[], []]


def test_the_table_names_each_neighbour(here: Path) -> None:
    done = artstyle_text("similar", "art/loose.png", "--index", "idx", "--top-k", "2", cwd=here)
    first, *lines = done.stdout.splitlines()
    assert first == "art/loose.png"
    assert len(lines) == 4
    assert lines[0].split()[0] == "1"


def test_the_page_holds_a_thumbnail_of_each_and_asks_for_nothing(here: Path) -> None:
    done = artstyle_text("similar", "art/loose.png", "--index", "idx", "--out", "p.html", cwd=here)
    assert done.stdout == "p.html\n"
    page = (here / "p.html").read_text("utf-8")
    assert page.count('src="data:image/jpeg') == 5
    assert "http" not in page.replace("http-equiv", "")
    again = artstyle_text("similar", "art/loose.png", "--index", "idx", "--out", "p.html", cwd=here)
    assert (again.returncode, "say --overwrite" in again.stderr) == (2, True)


def test_a_list_gives_styles_and_artists(here: Path) -> None:
    (here / "list.csv").write_text(
        "path,style,artist\nart/loose.png,Fauvism,Henri Matisse\nart/Baroque/rubens_d.png,,\n"
    )
    artstyle_text("index", "list.csv", "--out", "listed", cwd=here)
    words = ("art/Baroque/rubens_d.png", "--index", "listed", "--format", "json")
    (row,) = json.loads(artstyle_text("similar", *words, cwd=here).stdout)
    assert [(s["style"], s["artist"]) for s in row["similar"]] == [("Fauvism", "Henri Matisse")]


def test_what_the_index_was_told_of_an_artist_comes_before_the_file_name(here: Path) -> None:
    # By their names, the files are by two people; the list says that they are by one.
    (here / "told.csv").write_text(
        "path,artist\nart/Cubism/pablo-picasso_a.png,Braque\nart/Cubism/juan-gris_c.png,Braque\n"
        "art/Baroque/rubens_d.png,unknown\nart/loose.png,Matisse\n"
    )
    artstyle_text("index", "told.csv", "--out", "told", cwd=here)
    words = ("--index", "told", "--mask-artist", "--format", "json")
    picasso, rubens = "art/Cubism/pablo-picasso_a.png", "art/Baroque/rubens_d.png"
    (row,) = json.loads(artstyle_text("similar", picasso, *words, cwd=here).stdout)
    # "unknown" is not an artist, so that work may be by Braque too.
    assert [each["artist"] for each in row["similar"]] == ["Matisse"]
    (row,) = json.loads(artstyle_text("similar", rubens, *words, cwd=here).stdout)
    assert {each["artist"] for each in row["similar"]} == {"Braque", "Matisse"}


def test_a_map_is_drawn_of_a_whole_index_when_resumed(here: Path) -> None:
    artstyle_text("index", "art", "--out", "later", cwd=here)
    done = artstyle_text("index", "art", "--out", "later", "--resume", "--map", cwd=here)
    assert (done.returncode, done.stdout.strip()) == (0, str(Path("later/map.html")))
    assert (here / "later/map.html").is_file()


def test_a_failed_replacement_leaves_the_index_that_was_there(here: Path) -> None:
    artstyle_text("index", "art", "--out", "kept", cwd=here)
    document = (here / "kept/index.json").read_bytes()
    again = ("index", "torn.png", "--out", "kept", "--overwrite")
    assert "no picture could be read" in error_of(here, *again, code=1)
    assert (here / "kept/index.json").read_bytes() == document


@pytest.mark.parametrize("option", ["--overwrite", "--resume"])
def test_a_folder_of_something_else_is_never_written_to(here: Path, option: str) -> None:
    foreign = here / "foreign"
    foreign.mkdir(exist_ok=True)
    (foreign / "index.json").write_text("{}")
    line = error_of(here, "index", "art", "--out", "foreign", option)
    assert "holds other files" in line
    assert [path.name for path in foreign.iterdir()] == ["index.json"]


def test_the_map_is_one_page_whose_script_no_name_can_end(here: Path, tmp_path: Path) -> None:
    paint(tmp_path / "<script>alert(1).png", 0)
    paint(tmp_path / "b.png", 40)
    shutil.copytree(here / "runs", tmp_path / "runs")
    done = artstyle_text("index", ".", "--out", "idx", "--map", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(Path("idx/map.html"))
    page = (tmp_path / "idx/map.html").read_text("utf-8")
    assert page.count("<script") == 2
    assert "\\u003cscript>alert(1).png" in page
    assert "http" not in page.replace("http-equiv", "")


def error_of(here: Path, *words: str, code: int = 2) -> str:
    done = artstyle_text(*words, cwd=here)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


def test_an_index_of_another_model_is_refused(here: Path, tmp_path: Path) -> None:
    words = ("similar", "art/loose.png", "--index", "idx", "--run", "starter")
    assert "was made with another model: simple_cnn" in error_of(here, *words)


@pytest.mark.parametrize("by", ["content", "both"])
def test_a_model_of_one_embedding_compares_by_style_alone(here: Path, by: str) -> None:
    line = error_of(here, "similar", "art/loose.png", "--index", "idx", "--by", by)
    assert "use --by style" in line


def test_an_index_without_artists_cannot_leave_any_out(here: Path) -> None:
    artstyle_text("index", "art/loose.png", "--out", "lone", cwd=here)
    line = error_of(here, "similar", "torn.png", "--index", "lone", "--mask-artist")
    assert "knows no artists" in line


def test_the_only_work_has_no_neighbours(here: Path) -> None:
    artstyle_text("index", "art/loose.png", "--out", "alone", cwd=here)
    done = artstyle_text("similar", "art/loose.png", "--index", "alone", cwd=here)
    assert done.returncode == 3
    assert "no similar works: the index has no other work" in done.stdout


def test_wrong_requests_are_one_line_each(here: Path) -> None:
    (here / "empty").mkdir(exist_ok=True)
    assert "no picture in this folder" in error_of(here, "index", "empty", "--out", "no")
    assert "name the pictures" in error_of(here, "index")
    assert "say --overwrite" in error_of(here, "index", "art", "--out", "idx")
    assert "holds other files" in error_of(here, "index", "art", "--out", "art")
    assert "is a folder of this machine" in error_of(here, "index", "art", "--out", "s3://a/b")
    assert "is not an index" in error_of(here, "similar", "art", "--index", "art")
    assert "no picture could be read" in error_of(here, "index", "torn.png", "--out", "t", code=1)


def test_an_interrupted_index_is_resumed_to_the_same_bytes(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (here / "idx/embeddings.safetensors").read_bytes()
    words = ("index", "art", "torn.png", "--out", "cut", "--batch-size", "2")
    real = embed_rows

    def killed(*given, **named):  # type: ignore[no-untyped-def]
        for done, each in enumerate(real(*given, **named)):
            if done == 3:
                raise OSError(5, "the disk failed")
            yield each

    with monkeypatch.context() as patch:
        patch.setattr(building, "embed_rows", killed)
        assert artstyle_text(*words, cwd=here).returncode == 1
    cut = IndexFolder(here / "cut")
    with cut.vectors_so_far("style").open("ab") as file:
        file.write(b"half a vector")
    assert "is not finished" in error_of(here, "similar", "art", "--index", "cut")
    assert "say --resume to finish it" in error_of(here, *words)
    assert artstyle_text(*words, "--resume", cwd=here).returncode == 3
    assert not partial_path(cut.document_path).exists()
    # The same batches, the same bits; in batches of another size the last digit may differ.
    artstyle_text("index", "art", "torn.png", "--out", "two", "--batch-size", "2", cwd=here)
    assert cut.tensors_path.read_bytes() == (here / "two/embeddings.safetensors").read_bytes()
    assert len(whole) == len(cut.tensors_path.read_bytes())
