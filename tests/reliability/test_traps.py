"""Bad pictures: each kind has one outcome, and it is the same in every command."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import posix
from tests.reliability.traps import READ, TRAPS, Trap

pytestmark = posix.only

COMMANDS = ("prepare", "eda", "predict", "gradcam", "evaluate")
PROJECT = Path(__file__).parents[2]
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


def respect_permissions() -> None:
    """Take from root the power to read what permissions forbid, from the next program on."""
    if sys.platform != "win32" and os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            assert libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What became of each trap in each command, run as one whom permissions can stop."""
    root = tmp_path_factory.mktemp("traps")
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.trap_runs", root / "work"], cwd=PROJECT,
        preexec_fn=respect_permissions, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: ascii(trap.name)[1:40])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_trap_has_its_one_outcome_in_every_command(
    command: str, trap: Trap, outcomes: dict[str, dict[str, str]]
) -> None:
    name = trap.name
    found = outcomes[command].get(name) or outcomes[command][escaped(name)]
    if trap.limit and command == "evaluate":
        assert found == READ  # `prepare` makes no such copies.
    elif trap.outcome == READ:
        assert found == READ
    else:
        assert trap.outcome in found


@pytest.mark.parametrize(
    "trap", [t for t in TRAPS if t.outcome == READ], ids=lambda t: ascii(t.name)[1:40]
)
def test_what_is_read_has_the_size_of_the_upright_picture(
    trap: Trap, outcomes: dict[str, dict[str, str]]
) -> None:
    assert outcomes["prepare"][f"size of {trap.name}"] == f"{trap.size[0]}x{trap.size[1]}"


@pytest.mark.parametrize("trap", [t for t in TRAPS if t.colour], ids=lambda t: t.name)
def test_what_is_read_has_the_colours_that_were_painted(
    trap: Trap, outcomes: dict[str, dict[str, str]]
) -> None:
    with Image.open(outcomes["prepare"][f"copy of {trap.name}"]) as copy:
        corner = np.asarray(copy)[:8, :8].reshape(-1, 3).mean(axis=0)
    # Two lossy codings, the second of them the copy's; read wrongly it would be off by 30 or more.
    assert np.abs(corner - trap.colour).max() < 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_with_the_name_of_a_picture_is_none(
    command: str, outcomes: dict[str, dict[str, str]]
) -> None:
    assert "folder.jpg/inside.png" in outcomes[command]
    assert "folder.jpg" not in outcomes[command]


def escaped(name: str) -> str:
    """Return a name as `predict` writes one that is no UTF-8: JSON has no such bytes."""
    return name.encode("utf-8", errors="backslashreplace").decode()
