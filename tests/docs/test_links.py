"""Links between documents lead somewhere: to a file that is there and to a heading in it."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, documents, without_code

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in documents()])
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    page = ROOT / name
    text = re.sub(r"`[^`\n]+`", "", without_code(page.read_text("utf-8")))
    links = [link for link in _LINK.findall(text) if not re.match(r"\w+:", link)]
    assert [link for link in links if not _leads_somewhere(page, link)] == []


def test_a_link_to_a_heading_that_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One heading, `code`!\n")
    assert _leads_somewhere(page, "#one-heading-code")
    assert not _leads_somewhere(page, "#another")
    assert not _leads_somewhere(page, "gone.md")


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in {_slug(h) for h in _HEADING.findall(target.read_text("utf-8"))}


def _slug(heading: str) -> str:
    """Return the anchor that GitHub and MyST give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
