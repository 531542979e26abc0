"""How fast a service answers single images, compared with `artstyle predict` on the same files.

    python -m tests.benchmarks.serve --seconds 20 --clients 1 8 64
    python -m tests.benchmarks.serve --seconds 180 --clients 400     # more than it can answer

Both run on this machine, and the clients share its cores. Prints JSON.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from artstyle.engines import find_model
from artstyle.painter.collection import paint_collection
from artstyle.pictures.finding import find_pictures
from artstyle.prediction.predict import predict_styles

_WARM_SECONDS = 3.0


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", default="starter")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        list(paint_collection(Path(folder), 20, short_side_px=600))
        requests = [_request(found.path) for found in find_pictures([folder])]
        with _service(chosen.run) as (process, url):
            for clients in chosen.clients:
                # In turn, so that another load on the machine slows both.
                rate = _predict_rate(chosen.run, folder)
                found = asyncio.run(_load(url, requests, clients, chosen.seconds))
                found |= _state(process) | {"predict_images_per_second": rate}
                found["share_of_predict"] = found["images_per_second"] / rate
                print(json.dumps(found))  # noqa: T201


@contextmanager
def _service(run: str) -> Iterator[tuple[psutil.Process, str]]:
    words = ("serve", "--api-only", "--port", "0", "--run", run)
    command = [sys.executable, "-m", "artstyle", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield psutil.Process(process.pid), process.stdout.readline().strip()
        finally:
            process.terminate()


def _predict_rate(run: str, folder: str) -> float:
    """Return images per second of `predict`, without its start."""
    model = find_model(run).load()
    list(predict_styles(model, list(find_pictures([folder]))[:8]))
    began = time.perf_counter()
    rows = list(predict_styles(model, find_pictures([folder])))
    return len(rows) / (time.perf_counter() - began)


def _request(path: Path) -> bytes:
    content = path.read_bytes()
    head = ("POST /v1/predict HTTP/1.1", "Host: a", "Content-Type: application/octet-stream")
    return "\r\n".join([*head, f"Content-Length: {len(content)}\r\n\r\n"]).encode() + content


async def _load(url: str, requests: list[bytes], clients: int, seconds: float) -> dict[str, Any]:
    """Ask with so many clients at once; each waits for its answer and asks again."""
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    source = cycle(requests)
    began = time.perf_counter() + _WARM_SECONDS
    end = began + seconds

    async def client() -> None:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while (sent := time.perf_counter()) < end:
            writer.write(next(source))
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
            status = int(head.split()[1])
            now = time.perf_counter()
            if began <= now <= end:
                statuses[status] += 1
                waits.extend([now - sent] if status == 200 else [])
            if status == 503:
                await asyncio.sleep(1)  # As Retry-After asks.
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(clients)))
    p50, p95, p99 = np.percentile(waits, [50, 95, 99])
    return {
        "clients": clients,
        "images_per_second": statuses[200] / seconds,
        "p50_ms": 1000 * p50,
        "p95_ms": 1000 * p95,
        "p99_ms": 1000 * p99,
        "statuses": statuses,
    }


def _open_files(process: psutil.Process) -> int:
    if sys.platform == "win32":
        return process.num_handles()
    else:  # mypy knows the platform in a branch only.
        return process.num_fds()


def _state(process: psutil.Process) -> dict[str, Any]:
    return {
        "memory_mb": process.memory_info().rss / 2**20,
        "threads": process.num_threads(),
        "files": _open_files(process),
        "load": psutil.getloadavg()[0],
    }


if __name__ == "__main__":
    main()
