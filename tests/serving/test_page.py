"""The page in the browser: its files, and what Chromium shows."""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artstyle.metrics import FloatArray
from artstyle.painter.collection import paint
from artstyle.pictures.formats.kinds import SUFFIXES
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.prediction.writers import write_rows
from artstyle.serving.server import PAGE, require_page
from tests.serving.client import get, predict
from tests.serving.tiny import service

TEXTS = sorted(path for path in PAGE.iterdir() if path.is_file())
INDEX = (PAGE / "index.html").read_text("utf-8")
EXAMPLES = {
    "cubism-portrait.jpg": ("Cubism", "portrait", 2, 3, (360, 480)),
    "impressionism-boat.jpg": ("Impressionism", "boat", 3, 4, (480, 320)),
    "color-field-boat.jpg": ("Color_Field_Painting", "boat", 3, 4, (480, 320)),
    "pointillism-mountain.jpg": ("Pointillism", "mountain", 1, 2, (480, 360)),
}
BROKEN = "=1+1, broken.jpg"


@pytest.fixture(scope="module")
def page_url(model_file: Path) -> Iterator[str]:
    with service(model_file, page=require_page()) as address:
        yield address


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.findall(r'(?:href|src)="(page/[^"]+)"', text)
    named += [f"page/examples/{name}" for name in re.findall(r'data-example="([^"]+)"', text)]
    named += [f"page/{name}" for name in re.findall(r'from "\./([^"]+)"', text)]
    assert [name for name in named if not (PAGE.parent / name).is_file()] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_file_names_an_address_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    for link in ("https://vocab.getty.edu/page/aat/", "https://www.wikidata.org/wiki/"):
        text = text.replace(link, "") if path.name == "styles.js" else text
    assert re.findall(r"(?:https?:|wss?:|url\(|[\"'(]//)", text) == []


def test_the_page_allows_nothing_from_elsewhere_and_no_script_in_its_text(page_url: str) -> None:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', INDEX)
    assert found is not None
    for policy in (found[1], get(f"{page_url}/").headers["content-security-policy"]):
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert not re.search(r"unsafe|https?:|\*", policy)
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?! type=\"module\" src=)", INDEX)


def test_a_folder_gives_the_pictures_that_predict_takes() -> None:
    found = re.search(r"const ENDINGS = /\\(\..*)\$/i;", (PAGE / "intake.js").read_text("utf-8"))
    assert found is not None
    pattern = re.compile(f"\\{found[1]}$", re.IGNORECASE)
    assert all(pattern.search(f"a{suffix}") for suffix in SUFFIXES)
    assert [name for name in (".txt", ".xmp", ".jpgx", ".pdf") if pattern.search(f"a{name}")] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_what_the_painter_paints(name: str) -> None:
    with Image.open(PAGE / "examples" / name) as shipped:
        assert np.abs(_coarse(shipped) - _coarse(paint(*EXAMPLES[name]).image)).max() < 8
    assert sorted(path.name for path in (PAGE / "examples").iterdir()) == sorted(EXAMPLES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_chromium_shows_answers_errors_heat_and_csv(
    browser: Any, page_url: str, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    expect.set_options(timeout=30_000)
    sent = {Path(name).name: content for name, content in pictures.items()}
    sent[BROKEN] = b"not a picture"
    rows = {row["path"]: row for row in predict(page_url, sent, top_k=3).json()["results"]}
    files = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in sent.items()
    ]
    with ExitStack() as stack:
        context = browser.new_context(accept_downloads=True)
        stack.callback(context.close)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(page_url)
        expect(page.locator("#about")).to_be_visible()
        context.set_offline(True)
        page.set_input_files("#pictures", files)
        expect(page.locator("#alert")).to_contain_text("does not answer")
        context.set_offline(False)
        answered = f"{len(sent)} of {len(sent)} pictures answered; 1 not read."
        expect(page.locator("#count")).to_have_text(answered)
        expect(page.locator("#alert")).to_be_empty()
        shown = page.locator("#rows tr td:last-child").all_inner_texts()
        with page.expect_download() as download:
            page.click("#download")
        download.value.save_as(tmp_path / "styles.csv")
        first = page.locator("#rows button").first
        first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#veil")).to_be_visible()
        expect(page.locator("#detail-name")).to_be_focused()
        box, painting = (page.locator(it).bounding_box() for it in ("#heat", "#painting"))
    assert problems == []
    # The marks before the words are for the eye only.
    words = [text.split(" ", 1)[1] for text in shown]
    assert words == [_words(PredictionRow.from_dict(rows[name])) for name in sent]
    _assert_same_cells(tmp_path / "styles.csv", [PredictionRow.from_dict(r) for r in rows.values()])
    # The model sees the square in the middle of a picture of 60 x 50 pixels.
    assert box["width"] == pytest.approx(painting["width"] * 50 / 60, rel=0.02)
    assert box["x"] - painting["x"] == pytest.approx(painting["width"] * 5 / 60, rel=0.1)


def _coarse(image: Image.Image) -> FloatArray:
    """Return the picture in so few pixels that JPEG's losses, but no other seed, are lost."""
    return np.asarray(image.resize((12, 12), Image.Resampling.BOX), float)


def _words(row: PredictionRow) -> str:
    return verdict_words(row) if row.error is None else f"not read: {row.error}"


def _assert_same_cells(path: Path, rows: list[PredictionRow]) -> None:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    expected = io.StringIO()
    list(write_rows(rows, expected, "csv", 3))
    ours = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    theirs = list(csv.reader(io.StringIO(expected.getvalue(), newline="")))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        for cell, truth in zip(mine, other, strict=True):
            # Batches differ, and with them the last digits of probabilities.
            if cell != truth:
                assert float(cell) == pytest.approx(float(truth), abs=2e-6)
                assert len(cell) == len(truth)
