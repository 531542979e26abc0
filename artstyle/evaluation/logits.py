"""``logits.npz``: every logit of an evaluation, from which any score can be computed again."""

import io
from pathlib import Path

import numpy as np

from artstyle.evaluation.outcome import Outcome
from artstyle.storage.files import write_bytes


def write_logits(path: Path, outcome: Outcome, model: str) -> None:
    """Write the answers to the N pictures that could be read, in the order of the manifest.

    The file holds ``logits`` (N x C, float32, as the network gave them: no temperature),
    ``labels`` (C style names), ``paths`` and ``targets`` (N; positions in ``labels``),
    ``temperature`` (a number; 1 if the model is not calibrated) and ``model`` (its fingerprint).
    The probabilities are the softmax of ``logits / temperature``. No array needs pickle.

    Args:
        path: The file to write, whole or not at all.
        outcome: The answers.
        model: Fingerprint of the model.
    """
    fitted = outcome.calibration.fitted if outcome.calibration else None
    content = io.BytesIO()
    np.savez(
        content,
        logits=outcome.logits_NC.astype(np.float32),
        labels=np.array(outcome.labels),
        paths=np.array([row.path for row in outcome.rows]),
        targets=outcome.targets_N,
        temperature=np.float64(fitted.temperature if fitted else 1.0),
        model=np.array(model),
        allow_pickle=False,
    )
    write_bytes(path, content.getvalue())
