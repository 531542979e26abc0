"""SIGKILL at random moments."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import posix

pytestmark = posix.only

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "kills"), [("finetune", 25), ("prepare", 4), ("predict", 4), ("shards", 4)]
)
def test_nothing_that_was_done_is_lost_to_a_kill(command: str, kills: int) -> None:
    words = ("-m", "tests.reliability.kills", command, str(kills))
    done = subprocess.run(
        [sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\bkilled {kills}\b", done.stdout)
