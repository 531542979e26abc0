"""Disks that are full or read-only, limits, memory, killed workers, numbers that are none."""

import errno
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import TrainingError
from artstyle.models.checkpoint import read_state
from artstyle.runs.folder import RunFolder
from artstyle.training.faults import halved, translated_errors
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.reliability.commands import Commands, contents
from tests.reliability.disks import MB, FailingDisk, failing_disk, fill, make_read_only, small_disk
from tests.training.same import assert_same_run

resource = pytest.importorskip("resource", reason="needs a POSIX system")
signal = pytest.importorskip("signal")  # So that mypy allows what Windows lacks.

THREE_EPOCHS = ("train.epochs=3", "train.batch_size=4")
SAVING = "train.save_minutes=1e-9"


@contextmanager
def limit(kind: int, soft: int) -> Iterator[None]:
    """Limit this process."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@pytest.fixture
def one_epoch(tiny_dataset: DatasetFolder, tmp_path: Path) -> RunFolder:
    """A run of three epochs that was ended after the first."""
    run = RunFolder(tmp_path / "run")
    end_in(run, tiny_dataset, "epoch 2 of 3")
    return run


class Ended(BaseException):
    pass


def end_in(run: RunFolder, data: DatasetFolder, last: str) -> None:
    def end(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if stage == last:
            raise Ended

    with pytest.raises(Ended):
        fit(tiny_config(*THREE_EPOCHS), data, run, progress=end)


def change(path: Path, key: str, to: float) -> None:
    """Set all numbers of one tensor of a checkpoint."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors[key] = torch.full_like(tensors[key], to)
    save_file(tensors, path, metadata=metadata)


def test_a_disk_that_fills_up_costs_nothing_but_time(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    whole = RunFolder(tmp_path / "whole")
    fit(tiny_config(*THREE_EPOCHS), tiny_dataset, whole)
    with small_disk(tmp_path / "disk", 40) as disk:
        run, before = RunFolder(disk / "run"), dict[str, str]()

        def fill_up(stage: str, done: int, total: int | None, detail: str = "") -> None:
            if stage == "epoch 2 of 3" and not before:
                before.update(contents(run.path))
                fill(disk, room=MB)

        with pytest.raises(OSError, match="No space left") as caught:
            fit(tiny_config(*THREE_EPOCHS, SAVING), tiny_dataset, run, progress=fill_up)
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(run.last_path))
        assert contents(run.path) == before
        (disk / "filler").unlink()
        fit(run.config(), tiny_dataset, run, resume=True)
        assert_same_run(whole, run)


def test_features_that_find_no_room_on_the_disk_end_no_process(tmp_path: Path) -> None:
    code = f"""
from artstyle.training.features import _unnamed_array
from pathlib import Path
try:
    _unnamed_array(Path({str(tmp_path / "disk")!r}), (1000, 1000))[:] = 1
except OSError as error:
    print(error.strerror)
"""
    with small_disk(tmp_path / "disk", 1):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "No space left on device\n"), done.stderr


