"""The same shards from a real Ray cluster, of which a worker and a node are killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import posix
from tests.cli.random_run import write_random_run
from tests.preparation.pictures import write_painting

pytestmark = [
    posix.only,
    pytest.mark.slow,
    pytest.mark.skipif("ARTSTYLE_RAY" not in os.environ, reason="for 'nox -s cluster'"),
]

PROJECT = Path(__file__).parents[2]


def test_a_cluster_that_loses_a_worker_and_a_node_gives_the_bytes_of_one_process() -> None:
    pytest.importorskip("ray")
    pytest.importorskip("pyarrow")
    done = subprocess.run(
        [sys.executable, "-m", "tests.archive.ray_kills", "600"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    assert "the same bytes" in done.stdout


@pytest.mark.parametrize("kind", ["gradcam", "index"])
def test_heatmaps_and_embeddings_on_a_cluster_are_those_of_one_process(
    kind: str, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    pytest.importorskip("pyarrow")
    write_random_run(tmp_path)
    for n in range(30):
        write_painting(tmp_path / f"scans/{n:02}.jpg", n, (48, 36))
    (tmp_path / "scans/torn.jpg").write_bytes(b"no picture")
    for out, more in (("alone", ()), ("on-ray", ("--on", "ray"))):
        words = [kind, "scans", "--run", "runs/random", "--shards", "3", "--out", out, *more]
        done = subprocess.run(
            [sys.executable, "-m", "artstyle", *words, "--device", "cpu", "--batch-size", "4"],
            cwd=tmp_path,
            # An actor has one core, and torch rounds otherwise on more.
            env=os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 3, done.stderr
    words[-3:] = ["lost", "--on", "ray", "--address", "127.0.0.1:1"]
    nowhere = subprocess.run(
        [sys.executable, "-m", "artstyle", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert nowhere.returncode == 2
    assert "no Ray cluster at 127.0.0.1:1" in nowhere.stderr.splitlines()[-1]
    shards = [
        {path.name: path.read_bytes() for path in (tmp_path / out).rglob("*.parquet")}
        for out in ("alone", "on-ray")
    ]
    assert shards[0] == shards[1]
    assert len(shards[0]) >= 3
