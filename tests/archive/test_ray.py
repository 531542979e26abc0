"""The same shards from a real Ray cluster, of which a worker and a node are killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import posix

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