def test_a_file_size_limit_leaves_the_last_good_checkpoint(
    one_epoch: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    before = contents(one_epoch.path)
    with limit(resource.RLIMIT_FSIZE, MB), pytest.raises(OSError, match="File too large"):
        fit(one_epoch.config(), tiny_dataset, one_epoch, resume=True)
    changed = {
        name for name, content in contents(one_epoch.path).items() if content != before[name]
    }
    assert changed <= {"history.csv"}
    assert len(read_state(one_epoch.last_path)[0]) > 0
    assert fit(one_epoch.config(), tiny_dataset, one_epoch, resume=True).state.epochs == 3


def test_a_full_disk_and_a_read_only_one_are_told_in_one_line(
    artstyle: Commands,
    tiny_paintings: Path,
    tiny_dataset: DatasetFolder,
    tiny_run: RunFolder,
    tmp_path: Path,
) -> None:
    picture = tiny_dataset.image_path(tiny_dataset.rows("test")[0])
    with small_disk(tmp_path / "disk", 4) as disk:
        words = ("--data", tiny_dataset.path, "--set", "data.image_size=32", "--device", "cpu")
        said = artstyle("train", *words, "--out", disk / "run")
        resume_hint = f"resume with 'artstyle finetune --resume {disk / 'run'}'"
        assert said.code == 1
        (error,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert error.endswith(f"No space left on device; make room on the disk; {resume_hint}")
        make_read_only(disk)
        for command in (
            ("train", *words, "--out", disk / "other"),
            ("train", "--resume", disk / "run"),
            ("prepare", tiny_paintings, "--out", disk / "data"),
            ("predict", picture, "--run", tiny_run.path, "--out", disk / "rows.csv"),
            ("gradcam", picture, "--run", tiny_run.path, "--out", disk / "heat"),
            ("evaluate", "--run", tiny_run.path, "--out", disk / "evaluation"),
        ):
            refusal = artstyle(*command).refusal()
            assert refusal.endswith("Read-only file system; choose another place with --out")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FailingDisk]:
    with failing_disk(tmp_path / "disk", 48) as disk:
        yield disk


def test_a_disk_that_fails_in_training_leaves_the_last_good_checkpoint(
    artstyle: Commands, tiny_dataset: DatasetFolder, tmp_path: Path, disk: FailingDisk
) -> None:
    run, whole = RunFolder(disk.path / "run"), RunFolder(tmp_path / "whole")
    sets = (
        "data.image_size=32", "train.precision=fp32", "train.channels_last=true", SAVING,
        "train.keep_state=true",
    )  # fmt: skip
    words: tuple[str | Path, ...] = (
        "train", "--data", tiny_dataset.path, "--device", "cpu", "--epochs", "3",
        "--batch-size", "4", *(word for key in sets for word in ("--set", key)),
    )  # fmt: skip

    def fail_in_the_second_epoch() -> None:
        while not run.best_path.is_file():
            time.sleep(0.005)
        time.sleep(0.05)
        disk.fail()

    failing = Thread(target=fail_in_the_second_epoch)
    failing.start()
    said = artstyle(*words, "--out", run.path)
    failing.join()
    assert said.code == 1
    (error,) = [line for line in said.err.splitlines() if not line.startswith("epoch ")]
    assert error.startswith(f"error: {run.path}/")
    assert error.endswith(
        "Input/output error; the disk fails, and dmesg says how;"
        f" resume with 'artstyle finetune --resume {run.path}'"
    )

    disk.mend()
    assert len(read_state(run.last_path)[0]) > 0
    assert artstyle("finetune", "--resume", run.path).code == 0
    assert artstyle(*words, "--out", whole.path).code == 0
    assert_same_run(whole, run)


def test_a_picture_that_the_disk_cannot_give_is_not_called_unreadable(
    artstyle: Commands,
    tiny_paintings: Path,
    tiny_dataset: DatasetFolder,
    tiny_run: RunFolder,
    tmp_path: Path,
    disk: FailingDisk,
) -> None:
    museum, data = disk.path / "museum", DatasetFolder(disk.path / "data")
    shutil.copytree(tiny_paintings, museum)
    shutil.copytree(tiny_dataset.path, data.path)
    lost, copy = sorted(museum.rglob("*.jpg"))[-1], data.image_path(data.rows("test")[0])
    trained = data.image_path(data.rows("train")[0])
    disk.forget(lost, copy, trained)
    disk.fail()
    out, model = tmp_path / "data", ("--run", tiny_run.path, "--device", "cpu")
    quick = ("--device", "cpu", "--set", "data.image_size=32", "--set", "train.precision=fp32")
    prepare: tuple[str | Path, ...] = (
        "prepare", museum, "--out", out, "--set", "data.workers=0", "--set", "data.cache_size=40",
        "--set", "balance.min_per_style=4",
    )  # fmt: skip
    for path, words in (
        (lost, prepare),
        (lost, ("eda", museum, "--out", tmp_path / "eda")),
        (lost, ("predict", museum, *model, "--out", tmp_path / "rows.csv")),
        (lost, ("gradcam", lost, *model, "--out", tmp_path / "heat")),
        (copy, ("evaluate", *model, "--data", data.path, "--out", tmp_path / "scores")),
        (trained, ("train", "--data", data.path, *quick, "--out", tmp_path / "run")),
    ):
        refusal = artstyle(*words).refusal()
        assert refusal.startswith(f"error: {path}: Input/output error; the disk fails")
    disk.mend()
    again = artstyle(*prepare)
    assert again.code == 0
    assert "8 read, 32 unchanged" in again.err


@pytest.mark.parametrize("form", ["folders", "manifest"])
def test_a_folder_that_the_disk_cannot_list_is_not_left_out(
    form: str, artstyle: Commands, tiny_paintings: Path, tmp_path: Path, disk: FailingDisk
) -> None:
    museum = disk.path / "museum"
    shutil.copytree(tiny_paintings, museum)
    if form == "folders":
        (museum / "manifest.csv").unlink()
    disk.forget()
    disk.mend()
    *seen, lost = sorted(path for path in museum.iterdir() if path.is_dir())
    assert [len(list(folder.iterdir())) for folder in seen] == [10] * len(seen)
    if form == "manifest":
        assert "path" in (museum / "manifest.csv").read_text()
    disk.fail()
    refusal = artstyle("prepare", museum, "--out", tmp_path / "data").refusal()
    # Or a file that is looked for in it.
    assert refusal.startswith(f"error: {lost}")
    assert ": Input/output error; the disk fails" in refusal


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_too_many_open_files_are_told_in_one_line(
    artstyle: Commands, tiny_dataset: DatasetFolder, tiny_run: RunFolder, tmp_path: Path
) -> None:
    folder = tiny_dataset.path / "images"
    words = ("predict", folder, "--run", tiny_run.path, "--out", tmp_path / "rows.csv")
    open_now = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    for more in range(12):
        with limit(resource.RLIMIT_NOFILE, open_now + more):
            said = artstyle(*words, "--overwrite")
        if said.code == 0:
            break
        assert said.code == 1
        assert "Too many open files; raise the limit with 'ulimit -n 4096'" in said.err
        assert not (tmp_path / "rows.csv").exists()
    # Never a row that says that a picture cannot be read.
    assert said.code == 0
    assert "could not be read" not in said.err


KILLED_WORKER = """
import os, signal, sys
import numpy as np
import torch
from pathlib import Path
from artstyle.config import AugmentConfig, Config
from artstyle.data.augment import augmentation
from artstyle.data.loading import EpochBatches, Labelled, build_loader, iterate
from artstyle.errors import TrainingError
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.training.faults import translated_errors
paths = tuple(map(Path, sys.argv[1:]))
pictures = Labelled(paths, np.zeros(len(paths), np.int64))
transform = augmentation(
    Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bilinear", "crop", 40), AugmentConfig()
)
# Any device but a CPU has processes that read ahead.
device, batches = torch.device("meta"), EpochBatches(pictures.labels_N, 2, seed=0)
loader = build_loader(pictures, transform, batches, 2, device)
try:
    with translated_errors(Config()):
        for number, _ in enumerate(iterate(loader)):
            if number == 2:
                os.kill(loader._iterator._workers[0].pid, signal.SIGKILL)
except TrainingError as error:
    print(error, flush=True)
"""


def test_a_killed_worker_is_reported_in_one_line(tiny_dataset: DatasetFolder) -> None:
    paths = [str(tiny_dataset.image_path(row)) for row in tiny_dataset.rows("train")]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WORKER, *paths], capture_output=True, text=True
    )
    assert done.stdout.count("\n") == 1, done.stderr
    assert "data-loading worker was killed" in done.stdout
    assert "resume with --resume" in done.stdout


