"""`artstyle report`: the whole run on one page."""

from artstyle.cli.console import show
from artstyle.cli.options import DEFAULT_RUNS, RunOption


def report(run: RunOption = "latest") -> None:
    """Put a whole run on one page: data, curves, evaluation, heatmaps, configuration.

    Prints where the page lies.
    """
    from artstyle.run_report import write_run_report
    from artstyle.runs import find_run

    show(str(write_run_report(find_run(run, DEFAULT_RUNS))))
