"""The page's files."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.metrics import FloatArray
from artstyle.painter.collection import paint
from artstyle.pictures.formats.kinds import SUFFIXES
from artstyle.serving.server import PAGE, require_page
from tests.serving.client import get
from tests.serving.tiny import service

TEXTS = sorted(path for path in PAGE.iterdir() if path.is_file())
INDEX = (PAGE / "index.html").read_text("utf-8")
EXAMPLES = {
    "cubism-portrait.jpg": ("Cubism", "portrait", 2, 3, (360, 480)),
    "impressionism-boat.jpg": ("Impressionism", "boat", 3, 4, (480, 320)),
    "color-field-boat.jpg": ("Color_Field_Painting", "boat", 3, 4, (480, 320)),
    "pointillism-mountain.jpg": ("Pointillism", "mountain", 1, 2, (480, 360)),
}


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
    assert re.findall(r"(?:https?:|\bwss?:|url\(|[\"'(]//)", text) == []


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


def _coarse(image: Image.Image) -> FloatArray:
    """Return the picture in so few pixels that JPEG's losses, but no other seed, are lost."""
    return np.asarray(image.resize((12, 12), Image.Resampling.BOX), float)
