"""The page as a browser shows it: answers, heat, keys, sizes, and a service that goes away."""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artstyle.cli.app import app
from artstyle.metrics import FloatArray
from artstyle.models.onnx_model import load_onnx_model
from artstyle.pictures.finding import find_pictures
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.prediction.writers import write_rows
from artstyle.search.building import build_index
from artstyle.search.folder import IndexFolder
from artstyle.search.index import open_index
from artstyle.search.works import Known
from artstyle.serving.served import Models
from artstyle.serving.server import require_page
from artstyle.styles.vocabulary import display_name
from tests.serving.browser import assert_fits, files, opened
from tests.serving.client import predict
from tests.serving.test_serve_command import started
from tests.serving.tiny import LABELS, service, write_model
from tests.serving.whole import need

need("playwright")

BROKEN = "=1+1, broken.jpg"
MANY = 200
SIZES = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def url(model_file: Path) -> Iterator[str]:
    with service(model_file, page=require_page()) as address:
        yield address


def test_many_pictures_show_answers_errors_heat_and_csv(
    browser: Any, expect: Any, url: str, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    sent = {Path(name).name: content for name, content in pictures.items()}
    sent[BROKEN] = b"not a picture"
    rows = {row["path"]: row for row in predict(url, sent, top_k=3).json()["results"]}
    with opened(browser, url) as page:
        expect(page.locator("#about")).to_be_visible()
        page.set_input_files("#pictures", files(sent))
        answered = f"{len(sent)} of {len(sent)} pictures answered; 1 not read."
        expect(page.locator("#count")).to_have_text(answered)
        shown = page.locator("#rows tr td:last-child").all_inner_texts()
        download(page, tmp_path / "styles.csv")
        first = page.locator("#rows button").first
        first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#veil")).to_be_visible()
        expect(page.locator("#detail-name")).to_be_focused()
        box, painting = (page.locator(it).bounding_box() for it in ("#heat", "#painting"))
    # The marks before the words are for the eye only.
    words = [text.split(" ", 1)[1] for text in shown]
    assert words == [cell_words(PredictionRow.from_dict(rows[name])) for name in sent]
    expected = io.StringIO()
    list(write_rows([PredictionRow.from_dict(row) for row in rows.values()], expected, "csv", 3))
    assert_same_cells((tmp_path / "styles.csv").read_bytes(), expected.getvalue())
    # The model sees the square in the middle of a picture of 60 x 50 pixels.
    assert box["width"] == pytest.approx(painting["width"] * 50 / 60, rel=0.02)
    assert box["x"] - painting["x"] == pytest.approx(painting["width"] * 5 / 60, rel=0.1)


def test_sliders_uncover_the_painting_and_another_style_has_other_heat(
    browser: Any, expect: Any, url: str, pictures: dict[str, bytes]
) -> None:
    with opened(browser, url) as page:
        page.set_input_files("#pictures", files({"a.jpeg": next(iter(pictures.values()))}))
        expect(page.locator("#veil")).to_be_visible()
        seen = {wipe: stage(page, wipe=wipe) for wipe in (0, 50, 100)}
        strong, pale = (stage(page, opacity=strength) for strength in (100, 10))
        page.locator("#opacity").fill("100")
        explained = page.input_value("#style")
        other = next(label for label in LABELS if label != explained)
        page.select_option("#style", value=other)
        expect(page.locator("#heat-words")).to_contain_text(display_name(other))
        expect(page.locator("#veil")).to_be_visible()
        another = stage(page, opacity=100)
        page.click("#clear")
        expect(page.locator("#results")).to_be_hidden()
        expect(page.locator("#choose-pictures")).to_be_focused()
    half = seen[0].shape[1] // 2
    left, right = np.s_[:, : half - 4], np.s_[:, half + 4 :]
    assert np.abs(seen[0] - seen[100]).mean() > 5
    assert np.array_equal(seen[50][left], seen[100][left])
    assert np.array_equal(seen[50][right], seen[0][right])
    assert np.abs(strong - seen[0]).mean() > np.abs(pale - seen[0]).mean()
    assert not np.array_equal(strong, another)


def test_similar_works_have_thumbnails_and_one_whose_file_is_gone_says_so(
    browser: Any, expect: Any, model_file: Path, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in pictures.items():
        (tmp_path / Path(name).name).write_bytes(content)
    found = find_pictures(tmp_path)
    folder, model = IndexFolder(tmp_path / "index"), load_onnx_model(model_file)
    build_index(folder, model, found, lambda number, path: Known(), run=str(model_file))
    (tmp_path / Path(next(iter(pictures))).name).unlink()
    models = Models(str(model_file), open_index(folder.path))
    with service(models, page=require_page()) as address, opened(browser, address) as page:
        page.set_input_files("#pictures", files({"a.jpeg": next(iter(pictures.values()))}))
        expect(page.locator("#works li")).to_have_count(8)
        expect(page.locator("#works p").first).to_contain_text("1.000 · ")
        expect(page.locator("#works .missing")).to_have_count(1)
        assert page.locator("#works img").first.evaluate("it => it.naturalWidth") > 0
        assert_fits(page)


def test_200_dropped_pictures_outlive_their_service(
    browser: Any,
    expect: Any,
    model_file: Path,
    pictures: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_folder(tmp_path / "scans", pictures)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        app(["predict", "scans", "--run", str(model_file), "--out", "predict.csv"])
    assert done.value.code == 3
    words = ["--no-browser", "--run", str(model_file)]
    with started(*words, cwd=tmp_path) as (process, address), opened(browser, address) as page:
        expect(page.locator("#about")).to_be_visible()
        page.route("**/v1/predict*", slowly)
        drop(page, tmp_path / "scans")
        while page.evaluate("document.querySelector('#progress').value") < 20:
            time.sleep(0.02)
        process.kill()
        expect(page.locator("#alert")).to_contain_text("does not answer")
        kept = page.inner_text("#count")
        assert f" of {MANY} " in kept
        assert not kept.startswith(f"{MANY} ")
        process.wait(timeout=30)
        with started(*words, "--port", address.rpartition(":")[2], cwd=tmp_path):
            expect(page.locator("#count")).to_have_text(
                f"{MANY} of {MANY} pictures answered; 1 not read."
            )
            expect(page.locator("#alert")).to_be_empty()
            expect(page.locator("#left-out")).to_contain_text("1 file passed over")
            download(page, tmp_path / "page.csv")
    assert_same_cells(
        (tmp_path / "page.csv").read_bytes(), (tmp_path / "predict.csv").read_text("utf-8-sig")
    )


def test_an_open_page_says_that_another_model_answers(
    browser: Any, expect: Any, model_file: Path, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    models = Models(str(model_file))
    with (
        service(models, page=require_page()) as address,
        opened(browser, address, own_clock=True) as page,
    ):
        page.set_input_files("#pictures", files({"a.jpeg": next(iter(pictures.values()))}))
        expect(page.locator("#veil")).to_be_visible()
        served = models.swap(str(write_model(tmp_path / "other.onnx", seed=5)))
        page.clock.fast_forward(11_000)
        expect(page.locator("#alert")).to_contain_text("another model now")
        expect(page.locator("#facts")).to_contain_text(served.model.fingerprint)
        page.select_option("#style", index=1)
        expect(page.locator("#heat-words")).to_contain_text("Another model answers now")


def test_the_keyboard_alone_does_everything(
    browser: Any, expect: Any, url: str, pictures: dict[str, bytes]
) -> None:
    with opened(browser, url) as page:
        # From the start: a key pressed just after Chromium is told to report choosers opens none.
        page.on("filechooser", lambda chooser: None)
        expect(page.locator("#about")).to_be_visible()
        tab_to(page, "choose-pictures")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(files(pictures))
        expect(page.locator("#count")).to_contain_text(f"{len(pictures)} of")
        tab_to(page, "style")
        shown = page.inner_text("#heat-words")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#heat-words")).not_to_have_text(shown)
        expect(page.locator("#veil")).to_be_visible()
        tab_to(page, "wipe")
        page.keyboard.press("Home")
        assert page.input_value("#wipe") == "0"
        tab_to(page, "next")
        name = page.inner_text("#detail-name")
        page.keyboard.press("Enter")
        expect(page.locator("#detail-name")).not_to_have_text(name)
        tab_to(page, "to-list")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.closest('tr').ariaCurrent") == "true"
        page.focus("#find")
        page.keyboard.type("no such picture")
        expect(page.locator("#nothing")).to_be_visible()
        page.focus("#clear")
        page.keyboard.press("Space")
        expect(page.locator("#results")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_each_state_fits_its_window_and_passes_axe(
    browser: Any, expect: Any, url: str, pictures: dict[str, bytes], width: int, scheme: str
) -> None:
    sent = {Path(name).name: content for name, content in list(pictures.items())[:4]}
    with opened(browser, url, width=width, color_scheme=scheme, bypass_csp=True) as page:
        expect(page.locator("#about")).to_be_visible()
        assert is_dark(page) == (scheme == "dark")
        assert_fits(page)
        page.set_input_files("#pictures", files({BROKEN: b"not a picture"}))
        expect(page.locator("#answer")).to_contain_text("Not read")
        assert_fits(page)
        page.set_input_files("#pictures", files(sent))
        expect(page.locator("#count")).to_contain_text("5 of 5")
        expect(page.locator("#veil")).to_be_visible()
        page.click("summary")
        assert_fits(page)
        page.set_viewport_size({"width": 2560 if width > 1000 else 320, "height": 700})
        assert_fits(page)


def stage(page: Any, **sliders: int) -> FloatArray:
    """Return what is seen of the painting, with sliders put to values."""
    for name, value in sliders.items():
        page.locator(f"#{name}").fill(str(value))
    shot = page.locator("#stage").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), float)


def write_folder(folder: Path, pictures: dict[str, bytes]) -> None:
    """Write 200 files in two folders, one of them broken, and one that is not a picture."""
    for room in ("room 1", "room 2"):
        (folder / room).mkdir(parents=True)
    kinds = [(Path(name).suffix, content) for name, content in pictures.items()]
    for n in range(MANY - 1):
        suffix, content = kinds[n % len(kinds)]
        (folder / f"room {1 + n % 2}" / f"{n:03d}{suffix}").write_bytes(content)
    (folder / "room 1" / BROKEN).write_bytes(b"not a picture")
    (folder / "notes.txt").write_text("seen")


def drop(page: Any, folder: Path) -> None:
    """Drop a folder on the page."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 300, "y": 300, "data": data}
        devtools.send("Input.dispatchDragEvent", event)


def slowly(route: Any) -> None:
    """Let a request through a moment later, so that a service can be killed in between."""
    time.sleep(0.03)
    route.continue_()


def tab_to(page: Any, target: str) -> None:
    """Press Tab until the element with an id has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == target:
            return
    pytest.fail(f"Tab does not reach {target}")


def is_dark(page: Any) -> bool:
    """Return whether the page's background is dark."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, colour[4:-1].split(","))) < 3 * 128


def download(page: Any, path: Path) -> None:
    """Save the table as CSV."""
    with page.expect_download() as begun:
        page.click("#download")
    begun.value.save_as(path)


def cell_words(row: PredictionRow) -> str:
    """Return a row's answer as the table words it."""
    return verdict_words(row) if row.error is None else f"not read: {row.error}"


def assert_same_cells(content: bytes, expected: str) -> None:
    """The page's CSV, with the mark for Excel, has the cells of predict's."""
    assert content.startswith(b"\xef\xbb\xbf")
    ours = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    theirs = list(csv.reader(io.StringIO(expected, newline="")))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        for cell, truth in zip(mine, other, strict=True):
            # Batches differ, and with them the last digits of probabilities.
            if cell != truth:
                assert float(cell) == pytest.approx(float(truth), abs=2e-6)
                assert len(cell) == len(truth)
