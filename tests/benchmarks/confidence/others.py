"""Pictures that are not paintings: pages of text, textures and noise, the same every time."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_FONTS = sorted(Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVu*.ttf"))
_SIDE = 256


def page(number: int) -> Image.Image:
    """Return a page of dark text on light paper; some of its lines are blank."""
    draw = np.random.default_rng([0, number])
    ranges = ((500, 1000), (600, 1200), (20, 90))
    width, height, margin = (int(draw.integers(*ends)) for ends in ranges)
    size = int(draw.integers(12, 30))
    font = ImageFont.truetype(_FONTS[draw.integers(len(_FONTS))], size)
    paper, ink = (tuple(map(int, draw.integers(*ends, 3))) for ends in ((225, 256), (0, 80)))
    image = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(image)
    for top in range(margin, height - margin - size, int(1.4 * size)):
        if draw.random() > 0.1:
            pen.text((margin, top), _line(draw, font, width - 2 * margin), ink, font)
    return image


def _line(draw: np.random.Generator, font: ImageFont.FreeTypeFont, width: int) -> str:
    letters = list("eeeettaaooiinnsshhrrddlucmfwygpbvk")
    line = ""
    while font.getlength(line) < width - 4 * font.size:
        line += "".join(draw.choice(letters, draw.integers(2, 10))) + " "
    return line


def texture(number: int) -> Image.Image:
    """Return stripes, a chequerboard, clouds or a rough surface, between two colours."""
    draw = np.random.default_rng([1, number])
    kinds = (_stripes, _chequers, _clouds, _surface)
    shade_HW1 = kinds[number % len(kinds)](draw)[..., None]
    one, other = draw.integers(0, 256, (2, 3))
    return Image.fromarray((one + (other - one) * shade_HW1).astype(np.uint8))


def noise(number: int) -> Image.Image:
    """Return random pixels, even or normal, of four grain sizes."""
    draw = np.random.default_rng([2, number])
    side = int(draw.choice([8, 32, 128, 256]))
    pixels = draw.integers(0, 256, (side, side, 3)) if number % 2 else (
        draw.normal(128, 40, (side, side, 3)).clip(0, 255)
    )  # fmt: skip
    return Image.fromarray(pixels.astype(np.uint8)).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


OTHERS: dict[str, Callable[[int], Image.Image]] = {
    "pages of text": page, "textures": texture, "noise": noise,
}  # fmt: skip
"""Kind -> returns its picture of a number."""


def _stripes(draw: np.random.Generator) -> NDArray[np.float64]:
    y_HW, x_HW = np.mgrid[:_SIDE, :_SIDE] / _SIDE
    angle, count = draw.uniform(0, np.pi), draw.uniform(3, 30)
    waves: NDArray[np.float64] = np.sin(
        2 * np.pi * count * (x_HW * np.cos(angle) + y_HW * np.sin(angle))
    )
    return (1 + waves) / 2


def _chequers(draw: np.random.Generator) -> NDArray[np.float64]:
    squares = draw.integers(4, 20) * np.mgrid[:_SIDE, :_SIDE] // _SIDE
    chequers: NDArray[np.float64] = squares.sum(axis=0) % 2.0
    return chequers


def _clouds(draw: np.random.Generator) -> NDArray[np.float64]:
    layers = [
        np.asarray(
            Image.fromarray(draw.random((2**n, 2**n), dtype=np.float32)).resize((_SIDE, _SIDE))
        ) / 2**n
        for n in range(1, 8)
    ]  # fmt: skip
    return _stretched(np.sum(layers, axis=0))


def _surface(draw: np.random.Generator) -> NDArray[np.float64]:
    """Filter noise so that its power falls with the frequency."""
    steps = np.fft.fftfreq(_SIDE)
    frequency_HW = np.hypot(steps[:, None], steps[None]) + 1e-3
    waves_HW = np.fft.fft2(draw.normal(size=(_SIDE, _SIDE))) / frequency_HW ** draw.uniform(0.5, 2)
    return _stretched(np.fft.ifft2(waves_HW).real)


def _stretched(values_HW: NDArray[np.floating]) -> NDArray[np.float64]:
    stretched: NDArray[np.float64] = (values_HW - values_HW.min()) / np.ptp(values_HW)
    return stretched
