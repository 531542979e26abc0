"""What a run says while it trains."""

import numpy as np
import pytest

from artstyle.config import TrainConfig
from artstyle.training.engine import EpochResult
from artstyle.training.reporting import epoch_line
from artstyle.training.run_state import RunState
from artstyle.training.validation import Validation

LABELS_N = np.zeros(1, np.int64)


@pytest.mark.parametrize("loss", [0.83, 12.345])
def test_the_line_of_an_epoch_fits_80_columns(loss: float) -> None:
    trained = EpochResult(1.5, 0.5, 20_000, 1_250, 900.0, 1e-3)
    validated = Validation(0.804, loss, 0.667, 0.603, LABELS_N, LABELS_N, 1.0)
    state = RunState(epochs=103, best_epoch=103)
    stage, done, total, detail = epoch_line(TrainConfig(epochs=200), state, trained, validated)
    assert (done, total) == (1_250, 1_250)
    assert f"loss {loss:.3f} (val 0.804), accuracy 0.667, macro F1 0.603, best" in detail
    assert len(f"{stage}: {detail}") <= 80
