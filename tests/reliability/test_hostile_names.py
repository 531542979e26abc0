"""Names that are markup, formulas, paths or commands to a terminal, through every command."""

import csv
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest
from tests.preparation.pictures import painting
from tests.reliability.commands import Commands, contents

STYLES = (
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(0)",
    "$\\frac{x$ {{7*7}} [red]",
    "../x",
    "\x1b[2J\u202e\n'\"&lt;b&gt;",
)
"""The fourth is a path; as a folder it cannot be, in a manifest it can."""
ARTISTS = ("=cmd|'/c calc'!A1", "+1+1", '"><script>alert(1)</script>', "@SUM(1)", "-1", "\t=2")
_TAGS = (
    "html head meta title style body header h1 h2 h3 p nav main section div dl dt dd table caption"
    " thead tbody tr th td span a figure img figcaption details summary footer ul li ol br"
    " svg g rect path circle line text tspan defs clippath use i"
)


class Page(HTMLParser):
    """What a browser would see in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of 5 x 8 paintings whose styles, artists and titles are hostile."""
    root = tmp_path_factory.mktemp("hostile") / "<b onmouseover=alert(1)>"
    (root / "=1+1").mkdir(parents=True)
    rows = []
    for n, style in enumerate(style for style in STYLES for _ in range(8)):
        name = f"=1+1/-{n} '\"<img src=x onerror=alert({n})>.png"
        painting(n, (64, 64)).save(root / name)
        rows.append([name, style, ARTISTS[n % len(ARTISTS)], "=title()", "<svg onload=x>"])
    with (root / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["path", "style", "artist", "title", "genre"], *rows])
    return root


def cells(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            yield from row


def test_hostile_names_go_through_every_command_and_harm_nothing(
    collection: Path, tmp_path: Path, artstyle: Commands
) -> None:
    source, work = contents(collection), tmp_path / "work"
    data, run, table = work / "data", work / "run", work / "p.csv"
    pictures = sorted((collection / "=1+1").iterdir())[:3]
    small = [
        *("--model", "simple_cnn", "--epochs", "1", "--batch-size", "8"),
        *("--set", "model.weights=none", "--set", "unfreeze.mode=all"),
        *("--set", "data.image_size=32", "--set", "data.workers=0"),
        *("--set", "train.export=false"),
    ]
    cache = ["--set", "data.cache_size=40", "--set", "balance.min_per_style=4"]
    said = [
        artstyle("prepare", collection, "--out", data, "--set", "data.workers=0", *cache),
        artstyle("eda", data, "--out", work / "eda"),
        artstyle("finetune", "--data", data, "--out", run, *small),
        artstyle("evaluate", "--run", run),
        artstyle("predict", *pictures, "--run", run, "--out", table, "--top-k", "9"),
        artstyle("predict", *pictures, "--run", run),
        artstyle("gradcam", *pictures, "--run", run),
        artstyle("report", "--run", run),
    ]
    assert [one.code for one in said] == [0] * len(said), [one.err for one in said]
    shown = "".join(one.out + one.err for one in said)
    assert all(character.isprintable() or character == "\n" for character in shown)

    assert contents(collection) == source
    assert {path.name for path in tmp_path.iterdir()} == {"work"}

    pages = sorted(work.rglob("*.html"))
    assert len(pages) == 4
    for path in pages:
        page = Page(path)
        assert page.tags <= set(_TAGS.split()), page.tags
        for tag, name, value in page.attributes:
            assert not name.startswith("on"), (tag, name, value)
            if name == "href":
                assert value.startswith(("#", "./")), value
            if name == "src":
                assert value.startswith("data:image/"), value
        assert "&lt;img src=x onerror=alert(1)&gt;" in path.read_text("utf-8")

    tables = sorted(work.rglob("*.csv"))
    assert {path.name for path in tables} >= {"manifest.csv", "predictions.csv", "p.csv"}
    for path in tables:
        assert not [cell for cell in cells(path) if cell.startswith(tuple("=+-@\t\r"))], path


def test_hostile_names_come_back_from_our_own_files_as_they_went_in(
    collection: Path, tmp_path: Path, artstyle: Commands
) -> None:
    words = ["--set", "data.workers=0", "--set", "balance.min_per_style=4"]
    assert artstyle("prepare", collection, "--out", tmp_path / "data", *words).code == 0
    dataset = DatasetFolder(tmp_path / "data")
    rows = list(read_manifest(dataset.manifest_path))
    assert {row.artist for row in rows} == {artist.strip() for artist in ARTISTS}
    assert all((collection / row.path).is_file() for row in rows)
    assert set(dataset.labels) == {row.style for row in rows}
    assert "\\x1b[2J\\u202e_'\"&lt;b&gt;" in dataset.labels
    summary = (dataset.path / "summary.md").read_text("utf-8")
    assert "<img" not in summary
    json.loads(dataset.description_path.read_text("utf-8"))