def test_a_death_reported_after_the_lost_connection_is_still_one_error() -> None:
    def report(*_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 1) is killed by signal: Killed.")

    before = signal.signal(signal.SIGALRM, report)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TrainingError, match="worker was killed"), translated_errors(Config()):
            raise EOFError
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0  # The report came inside the block.
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_nonfinite_loss_keeps_the_batch_and_the_best_checkpoint(
    one_epoch: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    # Finite weights whose products are not.
    change(one_epoch.last_path, "weights.classifier.1.weight", 3e38)
    before = contents(one_epoch.path)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) in epoch 2, batch 1; .*bad_ba"):
        fit(one_epoch.config(), tiny_dataset, one_epoch, resume=True)
    after = contents(one_epoch.path)
    assert after.keys() - before.keys() == {"bad_batch.safetensors"}
    assert [name for name in before if after[name] != before[name]] == []
    batch = load_file(one_epoch.bad_batch_path)
    assert batch["inputs"].shape == (4, 32, 32, 3)
    with safe_open(one_epoch.bad_batch_path, framework="pt") as file:
        told = {key: json.loads(value) for key, value in file.metadata().items() if key != "loss"}
    styles = {str(tiny_dataset.image_path(row)): row.style for row in tiny_dataset.rows("train")}
    labels = [tiny_dataset.labels.index(styles[path]) for path in told["paths"]]
    assert (told["epoch"], told["batch"], labels) == (2, 1, batch["labels"].tolist())


