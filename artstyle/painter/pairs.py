"""One scene in every style: pairs of paintings that differ in style alone, or in content alone."""

from PIL import Image

from artstyle.painter.canvas import Size
from artstyle.painter.collection import CONTENTS, STYLES, artist_hand, seeded
from artstyle.painter.scenes import compose


def scene_content(place: int) -> str:
    """Return the content of a scene, a key of ``CONTENTS``; they take turns."""
    return list(CONTENTS)[place % len(CONTENTS)]


def paint_scene(
    place: int, style: str, *, seed: int = 42, size_px: Size = (320, 320)
) -> Image.Image:
    """Paint a scene in a style; RGB.

    The same place and seed give the same shapes, colours and light in every style. Which of a
    style's artists paints it does not depend on the style either.

    Args:
        place: The number of the scene, from 0.
        style: Key of ``STYLES``.
        seed: Chooses compositions, artists and strokes.
        size_px: Width and height.
    """
    content = scene_content(place)
    composing = seeded("scene", content, place, seed)
    scene = compose(CONTENTS[content], content, composing, size_px[0] / size_px[1])
    hand = artist_hand(style, int(composing.integers(1_000)))
    return STYLES[style](scene, hand, size_px, seeded("strokes", style, place, seed))
