"""Join a second collection to the training split of a first, and leak nothing by it.

    python tests/benchmarks/join_collections.py FIRST FIRST_DATA SECOND SECOND_DATA OUT

Each collection is given as its source and the dataset folder that `artstyle prepare` made of it.
OUT becomes a source for `artstyle prepare`: the first collection with its splits as they are, and,
all for training, the pictures of the second in the styles of the first. Left out is who bears an
artist's name of the first, whatever its split, or the last name of one ("hassam", "childe-hassam"),
and what looks like a picture of the first. The sources are linked to, not copied.
"""

import re
import unicodedata
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from artstyle.data.csv_manifest import MANIFEST_NAME
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.files import write_csv

# Stricter than prepare, which lets 6 bits differ and compares thumbnails: a few may go for nothing.
_ALIKE_BITS = 10
_COLUMNS = ("path", "style", "artist", "title", "split")


def joined(
    first: Iterable[ManifestRow], second: Iterable[ManifestRow], left_out: Counter[str]
) -> Iterator[tuple[bool, ManifestRow]]:
    """Yield the rows to keep, and whether they are of the second; count why others are not."""
    first = list(first)
    styles = {row.style for row in first if row.split}
    names = {name_key(row.artist) for row in first if row.artist}
    last_names = {name.rpartition("-")[2] for name in names}
    hashes_N = np.array([int(row.phash, 16) for row in first], dtype=np.uint64)
    yield from ((False, row) for row in first if row.split)
    for row in second:
        name = name_key(row.artist)
        bits_N = np.bitwise_count(hashes_N ^ np.uint64(int(row.phash, 16)))
        if not row.split:
            left_out["in no split of its own collection"] += 1
        elif row.style not in styles:
            left_out["of no style of the first"] += 1
        elif name in names:
            left_out["by an artist of the first"] += 1
        elif name.rpartition("-")[2] in last_names:
            left_out["by a last name of the first"] += 1
        elif bits_N.min() <= _ALIKE_BITS:
            left_out["like a picture of the first"] += 1
        else:
            yield True, row


def name_key(artist: str) -> str:
    """Return an artist's name in small letters without accents, with hyphens between words."""
    letters = unicodedata.normalize("NFKD", artist.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W\d_]+", "-", plain).strip("-")


def main() -> None:
    """Write OUT and print what was kept and left out."""
    parser = ArgumentParser(description=__doc__)
    for name in ("first", "first_data", "second", "second_data", "out"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir()
    for name in ("first", "second"):
        (arguments.out / name).symlink_to(getattr(arguments, name).absolute())
    left_out: Counter[str] = Counter()
    kept = list(
        joined(
            read_manifest(DatasetFolder(arguments.first_data).manifest_path),
            read_manifest(DatasetFolder(arguments.second_data).manifest_path),
            left_out,
        )
    )
    write_csv(
        arguments.out / MANIFEST_NAME,
        _COLUMNS,
        (
            {
                "path": f"{'second' if of_second else 'first'}/{row.path}",
                "style": row.style,
                "artist": row.artist,
                "title": row.title,
                "split": "train" if of_second else row.split,
            }
            for of_second, row in kept
        ),
    )
    more = [row for of_second, row in kept if of_second]
    artists = len({name_key(row.artist) for row in more})
    print(f"{len(kept) - len(more)} pictures of the first,")  # noqa: T201
    print(f"{len(more)} of the second, by {artists} artists, to learn from; left out:")  # noqa: T201
    for reason, count in left_out.most_common():
        print(f"{count} {reason}")  # noqa: T201


if __name__ == "__main__":
    main()
