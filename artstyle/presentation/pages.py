"""Self-contained HTML pages: one layout, pictures inside the file, everything escaped.

A page is a title and sections; a section is a title and blocks. Pages have no scripts, and their
content policy forbids them to fetch anything. So a page shows the same on any machine, offline
and in ten years, whatever names are in it.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2
from PIL import Image

from artstyle.pictures.thumbnails import small_jpeg
from artstyle.storage.files import write_bytes

STRONG_SHADE = 0.815
"""From this shade on, a cell's text takes the colour that suits a dark background."""
_PHONE_COLUMNS, _PHONE_MATRIX_COLUMNS = 3, 7


@dataclass(frozen=True)
class Cell:
    """A table's cell that is more than its text."""

    text: str | int | float
    href: str = ""
    """Target of the link: "#anchor" within the page, or a path relative to the page."""
    shade: float = 0
    """Strength of the background, 0 to 1, as in a heat map."""
    hint: str = ""
    """Shown under the mouse pointer, and read out by screen readers after the text."""
    framed: bool = False
    """Whether a frame marks it, as on the diagonal of a confusion matrix."""


Content = str | int | float | Cell
"""The content of a cell. Floats are shown with three decimals; format other numbers yourself."""


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str
    strong: bool = False
    """Whether it is set larger: what a reader must see first."""


@dataclass(frozen=True)
class Facts:
    """Names with their values, as in a catalogue entry."""

    facts: Mapping[str, Content]


@dataclass(frozen=True)
class Picture:
    """A picture, and what it shows in words."""

    source: str
    """A data URI, as `embed` and `thumbnail` make them."""
    alt: str
    """What the picture shows, for people who cannot see it."""
    caption: str = ""
    href: str = ""
    """Target of the link: "#anchor" within the page, or a path relative to the page."""

    def __post_init__(self) -> None:
        assert self.source.startswith("data:image/"), "a page holds its pictures itself"


@dataclass(frozen=True)
class Drawing:
    """A figure in the page's own colours, light or dark, and what it shows in words."""

    markup: str
    """One ``svg`` element, from `artstyle.presentation.drawings.svg`."""
    alt: str
    """What the figure shows, for people who cannot see it."""

    def __post_init__(self) -> None:
        assert self.markup.startswith("<svg "), "a drawing comes from `drawings.svg`"


@dataclass(frozen=True)
class Row:
    """Pictures side by side where the page is wide enough, otherwise one below another."""

    pictures: Sequence[Drawing | Picture]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the row's header."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Content]]
    caption: str = ""
    matrix: bool = False
    """Narrow columns under upright headers, as in a confusion matrix."""


@dataclass(frozen=True)
class Gallery:
    """Small pictures side by side, folded under one line until it is clicked."""

    title: str
    """Empty for pictures that are never folded."""
    pictures: Sequence[Picture]
    anchor: str = ""
    """Links to "#anchor" lead here and unfold it."""
    open: bool = False
    """Whether it is unfolded from the start."""


@dataclass(frozen=True)
class Folded:
    """Any blocks, folded under one line until it is clicked."""

    title: str
    blocks: Sequence["Block"]
    anchor: str = ""
    """Links to "#anchor" lead here and unfold it."""


Block = Prose | Facts | Picture | Drawing | Row | Table | Gallery | Folded


@dataclass(frozen=True)
class Section:
    """One part of a page; its title is also in the page's contents."""

    title: str
    blocks: Sequence[Block] = field(default=())


@cache
def templates(*folders: Path) -> jinja2.Environment:
    """Return the templates of pages, and those in other folders, which extend ``base.html``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        href=_safe_href,
        slug=_slug,
        kind=_kind,
        shown=_shown,
        wide=_wide,
        numeric_column=_numeric_column,
    )
    environment.tests.update(numeric=_number)
    return environment


def write_page(path: Path, title: str, subtitle: str, sections: Sequence[Section]) -> None:
    """Write one HTML file, whole or not at all."""
    page = (
        templates()
        .get_template("page.html")
        .render(title=title, subtitle=subtitle, sections=sections, strong_shade=STRONG_SHADE)
    )
    # File names may be invalid UTF-8; a page must be valid.
    write_bytes(path, page.encode("utf-8", errors="replace"))


def embed(png: Path | bytes) -> str:
    """Return a PNG as a data URI, byte for byte."""
    content = png if isinstance(png, bytes) else png.read_bytes()
    return _data_uri("image/png", content)


def thumbnail(picture: Image.Image | Path | bytes, max_side_px: int = 200) -> str:
    """Return a picture, shrunk so that no side is longer, as the data URI of a JPEG.

    Raises:
        ImageError: The file cannot be read as a picture.
    """
    return _data_uri("image/jpeg", small_jpeg(picture, max_side_px))


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _safe_href(href: str) -> str:
    """Return a link that can only lead within the page or to a file in its folder."""
    if href.startswith("#"):
        return f"#{quote(href[1:])}"
    return f"./{quote(href, errors='surrogateescape')}"


def _slug(title: str) -> str:
    """Return a title as the anchor of its section."""
    return re.sub(r"\W+", "-", title.casefold()).strip("-")


def _kind(block: Block) -> str:
    return type(block).__name__


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _numeric_column(table: Table, column: int) -> bool:
    """Return whether a column holds numbers, which are set flush right with its header."""
    first = table.rows[0][column] if table.rows else ""
    return _number(first.text if isinstance(first, Cell) else first)


def _wide(table: Table) -> bool:
    """Return whether a phone may be too narrow for a table, so that it scrolls sideways."""
    columns = len(table.columns)
    return columns > (_PHONE_MATRIX_COLUMNS if table.matrix else _PHONE_COLUMNS)


def _shown(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value
