"""Make the folder from which the starter model is trained: small squares, folds, near copies.

    python -m tests.benchmarks.starter.pack SHARED PACK [--limit 40]

SHARED holds the folders paintings, paintings2, wikiart11 and photographs. PACK gets `pictures.csv`
(one row a picture: style, artist, source, its folds, the rows that are like it) and the pictures as
WebP, squashed to 224 pixels, in parts that fit into one transfer, and the ImageNet weights in half
precision.
"""

import csv
import io
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold

from artstyle.data.artists import name_words
from artstyle.models.checkpoint import write_tensors
from artstyle.models.weights import read_lite
from artstyle.pictures.image import read_image
from artstyle.pictures.square import square_transform
from artstyle.preparation.copies import near_pairs
from artstyle.preparation.likeness import Likeness, likeness
from artstyle.preparation.sources.opening import open_source
from artstyle.storage.files import read_csv, write_csv
from tests.benchmarks.starter.pictures import (
    COLUMNS,
    FOLDS,
    NETWORKS,
    PREPROCESSING,
    write_part,
)

COLLECTIONS = ("paintings", "paintings2", "wikiart11")
_TESTED = "paintings"
_MIN_PER_STYLE = 20
_SEED = 42
_QUALITY = 80
_PART_BYTES = 19 << 20
# Stricter than prepare, which lets 6 bits differ and compares thumbnails: a few may go for nothing.
_ALIKE_BITS = 10
_COPY_BITS = 6


@dataclass
class Row:
    """One picture and where it may be used."""

    path: str
    style: str
    artist: str
    title: str
    source: str
    likeness: Likeness


def main() -> None:
    """Write PACK and say what it holds and how much compression changed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--limit", type=int, help="pictures of a style and collection, for trials")
    arguments = parser.parse_args()
    arguments.pack.mkdir(parents=True)
    found = list(_chosen(arguments.shared, arguments.limit))
    rows, errors_N = _write_pictures(arguments.shared, found, arguments.pack)
    _write_rows(rows, arguments.pack)
    for name in NETWORKS:
        write_tensors(
            arguments.pack / f"{name}.safetensors",
            {key: value.half().contiguous() for key, value in read_lite(name).items()},
            {},
        )
    styles = Counter(row.style for row in rows)
    print(f"{len(rows)} pictures; {dict(sorted(styles.items()))}")  # noqa: T201
    print(f"mean error of WebP {errors_N.mean():.2f} of 255, at most {errors_N.max():.2f}")  # noqa: T201


def _chosen(shared: Path, limit: int | None) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield path, style, artist, title and source of the pictures of common styles."""
    every = [row for name in COLLECTIONS for row in _listed(shared, name)]
    counts = Counter(style for _, style, *_ in every)
    taken: Counter[tuple[str, str]] = Counter()
    for path, style, artist, title, source in every:
        key = (path.partition("/")[0], style)
        if counts[style] >= _MIN_PER_STYLE and (limit is None or taken[key] < limit):
            taken[key] += 1
            yield path, style, artist, title, source
    photographs = sorted((shared / "photographs").iterdir())
    for photograph in photographs[:limit]:
        yield f"photographs/{photograph.name}", "", "", "", "photographs"


def _listed(shared: Path, collection: str) -> Iterator[tuple[str, str, str, str, str]]:
    manifest = shared / collection / "manifest.csv"
    rows = read_csv(manifest) if manifest.is_file() else ()
    sources = {row["path"]: row["source"] for row in rows}
    for image in open_source(shared / collection).images:
        source = sources.get(image.path, collection)
        yield f"{collection}/{image.path}", image.style, image.artist, image.title, source


def _write_pictures(
    shared: Path, found: Sequence[tuple[str, str, str, str, str]], pack: Path
) -> tuple[list[Row], NDArray[np.float64]]:
    """Write the parts; return the rows and what compression changed, in grey levels."""
    square = square_transform(PREPROCESSING)
    rows, errors, part, first = [], [], list[bytes](), 0
    for number, (path, style, artist, title, source) in enumerate(found):
        pixels = read_image(shared / path, short_side_px=PREPROCESSING.read_size).pixels
        picture = square(pixels)
        rows.append(Row(path, style, artist, title, source, likeness(pixels)))
        encoded = io.BytesIO()
        picture.save(encoded, "WEBP", quality=_QUALITY, method=4)
        part.append(encoded.getvalue())
        errors.append(_difference(picture, encoded))
        if sum(map(len, part)) > _PART_BYTES or number == len(found) - 1:
            write_part(pack, first, part)
            part, first = [], number + 1
    return rows, np.array(errors)


