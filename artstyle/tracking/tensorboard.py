"""TensorBoard: event files in the run folder; `tensorboard --logdir runs` shows all runs."""

import json
import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from artstyle.tracking.tracker import KeptEpoch, TrackedRun

_BINS = 64


class TensorBoard:
    """One event file of a run.

    torch's ``SummaryWriter`` writes in a thread of its own, and a full disk ends that thread
    unseen. Here each value is written before the call returns.

    Args:
        file: The event file.
        epoch: The last epoch that the run has logged before.
    """

    id = None

    def __init__(self, file: BinaryIO, epoch: int) -> None:
        self._file, self._epoch = file, epoch
        self._event = import_module("tensorboard.compat.proto.event_pb2").Event
        writer = import_module("tensorboard.summary.writer.record_writer")
        self._records = writer.RecordWriter(file)
        self._make = import_module("torch.utils.tensorboard.summary")
        self._write(file_version="brain.Event:2")

    def log_epoch(self, row: Mapping[str, float], kept: KeptEpoch | None) -> None:
        """Log an epoch's numbers, and the samples of kept weights."""
        self._epoch = int(row["epoch"])
        for name, value in row.items():
            if name != "epoch":
                self._add(self._make.scalar(name, value), self._epoch)
        for number, sample in enumerate(kept.samples if kept else (), start=1):
            picture_HW3 = np.asarray(sample.picture)
            self._add(
                self._make.image(f"samples/{number}", picture_HW3, dataformats="HWC"), self._epoch
            )
        if kept and kept.samples:
            self._add(self._make.text("samples", _table(kept)), self._epoch)
        self._file.flush()

    def log_gradients(self, update: int, gradients: Mapping[str, NDArray[np.float32]]) -> None:
        """Log a histogram of each layer's gradients over updates."""
        for name, values in gradients.items():
            self._add(self._make.histogram(f"gradients/{name}", values, _BINS), update)

    def finish(self, summary: Mapping[str, float], model: Path | None) -> None:
        """Log values of the whole run at its last epoch; a model cannot be stored here."""
        for name, value in summary.items():
            self._add(self._make.scalar(name, value), self._epoch)
        self._file.close()

    def abandon(self) -> None:
        """Close the file."""
        self._file.close()

    def configuration(self, about: Mapping[str, Any]) -> None:
        """Log what decides the run."""
        text = json.dumps(about, indent=2, ensure_ascii=False)
        self._add(self._make.text("configuration", f"```json\n{text}\n```"), 0)

    def _add(self, summary: object, step: int) -> None:
        self._write(summary=summary, step=step)

    def _write(self, **content: object) -> None:
        event = self._event(wall_time=time.time(), **content)
        self._records.write(event.SerializeToString())


def start(tracked: TrackedRun, warn: Callable[[str], None]) -> TensorBoard:
    """Open a new event file next to those of earlier starts."""
    import_module("tensorboard")  # Names what is missing; torch's own error does not.
    folder, history = tracked.folder.tensorboard_path, tracked.folder.history()
    folder.mkdir(parents=True, exist_ok=True)
    # TensorBoard finds event files by this name, and reads them in the order of the time in it.
    path = folder / f"events.out.tfevents.{time.time_ns() // 1000}.artstyle.{os.getpid()}"
    tracker = TensorBoard(path.open("xb"), int(history[-1]["epoch"]) if history else 0)
    if not history:
        tracker.configuration(tracked.about)
    return tracker


def _table(kept: KeptEpoch) -> str:
    rows = [
        f"| {number} | {_cell(sample.path)} | {_cell(sample.style)} | {_cell(sample.predicted)} |"
        for number, sample in enumerate(kept.samples, start=1)
    ]
    return "\n".join(["| | path | style | predicted |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
