"""Train the candidates of docs/starter-model.md under cross-validation, and the final models.

    python -m tests.benchmarks.starter PACK OUT [--minutes 9] [--smoke]

PACK is what `tests.benchmarks.starter.pack` wrote. OUT gets, after each step, what is done so far:
`answers.npz` (logits for the tested pictures of each fold and for the photographs), `metrics.json`,
and `weights/NAME.safetensors`. Started again on the same OUT it skips what is there.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from traceback import print_exc
from typing import Any

import numpy as np
import torch
from torch import nn

from artstyle.models.factory import Built
from artstyle.models.folding import folded
from artstyle.storage.files import read_json, write_json
from tests.benchmarks.starter.learning import Bench, learn, seconds
from tests.benchmarks.starter.pictures import FOLDS, NETWORKS, PREPROCESSING, read_pack
from tests.benchmarks.starter.variation import Variation
from tests.benchmarks.starter.workshop import FINAL, Plan, Workshop, place

_STUDENT = "student"
_MEASURED_STEPS = 8
_PLAN = Plan(first=15, second=8, student=15)
_SMOKE = Plan(1, 1, 1, batch_size=16, variation=Variation(side_px=64))
# What decoding, answering and writing take of the time.
_SPARE = 0.88


@dataclass(frozen=True)
class Job:
    """One fold of one candidate, or a final model."""

    name: str
    estimate_s: float
    run: Callable[[], None]
    needed: bool = True
    """Whether it runs however little time seems to be left."""


def main() -> None:
    """Do the jobs in order, as far as time goes."""
    began = time.perf_counter()
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=9.0, help="for everything (9)")
    parser.add_argument("--smoke", action="store_true", help="tiny, to see that it runs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.allow_tf32 = False  # Answers are measured in float32.
    bench = Bench(read_pack(arguments.pack), device)
    _say(f"{len(bench.pack.paths)} pictures on {device} after {time.perf_counter() - began:.0f} s")
    path = arguments.out / "metrics.json"
    record: dict[str, Any] = read_json(path) if path.is_file() else {"began": time.time()}
    plan = _planned(bench, arguments, record)
    for job in _jobs(Workshop(bench, plan, arguments.pack, arguments.out)):
        left_s = arguments.minutes * 60 - (time.time() - record["began"])
        if job.name in record or (not job.needed and job.estimate_s > left_s):
            continue
        record[job.name] = _done(job)
        write_json(path, record)
        _say(
            f"{job.name}: {record[job.name]}, expected {job.estimate_s:.1f} s, {left_s:.0f} s left"
        )
    (arguments.out / "finished").touch()


def _planned(bench: Bench, arguments: Namespace, record: dict[str, Any]) -> Plan:
    """Return the plan of an earlier start, or a new one, which goes into the record."""
    plan = _SMOKE if arguments.smoke else _PLAN
    if "plan" not in record:
        cost = _costs(bench, plan, arguments.pack)
        share = _share(bench, replace(plan, cost=cost), arguments.minutes * 60)
        names = ("first", "second", "student")
        epochs = {name: max(1, round(share * getattr(plan, name))) for name in names}
        record["plan"] = {**epochs, "cost": cost}
    _say(f"plan: {record['plan']}")
    return replace(plan, **record["plan"])


def _done(job: Job) -> str:
    """Run a job; one that fails takes the others nothing."""
    try:
        return f"{seconds(job.run):.1f} s"
    except RuntimeError:  # Of torch: out of memory, an algorithm that a GPU lacks.
        print_exc()
        return "failed"


def _jobs(shop: Workshop) -> Iterator[Job]:
    """Yield all jobs in the order of docs/starter-model.md."""
    folds = {regime: range(count) for regime, count in FOLDS.items()}
    for fold in folds["source"]:
        yield _job(shop, "B", "source", fold)
    yield _job(shop, "B", FINAL, None)
    for fold in folds["source"]:
        yield _job(shop, "C", "source", fold)
    yield _job(shop, "C", FINAL, None)
    for regime in ("artist", "image"):
        for fold in folds[regime]:
            yield _job(shop, "B", regime, fold)
    for fold in folds["source"]:
        yield _job(shop, "D", "source", fold, needed=False)
    yield _job(shop, "D", FINAL, None, needed=False)
    for fold in folds["artist"]:
        for regime in ("artist", "image"):
            yield _job(shop, "C", regime, fold, needed=False)


def _job(
    shop: Workshop, candidate: str, regime: str, fold: int | None, *, needed: bool = True
) -> Job:
    def run() -> None:
        if candidate == "C":
            teachers = NETWORKS[1:]
            for name in teachers:
                shop.test(name, regime, fold, shop.second_stage(name, regime, fold))
        made = {
            "B": lambda: shop.second_stage(NETWORKS[0], regime, fold),
            "C": lambda: shop.student(regime, fold),
            "D": lambda: shop.averaged(regime, fold),
        }[candidate]()
        shop.test(candidate, regime, fold, made)

    estimate_s = _estimate(shop, candidate, regime, fold)
    return Job(f"{candidate}-{place(regime, fold)}", estimate_s, run, needed)


def _estimate(shop: Workshop, candidate: str, regime: str, fold: int | None) -> float:
    """Return how many seconds a job takes, had nothing of it been done but the shared stage 1."""
    plan, cost = shop.plan, shop.plan.cost
    size = len(shop.positions(regime, fold))
    first = plan.first if regime in ("artist", "image") else 0
    names = NETWORKS[1:] if candidate == "C" else NETWORKS[:1]
    total = sum((first + plan.second) * cost[name] for name in names)
    if candidate == "C":
        total += plan.student * cost[_STUDENT]
    return size * total * (2 if candidate == "D" else 1)


def _share(bench: Bench, plan: Plan, limit_s: float) -> float:
    """Return by which factor epochs must shrink for all needed jobs to fit into the time."""
    everything = bench.pack.training("source", None)
    strangers = bench.pack.strangers(everything, "source")
    folds, cost = FOLDS["source"] + 1, plan.cost
    three = sum(cost[name] for name in NETWORKS)
    regimes = (FOLDS["artist"] + FOLDS["image"]) * 2 / 3 * cost[NETWORKS[0]]
    needed_s = (
        len(strangers) * plan.first * (three + regimes)
        + len(everything) * plan.second * (folds * three + regimes)
        + len(everything) * plan.student * folds * cost[_STUDENT]
    )
    share = min(1.0, _SPARE * limit_s / needed_s)
    _say(f"needed: {needed_s:.0f} s of {limit_s:.0f}; epochs times {share:.2f}")
    return share


def _costs(bench: Bench, plan: Plan, pack: Path) -> dict[str, float]:
    """Measure what learning from one picture takes, cuDNN's search for algorithms left out."""
    shop = Workshop(bench, plan, pack, pack)
    starts = {name: shop.imagenet(name) for name in NETWORKS}
    teachers = [
        folded(built.network.to(bench.device).eval(), PREPROCESSING.image_size)
        for built in starts.values()
    ]
    ways: list[tuple[str, Built, Sequence[nn.Module]]] = [
        *((name, built, ()) for name, built in starts.items()),
        (_STUDENT, starts[NETWORKS[0]], teachers),
    ]
    positions = bench.pack.training("source", None)
    count = min(_MEASURED_STEPS * plan.batch_size, len(positions))
    lesson, some = plan.lesson(1, 0, 1), np.resize(positions, count)
    found = {}
    for search in (False, True) if bench.device.type == "cuda" else (False,):
        torch.backends.cudnn.benchmark = search
        for name, start, taught in ways:
            learn(bench, start, some, lesson, taught)
            found[name, search] = seconds(partial(learn, bench, start, some, lesson, taught))
    for (name, search), taken_s in found.items():
        _say(f"{name}, search {search}: {count / taken_s:.0f} pictures/s")
    faster = sum(found.get((n, True), np.inf) for n, *_ in ways) < sum(
        found[n, False] for n, *_ in ways
    )
    torch.backends.cudnn.benchmark = faster
    return {name: found[name, faster] / count for name, *_ in ways}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
