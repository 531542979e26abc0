"""Measure speed: `nox -s bench`, or `nox -s bench -- predict gradcam --rounds 5 --pictures 200`."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name

from tests.benchmarks import corpora
from tests.benchmarks.contest import Contest, hold
from tests.benchmarks.table import markdown, rows_of, write_json

STAGES = (
    "prepare", "growth", "training", "predict", "gradcam", "evaluate", "engines", "startup",
)  # fmt: skip
"""Each is a module here with a function ``contests``, from the number of pictures a round that was
asked for, or None for what the docs state, to the stage's contests."""

Contests = Callable[[int | None], Iterator[Contest]]


def main() -> None:
    """Hold the contests of the stages that are named, or of all."""
    parser = ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)}")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds (5)")
    parser.add_argument("--pictures", type=int, help="a round; fewer for a quick look")
    parser.add_argument("--out", type=Path, help="folder for the JSON; by default in the cache")
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; choose from {', '.join(STAGES)}")
    out = options.out or corpora.cache() / "results"
    tables = []
    for stage in options.stages or STAGES:
        contests: Contests = resolve_name(f"tests.benchmarks.{stage}:contests")
        rows = []
        for contest in contests(options.pictures):
            _say(f"{stage}: {contest.what}")
            rows += rows_of(contest, hold(contest, options.rounds, _say))
            write_json(out / f"{stage}.json", rows)
        tables.append(markdown(rows))
    print("\n".join(tables))  # noqa: T201
    _say(f"written: {out}/")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
