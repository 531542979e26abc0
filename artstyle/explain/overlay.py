"""Heat drawn on a painting."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from artstyle.pictures.preprocessing import Preprocessing

_SHORT_PX, _LONG_PX = 512, 1536
# Inferno's luminance rises evenly, so it shows no edge where the heat has none.
# A table, as matplotlib's own (CC0): a service then runs without matplotlib.
_INFERNO = Path(__file__).with_name("inferno.csv")
_COLOURS_N3: NDArray[np.float32] = np.loadtxt(_INFERNO, np.float32, delimiter=",", skiprows=1)
# Inferno's black end would darken weak heat; its white end would vanish on pale paint.
_COLDEST_COLOUR, _HOTTEST_COLOUR = 0.25, 0.9
_OPACITY, _UNSURE_OPACITY = 0.75, 0.45
# Neither black nor white, so that both ends of the heat's colours differ from the painting.
_DARKEST, _LIGHTEST = 0.12, 0.74
_UNSEEN_LIGHT = 0.25
_DASH_PX = 10


@dataclass(frozen=True)
class Region:
    """A part of a picture, its edges as fractions of width and height, from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the edges in pixels of a picture of that width and height."""
        width, height = size
        left, right = round(self.left * width), round(self.right * width)
        top, bottom = round(self.top * height), round(self.bottom * height)
        return left, top, max(right, left + 1), max(bottom, top + 1)


WHOLE = Region(0, 0, 1, 1)


def seen_region(size: tuple[int, int], preprocessing: Preprocessing) -> Region:
    """Return the part of a picture of that width and height that reaches the model.

    The same arithmetic as torchvision's Resize and CenterCrop: the longer side is cut to whole
    pixels after scaling, and half of the excess is cut on each side.
    """
    if preprocessing.fit == "squash":
        return WHOLE
    side = preprocessing.image_size
    long = int(side * max(size) / min(size))
    start = round((long - side) / 2)
    first, last = start / long, (start + side) / long
    width, height = size
    return Region(first, 0, last, 1) if width > height else Region(0, first, 1, last)


def display_picture(picture: Image.Image) -> Image.Image:
    """Return a picture at the size at which it is drawn: 512 pixels on the shorter side."""
    width, height = picture.size
    scale = min(_SHORT_PX / min(picture.size), _LONG_PX / max(picture.size))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def draw_overlay(
    picture: Image.Image, heat_SS: NDArray[np.float32], region: Region, *, unsure: bool = False
) -> Image.Image:
    """Return the picture in grey with the heat in colour on it.

    In grey, no colour of the painting can be taken for heat or hide it. A line surrounds the
    regions that are at least half as hot as the hottest. What the model did not see is darkened.

    Args:
        picture: RGB.
        heat_SS: In 0 to 1, for the square that the model saw.
        region: The part of the picture that the square shows.
        unsure: Draw paler heat and a dashed line.
    """
    box = region.box(picture.size)
    left, top, right, bottom = box
    heat = Image.fromarray(heat_SS).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
    canvas = _unseen(picture)
    canvas.paste(_with_heat(picture.crop(box), np.asarray(heat), unsure), box)
    if box != (0, 0, *picture.size):
        ImageDraw.Draw(canvas).rectangle((left, top, right - 1, bottom - 1), outline="white")
    return canvas


def colour_scale(width_px: int, *, unsure: bool = False) -> Image.Image:
    """Return the colours of the heat on a mid-grey painting from cold to hot, one pixel high."""
    heat_1W = np.linspace(0, 1, width_px, dtype=np.float32)[None]
    grey_1W = np.full((1, width_px), 0.5, np.float32)
    return Image.fromarray(_to_bytes(_blend(grey_1W, heat_1W, unsure)))


def _unseen(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point(lambda value: value * _UNSEEN_LIGHT).convert("RGB")


def _with_heat(picture: Image.Image, heat_HW: NDArray[np.float32], unsure: bool) -> Image.Image:
    light_HW = np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    pixels_HW3 = _blend(light_HW, heat_HW, unsure)
    # White within black: one of the two shows on any painting.
    for value, width_px in ((0, 3), (1, 2)):
        pixels_HW3[_outline(heat_HW >= 0.5, width_px, dashed=unsure)] = value
    return Image.fromarray(_to_bytes(pixels_HW3))


def _outline(region_HW: NDArray[np.bool_], width_px: int, *, dashed: bool) -> NDArray[np.bool_]:
    """Return the pixels outside a region that are at most so far from it."""
    grown = Image.fromarray(region_HW).convert("L").filter(ImageFilter.MaxFilter(2 * width_px + 1))
    line_HW: NDArray[np.bool_] = (np.asarray(grown) > 0) & ~region_HW
    if dashed:
        y_HW, x_HW = np.indices(region_HW.shape)
        line_HW &= (x_HW + y_HW) // _DASH_PX % 2 == 0
    return line_HW


def _blend(
    light: NDArray[np.float32], heat: NDArray[np.float32], unsure: bool
) -> NDArray[np.float32]:
    """Return the heat's colours on a grey painting; RGB in 0 to 1 on a new last axis."""
    grey = (_DARKEST + (_LIGHTEST - _DARKEST) * light)[..., None]
    opacity = ((_UNSURE_OPACITY if unsure else _OPACITY) * heat)[..., None]
    blended: NDArray[np.float32] = (1 - opacity) * grey + opacity * _heat_colours(heat)
    return blended


def _to_bytes(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * pixels).astype(np.uint8)


def _heat_colours(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    place = _COLDEST_COLOUR + (_HOTTEST_COLOUR - _COLDEST_COLOUR) * heat
    colours: NDArray[np.float32] = _COLOURS_N3[(place * len(_COLOURS_N3)).astype(int)]
    return colours
