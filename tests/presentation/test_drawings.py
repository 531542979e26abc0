"""Figures inside a page take its colours and its font."""

import html
import re

import pytest
from matplotlib.colors import to_hex

from artstyle.presentation.drawings import svg
from artstyle.presentation.plots import PALETTE, plot_bars
from tests.presentation.colours import contrast, variables


def drawn(*names: str, title: str = "T") -> str:
    series = {"train": [3.0] * len(names), "val": [2.0] * len(names)}
    return svg(plot_bars(list(names), series, title=title, xlabel="paintings"), "bars")


def test_every_colour_of_a_drawing_is_a_variable_of_the_page_in_light_and_dark() -> None:
    markup = drawn("Cubism", "Fauvism")
    assert re.findall(r"#[0-9a-f]{6}\b", markup) == []
    used = set(re.findall(r"var\(--([\w-]+)\)", markup))
    assert {"ink", "quiet", "line", "c0", "c1"} <= used
    assert used <= set(variables("light"))


def test_the_light_page_has_the_palette_of_the_figures_on_disk() -> None:
    light = variables("light")
    assert [to_hex(light[f"c{number}"]) for number in range(len(PALETTE))] == list(PALETTE)


@pytest.mark.parametrize("number", range(len(PALETTE)))
def test_on_a_dark_page_each_colour_of_the_palette_can_be_seen(number: int) -> None:
    dark = variables("dark")
    assert contrast(dark[f"c{number}"], dark["mat"]) >= 3  # WCAG 2.2, 1.4.11: graphics


def test_no_text_in_a_drawing_is_changed() -> None:
    name = 'a="#b" : #211f1c\u6d6e & <i>'
    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawn(name))
    assert name in [html.unescape(text) for text in texts]
    assert "<i>" not in drawn(name)


def test_a_drawings_anchors_are_its_own_and_all_there() -> None:
    markup = drawn("Cubism")
    anchors = set(re.findall(r' id="([^"]+)"', markup))
    referred = set(re.findall(r'="(?:url\()?#([^")]+)', markup))
    assert referred
    assert referred == anchors
    assert all(anchor.startswith("bars-") for anchor in anchors)


def test_equal_figures_are_equal_drawings_of_few_bytes() -> None:
    assert drawn("Cubism", "Fauvism") == drawn("Cubism", "Fauvism")
    assert len(drawn(*(f"Style {n}" for n in range(27)))) < 40_000
