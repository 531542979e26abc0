"""Make the folds that artstyle ships for WikiArt: five, with no artist in two of them.

    python -m tests.benchmarks.artist_folds LISTS --out configs/splits/NAME.csv.xz

LISTS has the official ``style_train.csv``, ``style_val.csv`` and ``style_class.txt``; no picture is
needed. Both lists are joined and divided as `artstyle prepare` divides by artist. The printed
scores are those of an oracle that sees no picture and knows the artist's name alone.
"""

import csv
import io
import lzma
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from artstyle.data.artists import artist_key, artist_oracle
from artstyle.preparation.paintings import Paintings, groups_with_artists
from artstyle.preparation.sources.artgan import read_list
from artstyle.preparation.stratify import stratified_splits
from artstyle.preparation.tables.split_file import split_of_fold

FOLDS, SEED = 5, 42


def read_paintings(lists: Path) -> Paintings:
    """Return all listed paintings in the order of their paths.

    Files of one name under two styles show one painting and share a group. So do all spellings of
    an artist.
    """
    names = ("style_train.csv", "style_val.csv")
    images = [entry.image for name in names for entry in read_list(lists / name)]
    images.sort(key=lambda image: image.path)
    paths, key = [image.path for image in images], cache(artist_key)
    return Paintings(
        paths=paths,
        styles=[image.style for image in images],
        artists=[key(image.artist) if image.artist else "" for image in images],
        groups=[path.rpartition("/")[2] for path in paths],
        official=[image.split for image in images],
    )


def artist_folds(paintings: Paintings) -> list[int]:
    """Return the fold of each painting, counted from 1."""
    joined = replace(paintings, groups=groups_with_artists(paintings))
    shares = [1 / FOLDS] * FOLDS
    places = stratified_splits(joined, shares, SEED, every_style_everywhere=True)
    return [place + 1 for place in places]


def folds_table(paintings: Paintings, folds: Sequence[int]) -> str:
    """Return the table of paths and folds as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "fold"))
    writer.writerows(zip(paintings.paths, folds, strict=True))
    return text.getvalue()


def main() -> None:
    """Write the table, and print the size of each fold and what the oracle scores there."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("lists", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    paintings = read_paintings(options.lists)
    folds = artist_folds(paintings)
    table = folds_table(paintings, folds).encode("utf-8")
    options.out.write_bytes(lzma.compress(table, preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(folds):,} paintings, seed {SEED}; {options.out.stat().st_size:,} bytes")  # noqa: T201
    _print_oracle("official lists", paintings, paintings.official)
    for fold, count in sorted(Counter(folds).items()):
        splits = [split_of_fold(each, fold, FOLDS) for each in folds]
        _print_oracle(f"fold {fold}, {count:,} paintings", paintings, splits)


def _print_oracle(what: str, paintings: Paintings, splits: Sequence[str]) -> None:
    score = artist_oracle(splits, paintings.styles, paintings.artists, "test")
    assert score is not None
    print(f"{what}: accuracy {score.accuracy:.3f}, macro recall {score.macro_recall:.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
