"""The bar: what it shows at each width, and what stays of it on a terminal."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.cli.terminal.console import erase_bar, live_progress, say
from artstyle.progress import bar_line, clock

HINT = (
    "interrupted; resume with 'artstyle finetune --resume runs/20261126-205200-efficientnet_lite0'"
)
ERASED = "\x1b[2K"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """A terminal of 40 columns as stderr; returns what was written to it since the last call."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "40"}.items():
        monkeypatch.setenv(name, value)
    return lambda: capsys.readouterr().err


@given(
    st.integers(0, 10**6), st.none() | st.integers(1, 10**6), st.none() | st.floats(0, 10**6),
    st.text("ab ", max_size=60), st.integers(20, 200),
)  # fmt: skip
def test_a_bar_is_never_wider_than_its_room(
    done: int, total: int | None, left: float | None, detail: str, width: int
) -> None:
    done = min(done, total or done)
    line = bar_line("stage", done, total, clocks=(1e6, left), detail=detail, width=width)
    assert len(line) <= width
    assert line.startswith(f"stage  {done:,}" if total is None else "stage  ")


def test_elapsed_and_remaining_time_are_told_apart_at_80_columns() -> None:
    detail = "loss 1.234  56 images/s  lr 1.0e-03  1.2 GB"
    line = bar_line("epoch 3 of 20", 12, 25, clocks=(65, 70), detail=detail, width=77)
    assert line.endswith("  12/25  1:05 elapsed  1:10 left  loss 1.234")
    assert line.startswith("epoch 3 of 20  ███")
    wide = bar_line("epoch 3 of 20", 12, 24, clocks=(65, 70), detail=detail, width=117)
    assert wide.endswith(detail)
    assert (wide.count("█"), wide.count("░")) == (12, 12)


def test_hours_are_shown_where_there_are_any() -> None:
    assert [clock(s) for s in (0, 9.9, 65, 3665)] == ["0:00", "0:09", "1:05", "1:01:05"]


def test_a_message_is_not_broken_where_a_bar_is_shown(shown: Callable[[], str]) -> None:
    with live_progress() as progress:
        progress("drawing", 1, 3)
        say(HINT)
    assert HINT + "\n" in shown()


def interrupt() -> None:
    with live_progress() as progress:
        progress("drawing", 1, 3)
        raise KeyboardInterrupt


def test_an_interrupted_bar_is_erased(shown: Callable[[], str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    before, _, after = shown().rpartition(ERASED)
    assert "drawing" in before
    assert "drawing" not in after


def test_a_bar_is_erased_before_the_process_is_killed(shown: Callable[[], str]) -> None:
    with live_progress() as progress:
        progress("drawing", 1, 3)
        erase_bar()
        say(HINT)
        written = shown()
    assert written.endswith(HINT + "\n")
    assert "drawing" not in written.rpartition(ERASED)[2]


def test_a_stage_without_a_total_gets_the_counted_one_and_ends_once(
    shown: Callable[[], str],
) -> None:
    with live_progress(lambda: 2) as progress:
        progress("naming", 1, None)
        time.sleep(0.15)  # The bar is drawn ten times a second.
        progress("naming", 2, None)
        progress("naming", 2, 2)
    written = shown()
    assert "1/2" in written
    assert written.count("naming: 2\n") == 1


def test_nothing_is_counted_where_no_bar_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress(lambda: pytest.fail("counted")) as progress:
        progress("naming", 1, None)
        progress("naming", 1, 1)
    assert capsys.readouterr().err == "naming: 1\n"
