"""A real Ray cluster of several nodes; a worker and a node are killed in the midst of the work::

    python -m tests.archive.ray_kills 600

The shards must have the bytes of one process.
"""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tests.preparation.pictures import write_painting

SHARDS = 8
NODES = 3
"""With one core each."""


def main() -> None:
    """Make shards on a cluster that loses a worker and a node, and compare their bytes."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=int)
    number = parser.parse_args().pictures
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster  # noqa: PLC0415  # after the setting

    with TemporaryDirectory() as folder:
        root = Path(folder)
        for n in range(number):
            write_painting(root / f"scans/{n:05}.jpg", n % 50, (48, 36))
        (root / "scans/torn.jpg").write_bytes(b"no picture")
        assert command(root, "alone/").wait() == 3
        cluster: Any = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        nodes = [cluster.add_node(num_cpus=1) for _ in range(NODES - 1)]
        try:
            work = command(root, "on-ray/", "--on", "ray", "--address", cluster.address)
            wait_for_shards(root / "on-ray", 1, work)
            killed = kill_worker()
            cluster.remove_node(nodes[-1], allow_graceful=False)
            left = SHARDS - shards_of(root / "on-ray")
            assert work.wait() == 3
        finally:
            cluster.shutdown()
        expected = {path.name: path.read_bytes() for path in (root / "alone").iterdir()}
        found = {path.name: path.read_bytes() for path in (root / "on-ray").iterdir()}
        assert found == expected, "the bytes differ"
        sys.stdout.write(
            f"{number + 1} pictures, {SHARDS} shards: killed {killed} and a node of {NODES} with"
            f" {left} shards to go; the same bytes\n"
        )


def command(root: Path, out: str, *more: str) -> "subprocess.Popen[bytes]":
    words = ["predict", "scans", "--run", "starter", "--out", out, "--shards", str(SHARDS), *more]
    return subprocess.Popen([sys.executable, "-m", "artstyle", *words], cwd=root)


def shards_of(folder: Path) -> int:
    return len(list(folder.glob("*.parquet")))


def wait_for_shards(folder: Path, number: int, work: "subprocess.Popen[bytes]") -> None:
    while shards_of(folder) < number:
        assert work.poll() is None, "the work ended early"
        time.sleep(0.02)


def kill_worker() -> str:
    """Kill a process that holds the model."""
    for process in psutil.process_iter(["name", "cmdline"]):
        name = " ".join(process.info["cmdline"] or ())
        if name.startswith("ray::") and "Answerer" in name:
            process.kill()
            return name.split("(")[0]
    raise AssertionError("no worker was found")


if __name__ == "__main__":
    main()