def _difference(picture: Image.Image, encoded: io.BytesIO) -> float:
    decoded = Image.open(encoded).convert("RGB")
    return float(np.abs(np.asarray(picture, float) - np.asarray(decoded, float)).mean())


def _write_rows(rows: Sequence[Row], pack: Path) -> None:
    painted = [row for row in rows if row.style]
    folds = {
        "source": _source_folds(painted),
        "artist": _folds(painted, [_last_name(row) for row in painted], FOLDS["artist"]),
        "image": _folds(painted, _copy_groups(painted), FOLDS["image"]),
    }
    alike = _alike(painted)
    written = []
    for position, row in enumerate(rows):
        of_folds = {f"{name}_fold": found.get(position, "") for name, found in folds.items()}
        known = {"path": row.path, "style": row.style, "artist": row.artist, "source": row.source}
        like = " ".join(map(str, sorted(alike[position])))
        written.append({**known, **of_folds, "like": like})
    write_csv(pack / "pictures.csv", COLUMNS, written)


def _source_folds(rows: Sequence[Row]) -> dict[int, int]:
    """Return the fold of each tested painting: those of the first collection's common styles."""
    own = [n for n, row in enumerate(rows) if row.path.startswith(f"{_TESTED}/")]
    counts = Counter(rows[n].style for n in own)
    tested = [n for n in own if counts[rows[n].style] >= _MIN_PER_STYLE and rows[n].source]
    groups = [rows[n].source for n in tested]
    found = _folds([rows[n] for n in tested], groups, FOLDS["source"])
    return {tested[n]: fold for n, fold in found.items()}


def _folds(rows: Sequence[Row], groups: Sequence[object], count: int) -> dict[int, int]:
    styles = [row.style for row in rows]
    numbers = np.unique([str(group) for group in groups], return_inverse=True)[1]
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=_SEED)
    tests = enumerate(test for _, test in splitter.split(styles, styles, numbers))
    return {int(position): fold for fold, test in tests for position in test}


def _last_name(row: Row) -> str:
    """Return what the spellings of an artist's name share; an unknown artist is nobody else."""
    words = [word for word in name_words(row.artist) if not word.isdigit()]
    return words[-1] if words else row.path


def _copy_groups(rows: Sequence[Row]) -> list[int]:
    """Return for each picture the first that shows the same, as `prepare` finds them."""
    pairs = near_pairs([row.likeness for row in rows], _COPY_BITS)
    groups = list(range(len(rows)))
    for one, other in sorted([*pairs, *_same_names(rows)]):
        low, high = sorted((groups[one], groups[other]))
        groups = [low if group == high else group for group in groups] if low != high else groups
    return groups


def _alike(rows: Sequence[Row]) -> dict[int, set[int]]:
    """Return for each picture the others that may not be in training while it is tested."""
    hashes_N = np.array([row.likeness.phash for row in rows], dtype=np.uint64)
    found: dict[int, set[int]] = defaultdict(set)
    for position, value in enumerate(hashes_N):
        near = np.flatnonzero(np.bitwise_count(hashes_N ^ value) <= _ALIKE_BITS)
        found[position] |= set(near.tolist()) - {position}
    for one, other in _same_names(rows):
        found[one].add(other)
        found[other].add(one)
    return found


def _same_names(rows: Sequence[Row]) -> Iterable[tuple[int, int]]:
    """Yield pairs with one artist and one title, where the title says something."""
    named: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        title = [word for word in name_words(row.title) if not word.isdigit()]
        if row.artist and title and title[0] not in ("untitled", "unknown"):
            named[(_last_name(row), "/", *title)].append(position)
    for members in named.values():
        yield from ((members[0], other) for other in members[1:])


if __name__ == "__main__":
    csv.field_size_limit(1 << 24)
    main()
