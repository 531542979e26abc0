"""Run the command line; turn deliberate errors into one line and an exit code."""

import sys

from artstyle.cli.app import app
from artstyle.cli.console import say
from artstyle.errors import ArtstyleError


def main() -> None:
    """Run ``artstyle`` with the arguments of the process."""
    try:
        app()
    except ArtstyleError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a folder that may not be written, a share that has gone away.
        place = f"{error.filename}: " if error.filename else ""
        say(f"error: {place}{error.strerror or error}")
        sys.exit(ArtstyleError.exit_code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
