"""How many test pictures does the course report's recipe draw from WikiArt's official lists?

    python -m tests.benchmarks.course_report_split LISTS

LISTS has ``style_train.csv``, ``style_val.csv`` and ``style_class.txt``; no picture is needed.
Files of one name under two styles count as copies, which `artstyle prepare` keeps in one split.
"""

import math
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

from artstyle.preparation.balance import choose_balanced
from artstyle.preparation.paintings import Paintings
from artstyle.preparation.sources.artgan import read_list
from artstyle.preparation.split import split_paintings
from artstyle.recipes import resolve_config


def main() -> None:
    """Print the report's number of test pictures, and that of `prepare --config course-report`."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("lists", type=Path)
    lists = parser.parse_args().lists
    config = resolve_config("course-report").config
    images = [
        entry.image
        for name in ("style_train.csv", "style_val.csv")
        for entry in read_list(lists / name)
    ]
    styles, paths = [image.style for image in images], [image.path for image in images]
    kept = choose_balanced(styles, paths, config.balance, config.seed).kept
    paintings = Paintings(
        paths=paths,
        styles=styles,
        artists=[image.artist for image in images],
        groups=[path.rpartition("/")[2] for path in paths],
        official=[""] * len(paths),
    ).take(kept)
    drawn = Counter(split_paintings(paintings, config.split, config.seed).splits)
    print(f"{len(images):,} files, of which {len(kept):,} are kept")  # noqa: T201
    print(f"15% of them, rounded up: {math.ceil(0.15 * len(kept)):,}")  # noqa: T201
    print(f"artstyle: {drawn['train']:,}, {drawn['val']:,}, {drawn['test']:,}")  # noqa: T201


if __name__ == "__main__":
    main()
