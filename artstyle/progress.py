"""Reporting of progress by the library; the caller decides how to show it."""

from typing import Protocol


class Progress(Protocol):
    """Called while work is done; the command line draws bars from it."""

    def __call__(self, stage: str, done: int, total: int | None, detail: str = "") -> None:
        """Report one stage.

        Args:
            stage: What is being done, in words: "reading pictures".
            done: How many are done.
            total: Of how many; None where that is not known yet.
            detail: More to show next to the bar: "loss 1.23, lr 2.0e-04".
        """


def silent(stage: str, done: int, total: int | None, detail: str = "") -> None:
    """Report nothing."""
