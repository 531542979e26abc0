"""Commands run in this process through their real entrance, and what they said and left."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from artstyle.__main__ import main

_NO_ERRORS = ("note: ", "choosing the precision: ")
"""What is said before a refusal: of the model, and of work that was done."""


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    def refusal(self) -> str:
        """Return the one line with which it refused; but for notes and stages, all else fails."""
        assert self.code in (1, 2), (self.code, self.err)
        lines = [line for line in self.err.splitlines() if not line.startswith(_NO_ERRORS)]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        assert lines[0].isprintable()
        return lines[0]


class Commands:
    """Runs ``artstyle``; a traceback is raised and so fails the test."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capsys, self._patch = capsys, patch

    def __call__(self, *words: str | Path) -> Said:
        """Run a command to its end."""
        self._capsys.readouterr()
        self._patch.setattr(sys, "argv", ["artstyle", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), shown.out, shown.err)


def contents(root: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, and where every link leads."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
