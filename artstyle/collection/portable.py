"""Paths that are the same under every locale and operating system."""

import os
from pathlib import Path


def local_path(root: Path, path: str) -> Path:
    """Return the path on disk of a portable path below ``root``.

    Portable paths are the file system's bytes read as UTF-8, so that they are the same under
    every locale; this goes back to what the interpreter opens under the present one.
    """
    return root / os.fsdecode(path.encode("utf-8", errors="surrogateescape"))


def portable_name(name: str) -> str:
    """Return a file name from the file system as a part of a portable path."""
    return os.fsencode(name).decode("utf-8", errors="surrogateescape")
