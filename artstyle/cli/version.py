"""`artstyle version`: which version this is."""

from artstyle.cli.console import show


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed_version

    show(f"artstyle {installed_version('artstyle')}")
