"""Does a model know a style from what it is painted on? Collections to ask it, and the answers.

    python -m tests.benchmarks.content_bias paint OUT --seed 1 [--known 1] [--artists 2]
    python -m tests.benchmarks.content_bias table RUNS
    python -m tests.benchmarks.content_bias best RUNS

`paint` makes a collection in which training sees each style with one or two of eight contents only,
and the test shows all eight, by artists that training never had. Another seed holds out other
combinations and other artists. `table` prints the means of all evaluations below each folder in
RUNS, and each measure's lowest and highest value. `best` names the folder that is right for most
new combinations, the first of equals.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artstyle.evaluation.document import ContentBias, EvaluationReport
from artstyle.painter.collection import (
    ARTISTS_PER_STYLE,
    CONTENTS,
    MANIFEST_COLUMNS,
    SOURCE,
    STYLES,
    paint,
    seeded,
)
from artstyle.storage.files import write_csv

_PICTURES = {"train": 6, "val": 5, "test": 3}
"""By each artist, in each style with each content."""


@dataclass(frozen=True)
class Place:
    """Where a picture is in the collection, before it is painted."""

    split: str
    style: str
    content: str
    artist: int
    number: int


def places(seed: int, known: int = 2, artists: int = 5) -> Iterator[Place]:
    """Yield every picture of a collection.

    Args:
        seed: Chooses combinations and artists.
        known: Contents of a style in training.
        artists: Artists of a style in training, at most 5.
    """
    order = seeded("combinations", seed)
    styles, contents = order.permutation(list(STYLES)), order.permutation(list(CONTENTS))
    # Two test artists and one for validation move on with the seed: four seeds, four pairs.
    people = np.roll(np.arange(ARTISTS_PER_STYLE), -2 * seed).tolist()
    parts = {"test": people[:2], "val": people[2:3], "train": people[3 : 3 + artists]}
    for n, style in enumerate(styles):
        # 12 styles over 8 contents: the second round is shifted, so that no two styles have both
        # contents in common. With one content each, four contents belong to two styles.
        seen = {(n + step * (1 + n // len(contents))) % len(contents) for step in range(known)}
        for split, group in parts.items():
            shown = range(len(contents)) if split == "test" else sorted(seen)
            for content in shown:
                for artist in group:
                    for number in range(_PICTURES[split]):
                        yield Place(split, str(style), str(contents[content]), artist, number)


def paint_combinations(
    out: Path, seed: int, side_px: int, share: int = 1, known: int = 2, artists: int = 5
) -> int:
    """Paint a collection into ``out`` with its manifest; return the number of pictures.

    Args:
        out: A new folder.
        seed: Chooses combinations, artists, compositions and strokes.
        side_px: Width and height of each picture.
        share: Only every so many pictures of a combination are painted.
        known: Contents of a style in training.
        artists: Artists of a style in training, at most 5.
    """
    rows = []
    for place in places(seed, known, artists):
        if place.number % share:
            continue
        digits = seeded("picture", seed, place.style, place.content, place.artist, place.number)
        painting = paint(
            place.style,
            place.content,
            place.artist,
            int(digits.integers(1_000_000)),
            (side_px, side_px),
        )
        path = f"{place.style}/{painting.artist}_{painting.title}.png"
        (out / place.style).mkdir(parents=True, exist_ok=True)
        painting.image.save(out / path)
        values = (path, place.style, painting.artist, painting.title, place.content, SOURCE)
        rows.append(dict(zip(MANIFEST_COLUMNS, values, strict=True)) | {"split": place.split})
    write_csv(out / "manifest.csv", (*MANIFEST_COLUMNS, "split"), rows)
    return len(rows)


Measure = Callable[[EvaluationReport, ContentBias | None], float | None]

_MEASURES: dict[str, Measure] = {
    "accuracy": lambda report, bias: report.accuracy,
    "macro F1": lambda report, bias: report.macro_f1,
    "new combinations": lambda report, bias: (
        bias.combinations.new.value if bias and bias.combinations else None
    ),
    "known combinations": lambda report, bias: (
        bias.combinations.known.value if bias and bias.combinations else None
    ),
    "style lift": lambda report, bias: (
        bias.neighbours.style.value if bias and bias.neighbours else None
    ),
    "genre lift": lambda report, bias: (
        bias.neighbours.genre.value if bias and bias.neighbours else None
    ),
    "content-bias index": lambda report, bias: (
        bias.neighbours.content_bias.value if bias and bias.neighbours else None
    ),
    "genre probe": lambda report, bias: (
        bias.genre_probe.recall.value if bias and bias.genre_probe else None
    ),
    "distance correlation": lambda report, bias: (
        bias.dependence.distance_correlation if bias and bias.dependence else None
    ),
}


def means(folder: Path) -> dict[str, list[float]]:
    """Return each measure of all evaluations of a test split below a folder."""
    found: dict[str, list[float]] = {name: [] for name in _MEASURES}
    for path in sorted(folder.rglob("evaluation/test/report.json")):
        report = EvaluationReport.read(path)
        for name, measure in _MEASURES.items():
            value = measure(report, report.content_bias)
            found[name] += [] if value is None else [value]
    return found


def table(runs: Path) -> str:
    """Return a row for each folder in ``runs`` with a column for each measure, in Markdown."""
    rows = [["", "runs", *_MEASURES]]
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        found = means(folder)
        count = len(found["accuracy"])
        if count:
            rows.append([folder.name, str(count), *map(_cell, found.values())])
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def best(runs: Path, measure: str) -> str:
    """Return the name of the folder in ``runs`` with the highest mean of a measure."""
    scores = {path.name: means(path)[measure] for path in sorted(runs.iterdir()) if path.is_dir()}
    return max(scores, key=lambda name: float(np.mean(scores[name])))


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{np.mean(values):.3f}" + (f" ({low:.3f} to {high:.3f})" if high > low else "")


def main() -> None:
    """Paint a collection, print the table of runs, or name the best of them."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.content_bias", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    painting = commands.add_parser("paint")
    painting.add_argument("out", type=Path)
    painting.add_argument("--seed", type=int, required=True)
    painting.add_argument("--side", type=int, default=144, help="pixels (144)")
    painting.add_argument("--share", type=int, default=1, help="paint every so many (1)")
    painting.add_argument(
        "--known", type=int, default=2, choices=range(1, 8), help="contents of a style in training"
    )
    painting.add_argument(
        "--artists", type=int, default=5, choices=range(1, 6), help="artists of a style in training"
    )
    for name in ("table", "best"):
        commands.add_parser(name).add_argument("runs", type=Path)
    options = parser.parse_args()
    if options.command == "paint":
        asked = (options.seed, options.side, options.share, options.known, options.artists)
        done = paint_combinations(options.out, *asked)
        print(f"{done} pictures")  # noqa: T201
    elif options.command == "table":
        print(table(options.runs))  # noqa: T201
    else:
        print(best(options.runs, "new combinations"))  # noqa: T201


if __name__ == "__main__":
    main()
