"""Measure training and answers on an accelerator: `python -m tests.benchmarks.accelerator`.

Each line is one way of one library with one network, in images a second and per cent of the bound
(`tests.benchmarks.accelerator.bound`). The batch is in the device's memory, so a line has no
loading. The last lines have: the same steps fed from copies on disk, as `finetune` reads them.
``--smoke`` takes tiny pictures and a single step, to show on any machine that each line works.
"""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from artstyle.devices import choose_device
from tests.benchmarks.accelerator import feeding, ways
from tests.benchmarks.accelerator.bound import Cost, cost_of, measure_peaks, seconds_of
from tests.benchmarks.accelerator.ways import Task, Work
from tests.benchmarks.table import machine

NETWORKS = {
    "efficientnet_lite0": (224, 256),
    "efficientnet_b0": (224, 256),
    "efficientnet_b3": (300, 128),
    "resnet50": (224, 256),
    "timm/vit_base_patch16_224": (224, 128),
}
"""Network -> its side in pixels and its batch."""
COMPILED = ("resnet50", "timm/vit_base_patch16_224", "efficientnet_lite0")
"""Compiling takes most of a minute each."""

Way = Callable[[Task, str], Work]


@dataclass(frozen=True)
class Line:
    """What is measured."""

    work: str
    """training, predict, or loading."""
    model: str
    who: str
    precision: str
    way: Way
    batches: Callable[[Task], int] = lambda task: 1
    """How many batches a call of the way does."""


@dataclass(frozen=True)
class Measured:
    """What was measured."""

    work: str
    model: str
    image_size: int
    batch_size: int
    who: str
    precision: str
    images_per_s: float
    share_of_bound: float
    peak_gib: float | None


def _steps(task: Task) -> int:
    return task.steps


def lines() -> Iterator[Line]:
    """Yield all lines, the most telling first: time may run out."""
    for precision in ("bf16", "fp32"):
        for model in NETWORKS:
            yield Line("training", model, "artstyle", precision, ways.artstyle_training, _steps)
            yield Line("predict", model, "artstyle", precision, ways.artstyle_answers)
    for model in NETWORKS:
        yield Line("training", model, "timm's train.py", "bf16", ways.timm_training)
        yield Line("training", model, "torchvision's train.py", "fp16", ways.torchvision_training)
        yield Line("predict", model, "timm's inference.py", "bf16", ways.timm_answers)
    for model in ("efficientnet_lite0", "resnet50"):
        copies = "artstyle, from copies"
        yield Line("training", model, copies, "bf16", feeding.training, feeding.steps)
    yield Line("loading", "efficientnet_lite0", "artstyle", "bf16", feeding.loading, feeding.steps)
    for model in COMPILED:
        yield Line("training", model, "torch.compile", "bf16", ways.compiled_training)
    yield Line("predict", "resnet50", "torch.compile", "bf16", ways.compiled_answers)


def _lines(*, smoke: bool) -> Iterator[Line]:
    """Yield the lines; in a smoke test without fp16, whose convolutions take minutes on a CPU."""
    for line in lines():
        yield replace(line, precision="bf16") if smoke and line.precision == "fp16" else line


def main() -> None:
    """Measure all lines that fit into the time; print a table and write JSON."""
    options = _options()
    device = choose_device(options.device)
    torch.backends.cudnn.benchmark = True  # As `finetune` has it.
    _say(f"measuring the rates of {_name(device)}")
    peaks = measure_peaks(device, small=options.smoke)
    costs: dict[str, Cost] = {}
    found: list[Measured] = []
    skipped: list[str] = []
    until = time.monotonic() + 60 * options.minutes
    for line in _lines(smoke=options.smoke):
        label = f"{line.work}, {line.model}, {line.who}, {line.precision}"
        if time.monotonic() > until:
            skipped.append(label)
            continue
        _say(label)
        task = _task(line.model, device, smoke=options.smoke)
        if line.model not in costs:
            costs[line.model] = cost_of(task.build().network, task.image_size, device)
        forward = costs[line.model].seconds(peaks, line.precision)
        bound = 1 / (3 * forward if line.work == "training" else forward)
        found.append(_measure(line, task, bound))
    _write(options.out, found, skipped, asdict(peaks), device)
    print(_markdown(found, skipped, device))  # noqa: T201


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="as artstyle takes it")
    parser.add_argument("--minutes", type=float, default=5, help="no line starts after this (5)")
    parser.add_argument("--smoke", action="store_true", help="tiny: each line, one step")
    parser.add_argument("--out", type=Path, default=Path("accelerator.json"), help="the JSON file")
    return parser.parse_args()


def _task(model: str, device: torch.device, *, smoke: bool) -> Task:
    size, batch = (32, 2) if smoke else NETWORKS[model]
    return Task(model, size, batch, device, smoke)


def _measure(line: Line, task: Task, bound: float) -> Measured:
    on_cuda = task.device.type == "cuda"
    if on_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    work = line.way(task, line.precision)
    least, before = (0.0, 0) if task.smoke else (1.0, 3)
    seconds = seconds_of(work, task.device, least=least, before=before)
    images_per_s = line.batches(task) * task.batch_size / seconds
    return Measured(
        work=line.work,
        model=line.model,
        image_size=task.image_size,
        batch_size=task.batch_size,
        who=line.who,
        precision=line.precision,
        images_per_s=images_per_s,
        share_of_bound=images_per_s / bound,
        peak_gib=torch.cuda.max_memory_allocated() / 2**30 if on_cuda else None,
    )


def _markdown(found: list[Measured], skipped: list[str], device: torch.device) -> str:
    """Return the table; networks apart, the fastest way of each first."""
    rows = [
        f"{_name(device)}, torch {torch.__version__}",
        "",
        "| Work | Network | Pixels | Batch | Who | Precision | Images/s | Of the bound | Memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in sorted(found, key=lambda m: (m.work, m.model, -m.images_per_s)):
        memory = "" if each.peak_gib is None else f"{each.peak_gib:.1f} GiB"
        share = "" if each.work == "loading" else f"{each.share_of_bound:.0%}"
        rows.append(
            f"| {each.work} | {each.model} | {each.image_size} | {each.batch_size} | {each.who}"
            f" | {each.precision} | {each.images_per_s:,.0f} | {share} | {memory} |"
        )
    rows += ["", *(f"Not measured, as time ran out: {label}" for label in skipped)]
    return "\n".join(rows)


def _write(
    path: Path,
    found: list[Measured],
    skipped: list[str],
    peaks: dict[str, object],
    device: torch.device,
) -> None:
    content = {
        "machine": machine() | {"accelerator": _name(device)},
        "peaks": peaks,
        "rows": [asdict(each) for each in found],
        "not_measured": skipped,
    }
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
