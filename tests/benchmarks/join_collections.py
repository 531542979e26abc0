"""Let a second collection teach beside a first, and leak nothing by it.

    python tests/benchmarks/join_collections.py FIRST FIRST_DATA SECOND SECOND_DATA OUT [--seed 42]

Each collection is given as its source and the dataset folder that `artstyle prepare` made of it.
The strangers of the second are its pictures but for those by who bears an artist's name of the
first, whatever its split, or the last name of one ("hassam", "childe-hassam"), and those that look
like a picture of the first. OUT gets sources for `artstyle prepare`, whose pictures are links:

    OUT/strangers   the strangers alone, in all their styles
    OUT/joined      the first with its splits, and strangers of its styles, all for training
    OUT/fold-K      the first in five folds, artists disjoint: one is test, the others training;
                    strangers of its styles: val where they are val in the second, else training
    OUT/fold-own    the same with the first's own test split; its train and val are training
    OUT/alone-...   the same without the strangers for training
    OUT/wide-...    the same with those, and with the second's pictures by artists of the first who
                    are not in the test, for training
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from artstyle.data.artists import name_words
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.preparation.sources.csv_manifest import MANIFEST_NAME
from artstyle.storage.files import write_csv

_FOLDS = 5
# Stricter than prepare, which lets 6 bits differ and compares thumbnails: a few may go for nothing.
_ALIKE_BITS = 10
_COLUMNS = ("path", "style", "artist", "title", "split")


def strangers(
    first: Sequence[ManifestRow],
    second: Iterable[ManifestRow],
    left_out: Counter[str],
    known: Sequence[ManifestRow] | None = None,
) -> list[ManifestRow]:
    """Return the rows of the second that have nothing of the first; count why others do not.

    Given ``known``, a part of the first, only the artists of that part are kept out.
    """
    kept_apart = first if known is None else known
    names = {name_key(row.artist) for row in kept_apart if row.artist}
    last_names = {name.rpartition("-")[2] for name in names}
    hashes_N = np.array([int(row.phash, 16) for row in first], dtype=np.uint64)
    found = []
    for row in second:
        name = name_key(row.artist)
        bits_N = np.bitwise_count(hashes_N ^ np.uint64(int(row.phash, 16)))
        if not row.split:
            left_out["in no split of its own collection"] += 1
        elif name in names:
            left_out["by an artist of the first"] += 1
        elif name.rpartition("-")[2] in last_names:
            left_out["by a last name of the first"] += 1
        elif bits_N.min() <= _ALIKE_BITS:
            left_out["like a picture of the first"] += 1
        else:
            found.append(row)
    return found


def name_key(artist: str) -> str:
    """Return a name's words without accents, small, hyphens between them; numbers are left out."""
    return "-".join(word for word in name_words(artist) if not word.isdigit())


def folds(first: Sequence[ManifestRow], seed: int) -> list[list[ManifestRow]]:
    """Return the first once for each fold that is test; an unknown artist is nobody else."""
    artists = [row.artist or row.path for row in first]
    styles = [row.style for row in first]
    splitter = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    tests = [set(test) for _, test in splitter.split(artists, styles, artists)]
    return [
        [replace(row, split="test" if i in test else "train") for i, row in enumerate(first)]
        for test in tests
    ]


def main() -> None:
    """Write OUT and print what was left out."""
    parser = ArgumentParser(description=__doc__)
    for name in ("first", "first_data", "second", "second_data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seed", type=int, default=42, help="of the draw of the folds (42)")
    arguments = parser.parse_args()
    whole, others = (
        list(read_manifest(DatasetFolder(path).manifest_path))
        for path in (arguments.first_data, arguments.second_data)
    )
    left_out: Counter[str] = Counter()
    more = strangers(whole, others, left_out)
    first = [row for row in whole if row.split]
    styles = {row.style for row in first}
    of_styles = [row for row in more if row.style in styles]

    links = {top: arguments.second / top for top in {row.path.partition("/")[0] for row in more}}
    _write(arguments.out / "strangers", links, [replace(row, split="") for row in more])
    links = {"first": arguments.first, "second": arguments.second}
    teaching = [replace(row, split="train") for row in of_styles]
    _write(arguments.out / "joined", links, [*_under("first", first), *_under("second", teaching)])
    choosing = [row for row in of_styles if row.split == "val"]
    teaching = [replace(row, split="train") for row in of_styles if row.split != "val"]
    own = [replace(row, split="test" if row.split == "test" else "train") for row in first]
    drawn = {str(k): fold for k, fold in enumerate(folds(first, arguments.seed))}
    for name, rows in ({"own": own} | drawn).items():
        alone = [*_under("first", rows), *_under("second", choosing)]
        _write(arguments.out / f"alone-{name}", links, alone)
        _write(arguments.out / f"fold-{name}", links, [*alone, *_under("second", teaching)])
        tested = [row for row in rows if row.split == "test"]
        wider = [
            replace(row, split="train")
            for row in strangers(whole, others, Counter(), tested)
            if row.style in styles and row not in choosing
        ]
        _write(arguments.out / f"wide-{name}", links, [*alone, *_under("second", wider)])

    artists = len({name_key(row.artist) for row in more})
    print(f"{len(more)} strangers by {artists} artists,")  # noqa: T201
    print(f"{len(of_styles)} of them in the {len(styles)} styles; left out:")  # noqa: T201
    for reason, count in left_out.most_common():
        print(f"{count} {reason}")  # noqa: T201


def _under(folder: str, rows: Iterable[ManifestRow]) -> list[ManifestRow]:
    return [replace(row, path=f"{folder}/{row.path}") for row in rows]


def _write(out: Path, links: dict[str, Path], rows: Iterable[ManifestRow]) -> None:
    out.mkdir(parents=True)
    for name, target in links.items():
        (out / name).symlink_to(target.absolute())
    plain = ({name: getattr(row, name) for name in _COLUMNS} for row in rows)
    write_csv(out / MANIFEST_NAME, _COLUMNS, plain)


if __name__ == "__main__":
    main()
