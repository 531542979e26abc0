"""Shards by one process, by Ray Data and by Daft, in turn on the same pictures::

    python -m tests.benchmarks.archive_engines PICTURES --rounds 3

Each arm is a process of its own, with the starter model on all cores. The rate counts from the
first sixteenth on, so that starting a cluster does not count; whole seconds are told too. Memory is
the peak of what the process and all its children hold for themselves (USS), read twice a second.
The bytes of all arms must be equal. Daft takes the same chunks and the same function; it is left
out where it is not installed.
"""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from os import cpu_count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from artstyle.archive import ray_cluster
from artstyle.archive.document import shards_document
from artstyle.archive.folder import ShardFolder
from artstyle.archive.listing import Listing
from artstyle.archive.places import LocalPlace
from artstyle.archive.ray_cluster import Answerer, Decoding, NodeModel
from artstyle.archive.shards import STAGE, ShardEngine, finished_shards, on_this_machine
from artstyle.archive.work import predict_work
from artstyle.engines import load_starter
from artstyle.pictures.finding import find_pictures
from artstyle.prediction.columns import Naming
from artstyle.progress import Progress

ARMS = ("plain", "ray", "daft")
SHARDS = 16


def main() -> None:
    """Run the arms in turn and print a table as JSON; or run one arm, for the process that does."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.arm:
        sys.stdout.write(json.dumps(run(asked.arm, asked.pictures, asked.out)) + "\n")
        return
    arms = [arm for arm in ARMS if arm == "plain" or find_spec(arm)]
    told: dict[str, list[dict[str, float]]] = {arm: [] for arm in arms}
    for _ in range(asked.rounds):
        with TemporaryDirectory() as folder:
            outs = {arm: Path(folder) / arm for arm in arms}
            for arm in arms:
                told[arm].append(measured(arm, asked.pictures, outs[arm]))
                sys.stderr.write(f"{arm}: {json.dumps(told[arm][-1])}\n")
            files = [
                {p.name: p.read_bytes() for p in out.glob("*.parquet")} for out in outs.values()
            ]
            assert all(each == files[0] for each in files), "the bytes differ"
    for arm, rounds in told.items():
        ratios = [
            each["rate"] / plain["rate"] for each, plain in zip(rounds, told["plain"], strict=True)
        ]
        line = {"of plain": round(median(ratios), 3), "ratios": ratios, "rounds": rounds}
        sys.stdout.write(f"{arm}: {json.dumps(line)}\n")


def measured(arm: str, pictures: Path, out: Path) -> dict[str, float]:
    """Run an arm in its own process; return its rate, seconds, CPU seconds and memory."""
    words = [sys.executable, "-m", __spec__.name, str(pictures), "--arm", arm, "--out", str(out)]
    started, peak, cpu = time.monotonic(), 0, dict[int, float]()
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            family = [watched, *watched.children(recursive=True)]
            peak = max(peak, sum(_held(each) for each in family))
            cpu |= {each.pid: sum(each.cpu_times()[:2]) for each in family}
        time.sleep(0.5)
    assert process.returncode == 0
    assert process.stdout is not None
    told: dict[str, float] = json.loads(process.stdout.read())
    seconds = time.monotonic() - started
    return told | {"seconds": seconds, "CPU seconds": sum(cpu.values()), "MiB": peak / 2**20}


def _held(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        held: int = process.memory_full_info().uss
        return held
    return 0


def run(arm: str, pictures: Path, out: Path) -> dict[str, float]:
    """Make the shards; return pictures per second, and the CPU time of each, after the start."""
    model = load_starter()
    work = partial(predict_work, top_k=3, naming=Naming(), has_records=False)
    node = NodeModel("starter", "auto", "cpu", model.fingerprint)
    engines: dict[str, ShardEngine] = {
        "plain": on_this_machine(work, model, model.batch_size),
        "daft": partial(on_daft, work, model, node),
    }
    if arm == "ray":
        engines["ray"] = ray_cluster.on_ray(work, model, model.batch_size, node)
    seen: list[tuple[float, float, int]] = []

    def progress(stage: str, done: int, total: int | None, detail: str = "") -> None:
        begins = not seen and total and done >= total // SHARDS
        if stage == STAGE and (begins or done == total):
            seen.append((time.monotonic(), _cpu_seconds(), done))

    document = shards_document("predict", SHARDS, model, "cpu", model.batch_size, pictures, {})
    folder = ShardFolder(LocalPlace(out), str(out), document)
    found = find_pictures([str(pictures)])
    with finished_shards(folder, found, engines[arm], source=pictures, progress=progress):
        pass
    (start, cpu, first), (end, cpu_at_end, last) = seen[0], seen[-1]
    number = last - first
    return {"rate": number / (end - start), "CPU ms": (cpu_at_end - cpu) / number * 1000}


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of all its children that live."""
    here = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in [here, *here.children(recursive=True)])


def on_daft(
    work: Any, model: Any, node: NodeModel, folder: ShardFolder, listing: Listing,
    shards: Sequence[int], progress: Progress,
) -> None:  # fmt: skip
    """Make shards with Daft on this machine: a process for each core, as Ray's actors are."""
    import daft  # noqa: PLC0415  # only where this arm runs
    import pyarrow as pa  # noqa: PLC0415

    size, prepare = model.batch_size, Decoding(model.preprocessing, str(Path.cwd()))
    chunks = pa.concat_tables(ray_cluster.chunks_of(listing, shards, 64))

    @daft.udf(
        return_dtype=daft.DataType.binary(), batch_size=1, concurrency=cpu_count(), use_process=True
    )
    class Answered:
        def __init__(self) -> None:
            self.answerer = Answerer(work, node, size, prepare)

        def __call__(self, shard: Any, chunk: Any, lines: Any) -> list[bytes]:
            columns = (shard.to_arrow(), chunk.to_arrow(), lines.to_arrow())
            table = pa.table(dict(zip(("shard", "chunk", "lines"), columns, strict=True)))
            answered: list[bytes] = self.answerer(table).column("rows").to_pylist()
            return answered

    frame = daft.from_arrow(chunks).into_batches(1)
    answered: Any = Answered
    frame = frame.with_column("rows", answered(frame["shard"], frame["chunk"], frame["lines"]))

    def arriving() -> Iterator[tuple[int, int, Any]]:
        for row in frame.select("shard", "chunk", "rows").iter_rows():
            yield row["shard"], row["chunk"], ray_cluster.rows_of(row["rows"])

    columns = work(model).columns
    ray_cluster.write_chunks(folder, listing, columns, arriving(), 0, progress)


if __name__ == "__main__":
    main()
