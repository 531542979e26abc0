"""One page to print for each picture, and a run's report as PDF."""

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
    done = artstyle_text("factsheet", "art/Nymphéas.jpg", "--out", "pdf", "--pdf", cwd=here)
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
