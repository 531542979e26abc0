"""Whether two runs came to the same, bit for bit."""

import torch
from safetensors.torch import load_file

from artstyle.models.checkpoint import read_state
from artstyle.models.header import read_header
from artstyle.runs.folder import RunFolder

CLOCKS = ("seconds", "images_per_second")
CLOCKS_OF_STATE = ("seconds", "last_seconds")


def assert_same_run(one: RunFolder, other: RunFolder) -> None:
    """Compare weights, optimiser, schedule, moving average, best score and history."""
    for path, twin in ((one.last_path, other.last_path), (one.best_path, other.best_path)):
        tensors, twins = load_file(path), load_file(twin)
        assert tensors.keys() == twins.keys()
        assert [key for key in tensors if not torch.equal(tensors[key], twins[key])] == []
    assert read_header(one.best_path) == read_header(other.best_path)
    assert plain_state(one) == plain_state(other)
    assert history_of(one) == history_of(other)


def plain_state(run: RunFolder) -> object:
    """Return all of the last checkpoint's state that is no tensor and no clock."""

    def plain(value: object) -> object:
        if isinstance(value, torch.Tensor):
            return tuple(value.shape)
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in CLOCKS_OF_STATE}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return plain(read_state(run.last_path)[1])


def history_of(run: RunFolder) -> list[dict[str, str]]:
    """Return the history without its clocks."""
    return [{k: v for k, v in row.items() if k not in CLOCKS} for row in run.history()]
