"""Make a tiny JPEG, each with a picture of its own, under every name of ArtGAN lists.

    python tests/preparation/wikiart_names.py LISTS OUT

Give it the official lists for all 81,446 names, or lists that ``write_lists`` made.
"""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.collection.portable import local_path
from artstyle.preparation.sources.artgan import read_list

LISTS = ("style_train.csv", "style_val.csv")


def write_lists(
    folder: Path, styles: Sequence[str], train: Iterable[str], val: Iterable[str]
) -> None:
    """Write lists as ArtGAN does: ``Style/name.jpg,index`` with CR LF, and the class names."""
    folder.mkdir(parents=True, exist_ok=True)
    classes = "".join(f"{index} {style}\n" for index, style in enumerate(styles))
    (folder / "style_class.txt").write_text(classes, encoding="utf-8")
    for name, paths in zip(LISTS, (train, val), strict=True):
        lines = [f"{path},{styles.index(path.partition('/')[0])}\r\n" for path in paths]
        (folder / name).write_bytes("".join(lines).encode("utf-8", errors="surrogateescape"))


def paint_listed(lists: Path, out: Path) -> int:
    """Write a JPEG of 16 to 23 by 16 pixels under each listed name; return how many."""
    paths = [entry.image.path for name in LISTS for entry in read_list(lists / name)]
    for folder in {path.rpartition("/")[0] for path in paths}:
        local_path(out, folder).mkdir(parents=True, exist_ok=True)
    for path in paths:
        tiny_picture(path).save(local_path(out, path), "JPEG", quality=80)
    return len(paths)


def tiny_picture(path: str) -> Image.Image:
    """Return noise that depends on the path alone, and differs for every path."""
    name = path.encode("utf-8", errors="surrogateescape")
    width = 16 + name[-5] % 8
    noise = hashlib.shake_128(name).digest(16 * width * 3)
    return Image.fromarray(np.frombuffer(noise, dtype=np.uint8).reshape(16, width, 3))


if __name__ == "__main__":
    count = paint_listed(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{count} pictures in {sys.argv[2]}", file=sys.stderr)  # noqa: T201
