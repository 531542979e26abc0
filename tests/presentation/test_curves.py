"""Learning curves show what the history says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from artstyle.presentation.curves import draw_curves, draw_panels, plot_curves
from artstyle.runs.folder import HISTORY_COLUMNS
from artstyle.storage.files import read_csv, write_csv


def lines_of(panels: Sequence[Axes]) -> dict[str, list[tuple[float, ...]]]:
    return {
        str(line.get_label()): [tuple(point) for point in np.asarray(line.get_xydata()).tolist()]
        for axes in panels
        for line in axes.lines
    }


def test_curves_show_the_history_and_pass_over_what_is_empty(tmp_path: Path) -> None:
    rows = [
        {"epoch": 1, "val_loss": 1.5, "val_accuracy": 0.25, "val_macro_f1": 0.125},
        {"epoch": 2, "val_loss": 0.5, "val_accuracy": 0.75, "plain_train_loss": 0.25, "lr": 1e-3},
    ]
    write_csv(tmp_path / "history.csv", HISTORY_COLUMNS, rows)
    history = list(read_csv(tmp_path / "history.csv"))
    together = draw_curves(history).axes
    apart = [axes for figure in draw_panels(history).values() for axes in figure.axes]
    assert lines_of(together) == lines_of(apart)
    assert lines_of(together) == {
        "training": [(2, 0.25)],
        "validation": [(1, 1.5), (2, 0.5)],
        "validation accuracy": [(1, 0.25), (2, 0.75)],
        "validation macro F1": [(1, 0.125)],
        "learning rate": [(2, 1e-3)],
    }


def test_a_loss_of_0_is_drawn_without_a_warning(tmp_path: Path) -> None:
    row = dict.fromkeys(HISTORY_COLUMNS, 0) | {"epoch": 1}
    write_csv(tmp_path / "history.csv", HISTORY_COLUMNS, [row])
    plot_curves(tmp_path / "history.csv", tmp_path / "a.png")


def test_the_same_history_gives_the_same_picture(tmp_path: Path) -> None:
    row = dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": 1}
    write_csv(tmp_path / "history.csv", HISTORY_COLUMNS, [row])
    for name in ("a.png", "b.png"):
        plot_curves(tmp_path / "history.csv", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 1000


def test_a_probe_which_has_no_learning_rate_has_no_panel_of_it() -> None:
    history = [{"epoch": "1", "train_loss": "0.5", "val_accuracy": "0.8", "lr": ""}]
    assert list(draw_panels(history)) == ["loss", "score"]
