import io
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from artstyle.presentation.plots import (
    FIGURE_DPI,
    HEAT,
    PALETTE,
    PAPER,
    Tile,
    new_figure,
    plot_bars,
    plot_label,
    plot_pictures,
    png_bytes,
    text_on,
    write_figure,
)
from artstyle.styles.vocabulary import read_vocabulary
from tests.presentation.colours import contrast


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_drawing_leaves_matplotlibs_own_settings_alone() -> None:
    before = dict(matplotlib.rcParams)
    png_bytes(plot_bars(["Cubism"], {"count": [3]}, title="T", xlabel="x"))
    assert dict(matplotlib.rcParams) == before


def test_equal_figures_are_equal_bytes() -> None:
    first, second = (
        png_bytes(plot_bars(["a", "b"], {"n": [1, 2]}, title="T", xlabel="x")) for _ in range(2)
    )
    assert first == second


def test_a_bar_is_as_long_as_its_value() -> None:
    figure = plot_bars(["a", "b"], {"train": [3, 1], "val": [2, 5]}, title="T", xlabel="x")
    patches = figure.axes[0].patches
    bars = [(bar.get_x(), bar.get_width()) for bar in patches if isinstance(bar, Rectangle)]
    assert bars == [(0, 3), (0, 1), (3, 2), (1, 5)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["5", "6"]


@pytest.mark.parametrize("count", [1, 11, 27])
def test_no_name_is_cut_off_and_none_overlaps_the_next(count: int) -> None:
    names = list(read_vocabulary().entries)[:count]
    figure = plot_bars(names, {"n": range(1, count + 1)}, title="T", xlabel="x")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    boxes += [text.get_window_extent() for text in figure.axes[0].texts]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    tops = sorted(box.y0 for box in boxes[:count])
    assert all(high - low >= boxes[0].height for low, high in pairwise(tops))


@pytest.mark.parametrize("name", ["$x^2$", "日本画", "a\nb", "caf\udce9", "x" * 500, "🎨"])
def test_any_name_can_be_drawn(name: str) -> None:
    png_bytes(plot_bars([name], {"n": [1]}, title="T", xlabel="x"))


def test_a_label_is_one_short_line_without_underscores() -> None:
    assert plot_label("High_Renaissance") == "High Renaissance"
    assert plot_label("a\nb") == "a b"
    assert len(plot_label("x" * 500)) == 32


def test_a_sheet_keeps_the_aspect_of_its_pictures() -> None:
    wide, high = Image.new("RGB", (300, 100), "red"), Image.new("RGB", (100, 200), "blue")
    sheet = pixels(png_bytes(plot_pictures([("Row", [Tile(wide), Tile(high)])], row_height_px=100)))
    for colour, size in (((255, 0, 0), (100, 300)), ((0, 0, 255), (100, 50))):
        rows, columns = np.nonzero((sheet == colour).all(axis=2))
        found = (np.ptp(rows) + 1, np.ptp(columns) + 1)
        assert found == pytest.approx(size, abs=2)  # edges fall between two pixels


def test_a_sheet_of_nothing_can_be_drawn() -> None:
    assert pixels(png_bytes(plot_pictures([]))).size


def test_a_written_figure_has_the_stated_size(tmp_path: Path) -> None:
    figure, _ = new_figure(3, 2)
    write_figure(tmp_path / "f.png", figure)
    with Image.open(tmp_path / "f.png") as image:
        assert image.size == (3 * FIGURE_DPI, 2 * FIGURE_DPI)


def test_each_colour_stands_out_from_the_paper() -> None:
    assert min(contrast(colour, PAPER) for colour in PALETTE[:7]) > 2


def test_black_or_white_can_be_read_on_every_colour_of_the_heat_scale() -> None:
    colours = [HEAT(share) for share in np.linspace(0, 1, 512)]
    assert min(contrast(text_on(colour), colour[:3]) for colour in colours) >= 4.5
    assert {text_on(colour) for colour in colours} == {"black", "white"}


@pytest.mark.parametrize("words", [1, 6, 10])
def test_no_title_is_cut_off(words: int) -> None:
    title = " ".join(["Paintings", "recognised"] * words)
    figure = plot_bars(["a"], {"n": [1]}, title=title, xlabel="x")
    figure.draw_without_rendering()
    (text,) = figure.texts
    box = text.get_window_extent()
    assert text.get_text().split() == title.split()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert box.y1 <= figure.bbox.height
