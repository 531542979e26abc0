"""A run that was interrupted anywhere goes on to what it would have come to, bit for bit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import RunError
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.reliability.commands import contents
from tests.training.same import assert_same_run

# 28 pictures: seven batches an epoch, of which the last move of the weights is a short one.
SHORT = ("train.epochs=3", "train.batch_size=4")
SAVING = "train.save_minutes=1e-9"  # After every move.
WAYS = {
    "plain": (),
    "workers": ("data.workers=2",),
    "constant": ("optim.schedule=constant", "optim.name=sgd"),
    "plateau": ("optim.schedule=plateau", "optim.plateau_patience=0", "optim.name=adam"),
    "cosine, epochs by steps": (
        "optim.schedule=cosine", "optim.warmup_epochs=1.5", "optim.name=sgd",
        "train.epochs=1", "train.min_steps=15",
    ),
    "restarts": ("optim.restart_epochs=1", "optim.restart_factor=2"),
    "ema and mixing": (
        "train.ema_decay=0.9", "augment.mixup_alpha=0.2", "augment.cutmix_alpha=1.0",
    ),
    "balanced and accumulated": ("train.sampler=balanced", "train.accumulate=3"),
    "by artists": ("train.sampler=artists",),
    "features": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=2", "augment.crop_scale=[1,1]",
        "augment.flip=0", "augment.erasing=0", "augment.trivial_augment=false",
        "train.ema_decay=0.9",
    ),
    "staged, with workers": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=1", "unfreeze.blocks=1", "data.workers=2",
    ),
    "all at once": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=1", "unfreeze.blocks=2", "data.workers=0",
        "train.accumulate=2", "train.ema_decay=0.5", "augment.mixup_alpha=1.0", "model.dropout=0.5",
        "train.sampler=balanced", "optim.schedule=cosine", "optim.backbone_lr=1e-4",
    ),
}  # fmt: skip
POINTS = dict.fromkeys(WAYS, 2) | {"all at once": 20}


class Broken(BaseException):
    """Ends a run in the middle, where it is told of a batch."""


def break_at(epoch: int, batch: int, run: RunFolder, data: DatasetFolder, *overrides: str) -> None:
    """Begin a run, or go on with it, and break it where it tells of a batch, before it saves."""

    def interrupt(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if (stage, done) == (f"epoch {epoch} of 3", batch):
            raise Broken

    with pytest.raises(Broken):
        fit(tiny_config(*overrides), data, run, progress=interrupt, resume=run.path.exists())


@pytest.mark.parametrize("way", WAYS)
def test_a_run_resumed_in_mid_epoch_equals_the_uninterrupted_run(
    way: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    overrides = (*SHORT, *WAYS[way])
    whole, broken = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "broken")
    fit(tiny_config(*overrides), tiny_dataset, whole)
    points = [(epoch, batch) for epoch in (1, 2, 3) for batch in range(1, 8)]
    for epoch, batch in sorted(Random(way).sample(points, POINTS[way])):
        break_at(epoch, batch, broken, tiny_dataset, *overrides, SAVING)
    fit(tiny_config(*overrides), tiny_dataset, broken, resume=True)
    assert_same_run(whole, broken)


def test_a_saved_run_goes_on_without_the_weights_that_it_began_with(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    weights, run = tmp_path / "first.safetensors", RunFolder(tmp_path / "run")
    shutil.copy(tiny_run.best_path, weights)
    overrides = (*SHORT, f"model.weights={weights}")
    break_at(2, 1, run, tiny_dataset, *overrides)
    weights.unlink()
    fit(tiny_config(*overrides), tiny_dataset, run, resume=True)
    assert len(run.history()) == 3


def test_a_finished_run_drops_its_state_and_says_why_it_learns_no_more(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    config = tiny_config("train.epochs=1", "train.keep_state=false")
    done = fit(config, tiny_dataset, run)
    assert [path.name for path in run.best_path.parent.iterdir()] == ["best.safetensors"]
    before = contents(run.path)
    again = fit(config, tiny_dataset, run, resume=True)
    assert (again.state, again.stopped) == (done.state, done.stopped)
    longer = tiny_config("train.epochs=2", "train.keep_state=false")
    with pytest.raises(RunError, match=r"last checkpoint was removed.* train\.keep_state=true"):
        fit(longer, tiny_dataset, run, resume=True)
    assert contents(run.path) == before


def test_a_finished_run_that_kept_its_state_learns_more(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    constant = ("optim.schedule=constant", "train.keep_state=true")
    fit(tiny_config("train.epochs=1", *constant), tiny_dataset, run)
    state = fit(tiny_config("train.epochs=2", *constant), tiny_dataset, run, resume=True).state
    assert (state.epochs, len(run.history())) == (2, 2)
    # The folder says what holds now, and that it was not so from the start.
    assert run.config().train.epochs == 2
    assert run.environment().adapted == ("resumed after epoch 1 with train.epochs 1 -> 2",)


PAIR = """
import os, signal, socket, sys
from pathlib import Path
from torch.multiprocessing import ProcessExitedException, start_processes
from artstyle.data.dataset import DatasetFolder
from artstyle.models.checkpoint import read_state
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config

data, whole, broken, *overrides = sys.argv[1:]

def work(rank, port, run, deadly):
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)

    def tell(*now):
        if now[:2] == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    resume = run.config_path.is_file()
    fit(tiny_config(*overrides), DatasetFolder(Path(data)), run, progress=tell, resume=resume)

def pair(path, deadly=None):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    start_processes(work, (port, RunFolder(Path(path)), deadly), nprocs=2, start_method="fork")

pair(whole)
try:
    # Where the weights have moved and that is not saved yet.
    pair(broken, ("epoch 2 of 3", 6))
except ProcessExitedException as error:
    print(error.signal_name)
standing = read_state(RunFolder(Path(broken)).last_path)[1]["standing"]
print(standing["epochs"], [part["images"] for part in standing["tallies"]])
pair(broken)
"""


def test_two_processes_that_died_in_mid_epoch_go_on_to_what_they_would_have_come_to(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    whole, broken = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "broken")
    words = (tiny_dataset.path, whole.path, broken.path, *SHORT, *WAYS["all at once"], SAVING)
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PAIR, *map(str, words)],
        capture_output=True, text=True, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "SIGKILL\n1 [8, 8]\n"
    assert_same_run(whole, broken)
