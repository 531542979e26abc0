"""The environment of a run: versions, code, machine, data, and the global seed."""

import os
import platform
import random
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version

import numpy as np
import torch

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.runs.environment import GitState, RecordedDataset, RunEnvironment
from artstyle.training.process_group import ProcessGroup

_PACKAGES = ("artstyle", "torch", "torchvision", "timm", "numpy", "pillow", "safetensors")


def set_seed(seed: int, *, deterministic: bool = False) -> None:
    """Seed Python, NumPy and torch on all devices.

    Args:
        seed: For all random choices that follow.
        deterministic: Refuse algorithms whose result varies from run to run.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    if deterministic:
        # cuBLAS reads it when it starts (NVIDIA's "Results reproducibility").
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark = not deterministic


def describe_environment(
    config: Config, data: DatasetFolder, group: ProcessGroup, started: datetime
) -> RunEnvironment:
    """Return the run's environment as far as it does not depend on the network."""
    return RunEnvironment(
        started=started.isoformat(timespec="microseconds"),
        command=tuple(sys.argv),
        python=platform.python_version(),
        platform=platform.platform(),
        packages={package: version(package) for package in _PACKAGES},
        git=_git_state(),
        device=str(group.device),
        device_name=_device_name(group.device),
        threads=torch.get_num_threads(),
        processes=group.world_size,
        seed=config.seed,
        deterministic=config.deterministic,
        dataset=RecordedDataset(
            path=str(data.path.resolve()),
            fingerprint=data.fingerprint,
            split_group=data.description.split.group,
        ),
    )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def _git_state() -> GitState | None:
    """Return the state of the current folder's repository; None outside of one."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    return GitState(commit=commit, changed=bool(_git("status", "--porcelain")))


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(("git", *words), capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
