"""Colour and alpha of a decoded picture, 8 bits a sample, whatever its mode in the file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImagePalette

from artstyle.errors import ImageError
from artstyle.pictures.formats.tiff import WHITE_IS_ZERO, TiffPage

_OPAQUE = (255, 255)
_EMPTY = (0, 0)


@dataclass(frozen=True)
class Layers:
    """A picture whose colours are as the file states them."""

    colour: Image.Image
    """L, RGB, CMYK or LAB."""
    alpha: Image.Image | None = None
    """L, 0 is transparent; None for a picture that is opaque everywhere."""

    def cropped(self, box: tuple[int, int, int, int]) -> "Layers":
        """Return what is in a box."""
        alpha = None if self.alpha is None else self.alpha.crop(box)
        return Layers(self.colour.crop(box), alpha)

    def with_true_alpha(self) -> "Layers":
        """Drop an alpha that hides nothing, and one that hides all of a picture.

        Programs save a selection as alpha, or leave it at 0; a picture under it is there to be
        seen. One colour under it is a frame on which nothing was drawn.
        """
        if self.alpha is None:
            return self
        extrema: object = self.alpha.getextrema()
        is_saved_selection = extrema == _EMPTY and not _is_one_colour(self.colour)
        return Layers(self.colour) if extrema == _OPAQUE or is_saved_selection else self


def layers_of(
    image: Image.Image, page: TiffPage | None = None, key_alpha: Image.Image | None = None
) -> Layers:
    """Return the layers of a picture that Pillow has loaded.

    Args:
        image: In any of Pillow's modes.
        page: What a TIFF's tags say of it.
        key_alpha: Alpha that replaces what ``image.info`` says of a transparent colour.

    Raises:
        ImageError: Its pixels are numbers without a stated range.
    """
    if image.mode == "F":
        raise ImageError("floating-point pixels have no stated range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        return Layers(_deep_grey(image, page), key_alpha)
    if image.mode == "P" and page is not None and 0 < max(page.color_map, default=0) < 256:
        image = _with_narrow_palette(image, page)
    if key_alpha is None and image.has_transparency_data:
        return _with_alpha(image)
    if image.mode == "CMYK" and page is not None and page.is_inverted_ink:
        return Layers(ImageChops.invert(image))
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return Layers(image, key_alpha)
    return Layers(image.convert("L" if image.mode == "1" else "RGB"), key_alpha)


def _with_alpha(image: Image.Image) -> Layers:
    if image.mode in ("LA", "La"):
        grey = image if image.mode == "LA" else image.convert("LA")
        return Layers(grey.getchannel("L"), grey.getchannel("A"))
    full = image if image.mode == "RGBA" else image.convert("RGBA")
    return Layers(full.convert("RGB"), full.getchannel("A"))


def _deep_grey(image: Image.Image, page: TiffPage | None) -> Image.Image:
    """Return grey of 12, 16 or 32 bits, unsigned, with 8."""
    if image.mode == "I":
        grey_HW = _from_32_bits(np.asarray(image).view(np.uint32))
    else:
        grey_HW = _from_16_bits(
            np.asarray(image), 12 if page is not None and page.bits == 12 else 16
        )
    if page is not None and page.photometric == WHITE_IS_ZERO:
        grey_HW = 255 - grey_HW
    return Image.fromarray(grey_HW)


def _from_16_bits(samples: npt.NDArray[np.uint16], bits: int) -> npt.NDArray[np.uint8]:
    """Return samples scaled to 0 to 255 and rounded; in place, to save memory."""
    top = (1 << bits) - 1
    scaled = samples.astype(np.uint32)
    scaled *= 255
    scaled += top // 2
    scaled //= top
    return scaled.astype(np.uint8)


def _from_32_bits(samples: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    largest = int(samples.max())
    if 0 < largest < 1 << 24:  # All of it would become black.
        raise ImageError(
            f"32-bit pixels of which the largest is {largest}: their range is not stated;"
            " save it with 8 or 16 bits"
        )
    return (samples >> 24).astype(np.uint8)


def eight_bits(samples: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """Return unsigned samples of 1 to 32 bits scaled to 0 to 255.

    Raises:
        ImageError: They are of 32 bits and use next to nothing of that range.
    """
    if bits == 8:
        return samples.astype(np.uint8, copy=False)
    if bits > 16:
        wide: npt.NDArray[np.uint32] = samples.astype(np.uint32) << np.uint32(32 - bits)
        return _from_32_bits(wide)
    return _from_16_bits(samples.astype(np.uint16, copy=False), bits)


def _with_narrow_palette(image: Image.Image, page: TiffPage) -> Image.Image:
    """Return a picture whose palette was written with 8 bits instead of 16, as some programs do."""
    palette = Image.Image.copy(image)
    palette.putpalette(ImagePalette.ImagePalette("RGB", _interleaved(page.color_map)))
    return palette


def _interleaved(color_map: tuple[int, ...]) -> bytes:
    third = len(color_map) // 3
    return np.array(color_map[: 3 * third], np.uint8).reshape(3, third).T.tobytes()


def _is_one_colour(image: Image.Image) -> bool:
    return all(channel.getextrema()[0] == channel.getextrema()[1] for channel in image.split())
