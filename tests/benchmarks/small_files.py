"""Whether an epoch over many small copies is faster from tar shards or from Parquet::

    python -m tests.benchmarks.small_files FOLDER --copies 200000 --rounds 3

Copies of 128 pixels are painted once, few different ones written many times, as ``prepare`` keeps
them: a file each in 256 folders. The same bytes go into tar shards and into Parquet files of 1,000
copies each. An epoch draws every copy once: files in random order; shards in random order and, as
WebDataset does, shuffled inside. Rounds alternate. Before a cold epoch the system's caches are
dropped, which takes root on Linux; without that right only warm epochs are measured.
"""

import io
import json
import os
import resource
import sys
import tarfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from artstyle.data.loading import CACHE_RULES, read_cached
from artstyle.painter.collection import paint_collection
from artstyle.pictures.image import read_image

SIDE_PX, IN_A_SHARD, DIFFERENT = 128, 1000, 64
_DROP = Path("/proc/sys/vm/drop_caches")

Epoch = Callable[[Path, int], Iterator[bytes]]
"""Yields the content of every copy once, in the order of a seed."""


def write_copies(folder: Path, copies: int) -> None:
    """Write the same copies as files, as tar shards and as Parquet."""
    painted = folder / "painted"
    list(paint_collection(painted, 4, short_side_px=SIDE_PX))
    contents = [path.read_bytes() for path in sorted(painted.rglob("*.jpg"))][:DIFFERENT]
    for kind in ("images", "tar", "parquet"):
        (folder / kind).mkdir()
    numbers = iter(range(copies))
    while group := list(islice(numbers, IN_A_SHARD)):
        chosen = [contents[number % len(contents)] for number in group]
        names = [f"{number * 2654435761 % 2**32:08x}.jpg" for number in group]
        name = f"{group[0] // IN_A_SHARD:05}"
        for file, content in zip(names, chosen, strict=True):
            path = folder / "images" / file[:2] / file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        with tarfile.open(folder / f"tar/{name}.tar", "w") as tar:
            for file, content in zip(names, chosen, strict=True):
                member = tarfile.TarInfo(file)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        table = pa.table({"name": names, "jpeg": pa.array(chosen, pa.binary())})
        parquet.write_table(table, folder / f"parquet/{name}.parquet", compression="none")


def files(folder: Path, seed: int) -> Iterator[bytes]:
    """Read files in random order, as the loader does."""
    paths = _paths(folder)
    for at in np.random.default_rng(seed).permutation(len(paths)).tolist():
        with open(paths[at], "rb") as file:  # noqa: PTH123  # a Path for each would be timed
            yield file.read()


def _paths(folder: Path) -> list[str]:
    inner = sorted(entry.path for entry in os.scandir(folder / "images"))
    return [path.path for each in inner for path in os.scandir(each)]


def tar_shards(folder: Path, seed: int) -> Iterator[bytes]:
    """Read shard after shard in random order, its copies shuffled."""
    rng = np.random.default_rng(seed)
    shards = sorted((folder / "tar").iterdir())
    for at in rng.permutation(len(shards)).tolist():
        content = shards[at].read_bytes()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            places = [(member.offset_data, member.size) for member in tar]
        for start, size in rng.permutation(places).tolist():
            yield content[start : start + size]


def parquet_shards(folder: Path, seed: int) -> Iterator[bytes]:
    """Read shard after shard in random order, its copies shuffled."""
    rng = np.random.default_rng(seed)
    shards = sorted((folder / "parquet").iterdir())
    for at in rng.permutation(len(shards)).tolist():
        table = parquet.read_table(shards[at], columns=["jpeg"], use_threads=False)
        values = table.column("jpeg").to_pylist()
        for number in rng.permutation(len(values)).tolist():
            yield values[number]


EPOCHS: dict[str, Epoch] = {"files": files, "tar": tar_shards, "parquet": parquet_shards}


def seconds_of(epoch: Epoch, folder: Path, seed: int, copies: int) -> float:
    """Return the seconds of an epoch's reading; every copy must come."""
    started = time.perf_counter()
    read = sum(1 for _ in epoch(folder, seed))
    seconds = time.perf_counter() - started
    assert read == copies
    return seconds


def decoding_seconds(folder: Path, number: int) -> tuple[float, float]:
    """Return the seconds a copy to decode on one thread: by the loader, and from bytes."""
    paths = list(map(Path, _paths(folder)[:number]))
    contents = [path.read_bytes() for path in paths]
    started = time.perf_counter()
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda path: read_cached(path).size, paths))
    middle = time.perf_counter()
    for content in contents:
        _ = read_image(content, rules=CACHE_RULES).pixels.size
    return (middle - started) / number, (time.perf_counter() - middle) / number


def drop_caches() -> bool:
    """Empty the system's caches; return whether that is allowed."""
    if sys.platform != "win32":
        os.sync()
    try:
        _DROP.write_text("3")
    except OSError:
        return False
    return True


def main() -> None:
    """Write the copies, measure, and print JSON."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if not (asked.folder / "parquet").exists():
        write_copies(asked.folder, asked.copies)
    times: dict[str, list[float]] = {}
    for seed in range(asked.rounds):
        for name, epoch in EPOCHS.items():
            if drop_caches():
                cold = seconds_of(epoch, asked.folder, seed, asked.copies)
                times.setdefault(f"{name}, cold", []).append(cold)
            else:
                seconds_of(epoch, asked.folder, seed, asked.copies)
            warm = seconds_of(epoch, asked.folder, seed + 100, asked.copies)
            times.setdefault(f"{name}, warm", []).append(warm)
    told = {
        name: {"median µs a copy": round(median(found) / asked.copies * 1e6, 1), "s": found}
        for name, found in times.items()
    }
    by_loader, from_bytes = decoding_seconds(asked.folder, 4000)
    told["decoding, µs a copy"] = {"loader": by_loader * 1e6, "from bytes": from_bytes * 1e6}
    if sys.platform != "win32":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        told["memory, MiB"] = {"peak": peak / 1024}
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
