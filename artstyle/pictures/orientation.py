"""The orientation of a stored picture, and the turn that makes it upright."""

from PIL import Image

from artstyle.pictures.faults import DECODING_ERRORS

_TAG = 0x0112
# EXIF 2.32, tag 0x0112.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Orientation -> the turn that makes the stored picture upright."""
SIDEWAYS = frozenset({5, 6, 7, 8})
"""The turns that exchange width and height."""


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) where it is missing or unreadable.

    Args:
        image: Loaded: of a PNG, EXIF may be behind the pixels, which would be loaded to find it.
    """
    try:
        return int(image.getexif().get(_TAG, 1))
    except DECODING_ERRORS:  # Damage to EXIF is not damage to the pixels.
        return 1
