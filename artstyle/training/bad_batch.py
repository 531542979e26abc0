"""The batch that broke a run, kept for inspection."""

import json

from artstyle.errors import TrainingError
from artstyle.models.checkpoint import write_tensors
from artstyle.runs import RunFolder
from artstyle.training.engine import BadLossError
from artstyle.training.setup import Setup


def keep_bad_batch(error: BadLossError, setup: Setup, run: RunFolder) -> TrainingError:
    """Write ``bad_batch.safetensors`` and return the error that tells of it.

    It holds ``inputs`` (N x 3 x S x S pixels, varied, but before normalisation, mixup and CutMix;
    or N x F features), ``labels`` and, in its metadata, the epoch and batch (from 1), the loss, and
    the pictures' paths.
    """
    batches = setup.batches
    batches.set_epoch(batches.epoch, error.step)
    paths = [str(setup.training.paths[draw.index]) for draw in next(iter(batches))]
    place = {"epoch": batches.epoch + 1, "batch": error.step + 1}
    metadata = {key: json.dumps(value) for key, value in (place | {"paths": paths}).items()}
    write_tensors(
        run.bad_batch_path,
        {"inputs": error.inputs.cpu().contiguous(), "labels": error.labels.cpu()},
        {**metadata, "loss": str(error.loss)},
    )
    ways = ["lower optim.lr"]
    if setup.learner.precision is not None:
        ways.append("set train.precision=fp32")
    return TrainingError(
        f"the loss is {error.loss} in epoch {place['epoch']}, batch {place['batch']};"
        f" {run.bad_batch_path} holds the batch, the checkpoints are those of before;"
        f" {' or '.join(ways)} in a new run"
    )
