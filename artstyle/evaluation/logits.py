"""``logits.npz``: every logit of an evaluation, from which any score can be computed again."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.confidence.temperature import probabilities
from artstyle.errors import DataError, MissingError
from artstyle.evaluation.outcome import Outcome
from artstyle.evaluation.several_labels.scores import LabelOutcome
from artstyle.metrics import FloatArray
from artstyle.storage.files import write_bytes

LOGITS_NAME = "logits.npz"


@dataclass(frozen=True)
class KeptAnswers:
    """The answers of an evaluation to the N pictures that could be read."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities_NC: FloatArray
    """Calibrated where the model is."""


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
    _write_arrays(
        path,
        logits=outcome.logits_NC.astype(np.float32),
        labels=np.array(outcome.labels),
        paths=np.array([row.path for row in outcome.rows]),
        targets=outcome.targets_N,
        temperature=np.array(fitted.temperature if fitted else 1.0, np.float64),
        model=np.array(model),
    )


def write_label_logits(path: Path, outcome: LabelOutcome, model: str) -> None:
    """Write the answers where a picture may have several labels; as `write_logits`, but for these.

    ``targets`` is N x C of 0 and 1, and there are ``thresholds`` (C) and no ``temperature``. The
    probabilities are the sigmoid of ``logits``.
    """
    _write_arrays(
        path,
        logits=outcome.logits_NC.astype(np.float32),
        labels=np.array(outcome.labels),
        paths=np.array([row.path for row in outcome.rows]),
        targets=outcome.truth_NC.astype(np.int64),
        thresholds=outcome.thresholds_C,
        model=np.array(model),
    )


def _write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_bytes(path, content.getvalue())


def read_logits(path: Path) -> KeptAnswers:
    """Read what `write_logits` has written.

    Raises:
        MissingError: The file does not exist.
        DataError: It is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return KeptAnswers(
                paths=tuple(arrays["paths"].tolist()),
                labels=tuple(arrays["labels"].tolist()),
                probabilities_NC=probabilities(arrays["logits"], float(arrays["temperature"])),
            )
    except FileNotFoundError:
        raise MissingError(f"no file {path}; 'artstyle evaluate' writes it") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged: {error}; evaluate the run again") from None
