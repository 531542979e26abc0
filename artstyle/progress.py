"""How the library tells of progress without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on; the command line draws bars from it."""

    def __call__(self, stage: str, done: int, total: int | None, detail: str = "") -> None:
        """Tell of one stage.

        Args:
            stage: What is being done, in words: "reading pictures".
            done: How many are done.
            total: Of how many; None where that is not known yet.
            detail: More to show beside the bar: "loss 1.23, lr 2.0e-04".
        """


def silent(stage: str, done: int, total: int | None, detail: str = "") -> None:
    """Tell nobody."""
