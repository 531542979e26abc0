"""Similar works from a service: the rows of `similar`, thumbnails of works, and no other file."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from artstyle.cli.app import app
from artstyle.errors import ArtstyleError
from artstyle.search.folder import IndexFolder
from artstyle.search.index import open_index
from artstyle.serving.served import Models
from tests.cli.in_process import artstyle
from tests.serving.client import form, get, post
from tests.serving.tiny import service, write_model

Pictures = dict[str, bytes]
ARTISTS = ("juan-gris", "fernand-leger")


@pytest.fixture(scope="module")
def works(pictures: Pictures, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with works of two artists, and their index."""
    root = tmp_path_factory.mktemp("works")
    (root / "Cubism").mkdir()
    for n, content in enumerate(pictures.values()):
        (root / f"Cubism/{ARTISTS[n % 2]}_{n}.jpg").write_bytes(content)
    done = artstyle("index", root / "Cubism", "--run", model_file, "--out", "idx", cwd=root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def searched(works: Path, model_file: Path) -> Iterator[str]:
    with service(Models(str(model_file), open_index(works / "idx"))) as address:
        yield address


def similar(url: str, pictures: Pictures, **query: str | int) -> Any:
    return post(f"{url}/v1/similar", files=form(pictures), params=query)


def test_rows_are_those_of_similar(
    searched: str, works: Path, pictures: Pictures, tmp_path: Path
) -> None:
    for name, content in pictures.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    words = ("--index", works / "idx", "--format", "json", "--top-k", "3")
    done = artstyle("similar", *pictures, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert similar(searched, pictures, top_k=3).json() == {"results": json.loads(done.stdout)}


def test_an_image_can_be_the_body_itself(searched: str, pictures: Pictures) -> None:
    content = next(iter(pictures.values()))
    headers = {"Content-Type": "image/jpeg"}
    (row,) = post(f"{searched}/v1/similar?top_k=1", content=content, headers=headers).json()[
        "results"
    ]
    (work,) = row["similar"]
    assert (row["path"], Path(work["path"]).name) == ("image", "juan-gris_0.jpg")
    assert work["score"] == pytest.approx(1, abs=1e-5)


def test_an_upload_named_like_a_work_is_still_compared_with_it(
    works: Path, searched: str, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(works)
    content = next(iter(pictures.values()))
    answer = similar(searched, {"Cubism/juan-gris_0.jpg": content}, top_k=1).json()
    assert Path(answer["results"][0]["similar"][0]["path"]).name == "juan-gris_0.jpg"


def test_the_artist_that_a_name_says_is_left_out(searched: str, pictures: Pictures) -> None:
    content = next(iter(pictures.values()))
    sent = {"Cubism/juan-gris_new.jpg": content, "new.jpg": content}
    named, unnamed = similar(searched, sent, mask_artist="true").json()["results"]
    assert {work["artist"] for work in named["similar"]} == {"Fernand Leger"}
    assert "its artist is not known" in unnamed["error"]


def test_one_unreadable_image_spoils_no_other_and_an_only_one_is_refused(
    searched: str, pictures: Pictures
) -> None:
    broken = {"text.jpg": b"not a picture"}
    first, second = similar(searched, broken | dict([next(iter(pictures.items()))])).json()[
        "results"
    ]
    assert ("not a picture" in first["error"], second["error"]) == (True, None)
    assert similar(searched, broken).status_code == 422


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"by": "content"}, "use --by style"),
        ({"by": "colour"}, "by: Input should be"),
        ({"top_k": 0}, "top_k: Input should be greater"),
    ],
)
def test_what_the_index_cannot_answer_is_refused_with_the_reason(
    searched: str, pictures: Pictures, query: dict[str, str | int], reason: str
) -> None:
    answer = similar(searched, dict([next(iter(pictures.items()))]), **query)
    assert (answer.status_code, reason in answer.json()["error"]) == (422, True)


def test_without_an_index_the_option_is_named(url: str, pictures: Pictures) -> None:
    for answer in (similar(url, pictures), get(f"{url}/v1/similar/picture?path=a.jpg")):
        assert answer.status_code == 404
        assert "--index INDEX" in answer.json()["error"]
    assert get(f"{url}/v1/model").json()["index"] is None


