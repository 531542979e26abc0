"""`artstyle predict` with IIIF manifests, from the address to the file of answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.in_process import artstyle
from tests.cli.random_run import paint, write_random_run
from tests.iiif.manifests import put_manifests
from tests.iiif.museum import Museum, open_museum


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("iiif")
    write_random_run(root)
    paint(root / "scans/a.png")
    return root


@pytest.fixture
def museum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Museum]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with open_museum() as opened:
        yield opened


def test_a_list_of_manifests_gives_a_row_for_each_canvas(here: Path, museum: Museum) -> None:
    cases = put_manifests(museum, 3)
    (here / "works.txt").write_text("\n".join([*(c.address for c in cases), f"{museum.url}/gone"]))
    done = artstyle("predict", "works.txt", "--format", "jsonl", cwd=here)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [e for case in cases for e in case.expected]
    assert done.returncode == 3, done.stderr
    found = [(row["record"]["id"], row["record"]["label"]) for row in rows[:-1]]
    assert found == [(e.id, e.label) for e in expected]
    assert [row["error"] for row in rows] == [None] * 3 + [f"{museum.url}/gone: 404 Not Found"]


def test_manifests_come_back_as_annotation_pages(here: Path, museum: Museum) -> None:
    (case,) = put_manifests(museum, 1)
    gone = f"{museum.url}/gone"
    done = artstyle("predict", case.address, gone, "--format", "iiif", "--out", "p.json", cwd=here)
    assert done.returncode == 3
    pages = [json.loads(line) for line in (here / "p.json").read_text("utf-8").splitlines()]
    targets = [[a["target"] for a in page["items"]] for page in pages]
    assert targets == [[e.id for e in case.expected], []]
    assert f"warning: {gone.removeprefix('http://')}: {gone}: 404 Not Found".encode() in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scans", "--format", "iiif"), "--format iiif annotates the canvases"),
        (
            ("https://museum.example/1", "scans"),
            "https://museum.example/1 is IIIF and scans is not",
        ),
    ],
)
def test_a_wrong_request_ends_with_2(here: Path, arguments: tuple[str, ...], message: str) -> None:
    done = artstyle("predict", *arguments, cwd=here)
    assert done.returncode == 2
    assert message.encode() in done.stderr
