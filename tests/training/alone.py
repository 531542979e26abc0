"""The session of a run in a single process on the CPU."""

from pathlib import Path

import torch

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from artstyle.training.process_group import ProcessGroup
from artstyle.training.setup import Session

ALONE = ProcessGroup(0, 1, torch.device("cpu"))


def alone(config: Config, data: DatasetFolder, folder: Path) -> Session:
    """Return a session that would write to ``folder``."""
    return Session(config, data, RunFolder(folder), ALONE)
