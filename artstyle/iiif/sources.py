"""Telling IIIF sources from other arguments: addresses, JSON files, and lists of addresses."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HEAD_BYTES = 4096


def is_address(text: str) -> bool:
    """Return whether a text is an address, of any scheme, and not a path."""
    return _ADDRESS.match(text) is not None


def is_iiif(argument: str) -> bool:
    """Return whether an argument names IIIF documents: by address, as JSON, or in a list."""
    if is_address(argument) or argument.lower().endswith(".json"):
        return True
    return argument.lower().endswith(".txt") and _begins_with_address(Path(argument))


def listed_addresses(path: Path) -> Iterator[str]:
    """Yield the addresses in a text file, one a line; blank lines and ``#`` comments are skipped.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in map(str.strip, file):
            if line and not line.startswith("#"):
                yield line


def _begins_with_address(path: Path) -> bool:
    """Return whether the first line that says something is an address."""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
        lines = (line.strip() for line in head.splitlines())
        first = next((line for line in lines if line and not line.startswith("#")), "")
        return is_address(first)
    return False
