"""The documents as text: which files there are, and their running text in sentences."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GENERATED = {"command-line.md", "configuration.md", "python.md", "schemas.md"}
"""Pages whose words come from docstrings; the code's own tests look at those."""

_FENCE = re.compile(r"^( *)(`{3,}|:{3,}).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`]+`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9])")
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)


def documents() -> list[Path]:
    """Return README and every Markdown page under docs/."""
    pages = (path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
    return [README, *sorted(pages), *sorted((ROOT / ".github").rglob("*.md"))]


def written_by_hand() -> list[Path]:
    """Return the documents that are not generated from the code."""
    return [path for path in documents() if path.name not in GENERATED]


def without_code(text: str) -> str:
    """Return a page without fenced code and without what follows `---` at its very top."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    return _FENCE.sub("", text)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a page's running text, its lists and captions; no code, no tables."""
    kept = [line for line in without_code(text).split("\n") if not line.lstrip().startswith("|")]
    prose = _ITEM.sub("\n\n", "\n".join("\n" if line.startswith("#") else line for line in kept))
    prose = _LINK.sub(r"\1", _INLINE_CODE.sub("CODE", prose))
    for block in re.split(r"\n\s*\n", prose):
        for sentence in _SENTENCE_END.split(" ".join(block.split())):
            if sentence:
                yield sentence
