"""One page to print for each picture, and a run's report as PDF."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from artstyle.errors import MissingError
from artstyle.presentation.printing import require_browser
from tests.cli.in_process import artstyle_text
from tests.cli.random_run import paint, write_random_run


def has_browser() -> bool:
    try:
        require_browser()
    except MissingError:
        return False
    return True


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("factsheet")
    write_random_run(root)
    paint(root / "art/Nymphéas.jpg")
    paint(root / "art/sub/Nymphéas.jpg")
    (root / "torn.jpg").write_bytes((root / "art/Nymphéas.jpg").read_bytes()[:400])
    return root


def test_each_picture_has_a_page_of_its_own_and_a_bad_file_ends_with_3(here: Path) -> None:
    done = artstyle_text("factsheet", "art", "torn.jpg", cwd=here)
    assert done.returncode == 3, done.stderr
    assert "not read: torn.jpg: damaged or truncated" in done.stderr
    pages = [here / line for line in done.stdout.splitlines()]
    assert len(set(pages)) == 2
    folder = here / "runs/random/factsheets"
    assert sorted(folder.iterdir()) == sorted(pages)
    page = pages[0].read_text("utf-8")
    assert page.count("<img ") == 2
    assert re.search(r"\d+%", page)
    assert "has not been checked by a person" in page
    assert "random (simple_cnn)" in page


def test_the_shares_are_those_of_predict(here: Path) -> None:
    listed = artstyle_text("predict", "art/Nymphéas.jpg", "--format", "csv", cwd=here).stdout
    done = artstyle_text("factsheet", "art/Nymphéas.jpg", "--out", "sheets", cwd=here)
    page = (here / done.stdout.strip()).read_text("utf-8")
    header, row = (line.split(",") for line in listed.splitlines()[:2])
    share = float(row[header.index("probability_1")])
    assert f"{share:.1%}" in page


def test_similar_works_are_those_of_similar(here: Path) -> None:
    artstyle_text("index", "art", "--out", "idx", cwd=here)
    words = ("art/Nymphéas.jpg", "--index", "idx")
    listed = artstyle_text("similar", *words, "--format", "json", cwd=here).stdout
    (nearest,) = json.loads(listed)[0]["similar"]
    done = artstyle_text("factsheet", *words, "torn.jpg", "--out", "near", cwd=here)
    assert (done.returncode, "not read: torn.jpg" in done.stderr) == (3, True)
    page = (here / done.stdout.strip()).read_text("utf-8")
    assert page.count("<img ") == 3
    assert f"{nearest['score']:.3f} · " in page
    assert "The nearest of 2 works" in page


def test_a_picture_without_neighbours_says_so_on_its_page(here: Path) -> None:
    artstyle_text("index", "art/Nymphéas.jpg", "--out", "lone", cwd=here)
    words = ("factsheet", "art/Nymphéas.jpg", "--index", "lone", "--out", "alone")
    done = artstyle_text(*words, cwd=here)
    assert done.returncode == 0, done.stderr
    page = (here / done.stdout.strip()).read_text("utf-8")
    assert "No similar works: the index has no other work." in page


def test_an_index_of_another_model_is_refused_before_any_page(here: Path) -> None:
    artstyle_text("index", "art", "--out", "other", "--run", "starter", cwd=here)
    words = ("--index", "other", "--run", "random", "--out", "mixed")
    done = artstyle_text("factsheet", "art", *words, cwd=here)
    assert done.returncode == 2
    assert "was made with another model" in done.stderr
    assert not (here / "mixed").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="browsers have a fixed place there")
def test_without_a_browser_pdf_is_refused_before_the_work(
    here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    done = artstyle_text("factsheet", "art", "--out", "none", "--pdf", cwd=here)
    assert done.returncode == 2
    assert "needs Chromium, Chrome or Edge" in done.stderr
    assert not (here / "none").exists()


@pytest.mark.skipif(not has_browser(), reason="needs Chromium, Chrome or Edge")
def test_a_fact_sheet_is_one_page_of_paper(here: Path) -> None:
    for n in range(4):
        paint(here / f"tall/Cubism/{'long-name-' * 3}{n}.png", (300, 600))
    artstyle_text("index", "tall", "--out", "tall/idx", cwd=here)
    tall = f"tall/Cubism/{'long-name-' * 3}0.png"
    words = ("--index", "tall/idx", "--out", "pdf", "--pdf")
    done = artstyle_text("factsheet", tall, *words, cwd=here)
    assert done.returncode == 0, done.stderr
    _, pdf = done.stdout.splitlines()
    assert len(re.findall(rb"/Type\s*/Page\b", (here / pdf).read_bytes())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="puts a failing program in its place")
def test_a_browser_that_fails_is_said_in_one_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "chromium").symlink_to(str(shutil.which("false")))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = artstyle_text("factsheet", "art/Nymphéas.jpg", "--out", "bad", "--pdf", cwd=here)
    assert done.returncode == 1
    assert "could not print" in done.stderr
    assert list((here / "bad").glob("*.pdf*")) == []
