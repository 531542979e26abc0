"""Pictures made small, to be shown in a page."""

import io
from pathlib import Path

from PIL import Image

from artstyle.pictures.image import ImageRules, read_image
from artstyle.pictures.shrinking import shrink

_JPEG_QUALITY = 80
# These pictures were read before; shrunk, a panorama may be a strip of a few pixels.
_ANY_STRIP = ImageRules(min_side_px=1)


def small_jpeg(picture: Image.Image | Path | bytes, max_side_px: int = 200) -> bytes:
    """Return a picture as a JPEG, shrunk so that no side is longer, without metadata.

    Raises:
        ImageError: The file cannot be read as a picture.
    """
    if not isinstance(picture, Image.Image):
        picture = read_image(picture, short_side_px=max_side_px, rules=_ANY_STRIP).pixels
    width, height = picture.size
    short_px = max(1, round(max_side_px * min(width, height) / max(width, height)))
    buffer = io.BytesIO()
    shrink(picture, short_px).convert("RGB").save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