def test_a_nonfinite_validation_never_becomes_the_best_checkpoint(
    one_epoch: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    # A variance below nothing: training takes the batch's own, only answers are broken.
    (key,) = [key for key in load_file(one_epoch.last_path) if key.endswith("0.1.running_var")]
    change(one_epoch.last_path, key, -1e30)
    before = contents(one_epoch.path)
    with pytest.raises(TrainingError, match="validation split are NaN or infinite in epoch 2"):
        fit(one_epoch.config(), tiny_dataset, one_epoch, resume=True)
    assert contents(one_epoch.path) == before


def test_nonfinite_weights_are_never_saved(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    broken = ("optim.name=sgd", "optim.lr=100", "optim.weight_decay=1e38", "train.max_grad_norm=0")
    with pytest.raises(TrainingError, match="weights are NaN or infinite in epoch 1"):
        fit(tiny_config(*broken, SAVING), tiny_dataset, run)
    assert not run.last_path.exists()
    assert not run.best_path.exists()


SCARCE = """
import resource, sys
from artstyle.__main__ import main
import artstyle.training.fit
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
room = int(status["VmSize"].split()[0]) * 1024 + 30 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (room, room))
main()
"""


def test_memory_that_runs_out_says_what_to_set(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    words = (
        "train", "--data", str(tiny_dataset.path), "--out", str(tmp_path / "run"), "--device",
        "cpu", "--batch-size", "16", "--set", "data.image_size=256", "--set", "data.workers=1",
        "--set", "train.precision=fp32", "--set", "train.channels_last=true",
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", SCARCE, *words], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: memory ran out with train.batch_size = 16")
    assert "train.batch_size=8 and train.accumulate=2" in done.stderr


def test_a_run_continues_with_half_the_batch_to_the_same_weights(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    """As after an accelerator's memory ran out. A transformer without dropout: the gradient of a
    picture does not depend on who else is in the batch, so only the order of additions differs."""
    settings = (
        *THREE_EPOCHS, "model.name=timm/vit_tiny_patch16_224", "optim.name=sgd", "optim.lr=1e-3",
        "train.precision=fp32", "train.channels_last=true",
    )  # fmt: skip
    whole, run = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "run")
    fit(tiny_config(*settings), tiny_dataset, whole)

    def end(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if (stage, done) == ("epoch 2 of 3", 4):
            raise Ended

    with pytest.raises(Ended):
        fit(tiny_config(*settings, SAVING), tiny_dataset, run, progress=end)
    assert read_state(run.last_path)[1]["standing"]["tallies"][0]["images"] == 12
    smaller = halved(run.config())
    assert smaller is not None
    told = run.adapt(smaller)
    assert told.startswith("memory ran out: train.batch_size 4 -> 2, train.accumulate 1 -> 2")
    assert run.environment().adapted == (told,)
    fit(run.config(), tiny_dataset, run, resume=True)
    assert halved(tiny_config("train.batch_size=7")) is None
    ours, theirs = load_file(run.last_path), load_file(whole.last_path)
    for key in theirs:
        # Float32, two dozen steps: seen to differ by 2e-6. At a rate of 0.05 the run diverges, and
        # with it the roundings.
        torch.testing.assert_close(ours[key], theirs[key], rtol=1e-4, atol=1e-5)
