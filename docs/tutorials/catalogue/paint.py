"""The tutorial's collection, painted again: ``python -m docs.tutorials.catalogue.paint``."""

from pathlib import Path

from PIL import Image

from artstyle.painter.collection import paint

SCANS = Path(__file__).parent / "scans"

PAINTINGS = {
    "1987.12.3.jpg": ("Cubism", "portrait", (240, 320)),
    "1987-12-4_recto.jpg": ("Ukiyo_e", "mountain", (320, 240)),
    "1987.12.5.jpg": ("Impressionism", "boat", (320, 240)),
    "1988.1.jpg": ("Baroque", "still-life", (300, 240)),
    "1988-2.jpg": ("Pointillism", "tree", (240, 300)),
    "1991.4.jpg": ("Fauvism", "house", (300, 240)),
    "1991.40.jpg": ("Pop_Art", "flowers", (240, 240)),
    "L_2003_7.jpg": ("Post_Impressionism", "house", (320, 240)),
    "2005.1a.jpg": ("Minimalism", "boat", (240, 300)),
    "2005.1b.jpg": ("Color_Field_Painting", "mountain", (240, 300)),
    "2010-6_recto.jpg": ("Abstract_Expressionism", "animal", (320, 240)),
    "2012.9.jpg": ("Action_painting", "tree", (320, 240)),
}
"""File -> the style and subject that the painter was given, width and height in pixels."""

_SECOND_SCAN = ("2010-6_scan.jpg", "2010-6_recto.jpg")


def paint_scan(file: str) -> Image.Image:
    """Return a painting of ``PAINTINGS``, RGB; its place decides the artist and the seed."""
    style, genre, size_px = PAINTINGS[file]
    place = list(PAINTINGS).index(file)
    return paint(style, genre, place, place, size_px).image


def write_scans(folder: Path) -> None:
    """Write all scans: one of each painting, and of one painting an older, smaller one."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in PAINTINGS:
        paint_scan(file).save(folder / file, quality=85)
    copy, original = _SECOND_SCAN
    image = paint_scan(original)
    image.resize((image.width // 2, image.height // 2)).save(folder / copy, quality=85)


if __name__ == "__main__":
    write_scans(SCANS)