def test_a_thumbnail_is_that_of_the_work(searched: str, pictures: Pictures) -> None:
    content = list(pictures.values())[9]
    answered = similar(searched, {"a": content}, top_k=1).json()["results"][0]
    query = urlencode({"path": answered["similar"][0]["path"]})
    shown = get(f"{searched}/v1/similar/picture?{query}")
    assert shown.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(shown.content)) as small, Image.open(io.BytesIO(content)) as work:
        assert small.size == work.size
    assert get(f"{searched}/v1/model").json()["index"] == {"works": 10, "by": ["style"]}


def test_no_file_is_shown_but_the_works(
    searched: str, works: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    (works / "other.jpg").write_bytes(next(iter(pictures.values())))
    monkeypatch.chdir(works)
    same = works / "Cubism/../Cubism/juan-gris_0.jpg"
    for path in (works / "other.jpg", "other.jpg", "/etc/passwd", same, "", "a\0b", "\udce9"):
        query = urlencode({"path": str(path)}, errors="surrogateescape")
        assert get(f"{searched}/v1/similar/picture?{query}").status_code == 404, path


def test_a_work_whose_file_is_gone_or_relative_to_another_folder_is_said(
    model_file: Path, pictures: Pictures, tmp_path: Path
) -> None:
    for name in ("a.jpg", "gone.jpg"):
        (tmp_path / name).write_bytes(next(iter(pictures.values())))
    gone = tmp_path / "gone.jpg"
    words = ("--run", model_file, "--out", "idx")
    done = artstyle("index", "a.jpg", gone, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    gone.unlink()
    with service(Models(str(model_file), open_index(tmp_path / "idx"))) as url:
        relative = get(f"{url}/v1/similar/picture", params={"path": "a.jpg"})
        missing = get(f"{url}/v1/similar/picture", params={"path": str(gone)})
    assert (relative.status_code, "from this folder" in relative.json()["error"]) == (404, True)
    assert (missing.status_code, "cannot be read" in missing.json()["error"]) == (422, True)


def test_a_name_that_may_be_anothers_sees_no_works_without_a_token(
    searched: str, pictures: Pictures
) -> None:
    headers = {"Host": "museum.example.org"}
    answer = post(f"{searched}/v1/similar", files=form(pictures), headers=headers)
    assert (answer.status_code, "ARTSTYLE_TOKEN" in answer.json()["error"]) == (403, True)


def test_a_swap_to_a_model_that_did_not_make_the_index_is_refused(
    works: Path, model_file: Path, pictures: Pictures, tmp_path: Path
) -> None:
    other = write_model(tmp_path / "other.onnx", seed=1)
    models = Models(str(model_file), open_index(works / "idx"))
    headers = {"Authorization": "Bearer secret"}
    with service(models, token="secret") as url:
        refused = post(f"{url}/v1/model", params={"run": str(other)}, headers=headers)
        still = post(f"{url}/v1/similar", files=form(pictures), headers=headers)
        unasked = similar(url, pictures)
    assert refused.status_code == 422
    assert "was made with another model" in refused.json()["error"]
    assert (still.status_code, unasked.status_code) == (200, 401)


def serve(*words: str) -> ArtstyleError:
    with pytest.raises(ArtstyleError) as refused:
        app(["serve", "--api-only", "--port", "0", *words], standalone_mode=False)
    assert "\n" not in str(refused.value)
    return refused.value


def test_an_index_that_cannot_be_used_is_one_line_at_the_start(works: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other.onnx", seed=1)
    error = serve("--index", str(works / "idx"), "--run", str(other))
    assert (error.exit_code, "was made with another model" in str(error)) == (2, True)
    error = serve("--index", str(tmp_path / "none"))
    assert (error.exit_code, "is not an index" in str(error)) == (2, True)
    torn = tmp_path / "torn"
    torn.mkdir()
    for path in (works / "idx").iterdir():
        (torn / path.name).write_bytes(path.read_bytes())
    IndexFolder(torn).tensors_path.write_bytes(b"torn")
    error = serve("--index", str(torn))
    assert (error.exit_code, "damaged" in str(error)) == (1, True)
