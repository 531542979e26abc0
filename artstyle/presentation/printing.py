"""Pages printed to PDF by a browser that is on the machine.

A browser and not WeasyPrint: Chromium, Chrome or Edge is on nearly every desktop, and prints the
page as it shows it. WeasyPrint needs Pango, which pip cannot install.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from artstyle.errors import ArtstyleError, MissingError
from artstyle.storage.files import atomic_path

_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge",
)  # fmt: skip
_MAC = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
_SECONDS = 120


def require_browser() -> str:
    """Return the path of a browser that prints: Chromium, Chrome or Edge.

    Raises:
        MissingError: None of them is on the machine.
    """
    found = next(_browsers(), None)
    if found is None:
        raise MissingError(
            "a PDF needs Chromium, Chrome or Edge, and none was found;"
            " install one, or open the page in another browser and print it there"
        )
    return found


def _browsers() -> Iterator[str]:
    yield from filter(None, map(shutil.which, _NAMES))
    places = [Path("/Applications") / name for name in _MAC] if sys.platform == "darwin" else []
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            places += [Path(folder) / name for name in _WINDOWS]
    yield from (str(place) for place in places if place.is_file())


def print_page(page: Path, pdf: Path) -> None:
    """Print a page to a PDF file, whole or not at all; folded parts are unfolded.

    The browser starts with an empty profile of its own, so that an open window and the user's
    settings play no part.

    Raises:
        MissingError: No browser was found.
        ArtstyleError: The browser failed, or took more than two minutes.
    """
    browser = require_browser()
    with tempfile.TemporaryDirectory(prefix="artstyle-") as folder:
        printed = Path(folder) / "page.pdf"
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            *_as_root(),
            f"--user-data-dir={Path(folder) / 'profile'}",
            f"--print-to-pdf={printed}",
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ArtstyleError(
                f"{browser} took more than {_SECONDS} s to print {page}; print it in a window"
            ) from None
        if done.returncode or not printed.is_file():
            raise ArtstyleError(
                f"{browser} could not print {page} (exit code {done.returncode});"
                " open the page in a window and print it there"
            )
        with atomic_path(pdf) as unfinished:
            shutil.copyfile(printed, unfinished)


def _as_root() -> list[str]:
    """Return what Chromium asks of root, as in a container: it refuses its sandbox there."""
    is_root = sys.platform != "win32" and os.geteuid() == 0
    return ["--no-sandbox"] if is_root else []
