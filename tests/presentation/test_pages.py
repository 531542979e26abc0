import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.errors import ImageError
from artstyle.presentation.drawings import svg
from artstyle.presentation.pages import (
    STRONG_SHADE,
    Block,
    Cell,
    Drawing,
    Facts,
    Folded,
    Gallery,
    Picture,
    Prose,
    Row,
    Section,
    Table,
    embed,
    thumbnail,
    write_page,
)
from artstyle.presentation.plots import plot_bars
from tests.presentation.colours import contrast, mixed, variables

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and its visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(folder: Path, *blocks: Block, title: str = "A title") -> Tags:
    path = folder / "page.html"
    write_page(path, title, "", [Section("Only section", blocks)])
    return Tags(path.read_text("utf-8"))


def red(width: int = 40, height: int = 20) -> Image.Image:
    return Image.new("RGB", (width, height), "red")


def test_names_with_markup_appear_as_text_wherever_they_stand(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        Prose(HOSTILE),
        Facts({HOSTILE: HOSTILE}),
        Table([HOSTILE, HOSTILE], [[HOSTILE, Cell(HOSTILE, hint=HOSTILE)]], caption=HOSTILE),
        Gallery(HOSTILE, [Picture(thumbnail(red()), HOSTILE, HOSTILE)]),
        Folded(HOSTILE, [Prose(HOSTILE)]),
        title=HOSTILE,
    )
    assert page.all("script") == []
    assert len(page.all("img")) == 1
    assert page.all("img")[0]["alt"] == HOSTILE
    assert page.text.count(HOSTILE) >= 9
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_a_page_fetches_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, Picture(thumbnail(red()), "red"))
    assert all(image["src"].startswith("data:image/") for image in page.all("img"))
    assert page.all("link") == []
    policies = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("#cell-1-2", "#cell-1-2"),
        ("panels/a b.png", "./panels/a%20b.png"),
        ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
        ("//elsewhere.example/x", ".///elsewhere.example/x"),
    ],
)
def test_links_lead_only_within_the_page_or_beside_it(
    tmp_path: Path, href: str, written: str
) -> None:
    page = page_of(tmp_path, Table(["a", "b"], [["x", Cell(3, href)]]))
    assert [link["href"] for link in page.all("a")] == [written]


def test_a_cell_leads_to_the_gallery_behind_it(tmp_path: Path) -> None:
    gallery = Gallery("Three", [Picture(thumbnail(red()), "red")], anchor="cell-0-1")
    page = page_of(tmp_path, Table(["a", "b"], [["x", Cell(3, "#cell-0-1")]]), gallery)
    targets = {attributes.get("id") for _, attributes in page.tags}
    assert page.all("a")[0]["href"].removeprefix("#") in targets
    assert "open" not in page.all("details")[0]


def test_every_picture_has_a_text_and_every_table_its_headers(tmp_path: Path) -> None:
    table = Table(["style", "count"], [["Cubism", 3], ["Fauvism", 4]], matrix=True)
    page = page_of(tmp_path, table, Picture(thumbnail(red()), "a red square"))
    assert [image["alt"] for image in page.all("img")] == ["a red square"]
    assert [header["scope"] for header in page.all("th")] == ["col", "col", "row", "row"]


def test_numbers_are_shown_with_separators_and_three_decimals(tmp_path: Path) -> None:
    page = page_of(tmp_path, Facts({"count": 12345, "score": 0.71249}))
    assert "12,345" in page.text
    assert "0.712" in page.text
    assert "0.7124" not in page.text


def test_a_name_that_is_not_utf8_leaves_the_page_valid(tmp_path: Path) -> None:
    page = page_of(tmp_path, Prose("caf\udce9.jpg"))
    assert "caf?.jpg" in page.text


def test_contents_lead_to_sections(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_page(path, "T", "", [Section(title) for title in ("Size & aspect", "Light", "End")])
    page = Tags(path.read_text("utf-8"))
    ids = [section["id"] for section in page.all("section")]
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in ids]
    assert ids == ["size-aspect", "light", "end"]


def test_a_thumbnail_keeps_the_aspect_and_fits_the_side(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    red(900, 300).save(path)
    for picture in (red(900, 300), path, path.read_bytes()):
        assert decoded(thumbnail(picture, 120)).size == (120, 40)


def test_a_small_picture_is_not_enlarged() -> None:
    assert decoded(thumbnail(red(30, 20), 120)).size == (30, 20)


def test_a_thumbnail_of_no_picture_is_refused() -> None:
    with pytest.raises(ImageError, match="not a picture"):
        thumbnail(b"plain text")


def test_embedded_bytes_come_back_as_they_were() -> None:
    uri = embed(b"\x89PNG bytes")
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == b"\x89PNG bytes"


def decoded(uri: str) -> Image.Image:
    content = base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
    return Image.open(io.BytesIO(content), formats=["JPEG"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_number_in_a_cell_can_be_read_on_every_shade(scheme: str) -> None:
    """4.5 is what WCAG 2.2 asks of text (1.4.3)."""
    of = variables(scheme)
    for shade in np.linspace(0.001, 1, 1000):
        text = of["on-strong"] if shade > STRONG_SHADE else of["on-weak"]
        assert contrast(text, mixed(of["heat"], shade, of["wall"])) >= 4.5, shade


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "quiet", "accent"])
@pytest.mark.parametrize("paper", ["wall", "mat"])
def test_text_can_be_read(scheme: str, text: str, paper: str) -> None:
    of = variables(scheme)
    assert contrast(of[text], of[paper]) >= 4.5


def test_a_shaded_cell_takes_the_text_colour_of_its_shade_and_a_framed_one_its_frame(
    tmp_path: Path,
) -> None:
    cells = [Cell(1, shade=STRONG_SHADE), Cell(2, shade=STRONG_SHADE + 0.01), Cell(3, framed=True)]
    page = page_of(tmp_path, Table(["a", "b", "c", "d"], [["x", *cells]]))
    assert [cell["class"] for cell in page.all("td")] == ["n weak", "n weak strong", "n framed"]


@pytest.mark.parametrize(("columns", "says"), [(3, False), (4, True), (9, True)])
def test_a_table_too_wide_for_a_phone_says_that_it_scrolls(
    tmp_path: Path, columns: int, says: bool
) -> None:
    page = page_of(tmp_path, Table(["x"] * columns, [["y"] * columns]))
    assert ("Scroll sideways" in page.text) == says


def test_drawings_are_part_of_the_page_and_fit_its_width(tmp_path: Path) -> None:
    figure = plot_bars(["Cubism"], {"n": [3]}, title="T", xlabel="x")
    drawings = [Drawing(svg(figure, name), f"bars {name}") for name in ("a", "b")]
    page = page_of(tmp_path, Row(drawings), drawings[0])
    assert [figure["aria-label"] for figure in page.all("figure")] == ["bars a", "bars b", "bars a"]
    assert all(set(found) == {"viewbox"} for found in page.all("svg"))
    assert page.all("img") == []
