"""The documents are plain English: short sentences, usual words."""

import re

import pytest

from tests.docs.pages import ROOT, sentences, without_code, written_by_hand

LONGEST_SENTENCE = 30
TICS = (
    r"\b(?:is|are|was|were) no (?!longer\b)[a-z]+",
    r"\banew\b",
    r"\bbeside\b",
    r"\btells? of\b",
    r"\b(?:go|goes|gone|going) on with\b",
    r"\blies?\b",
    r"\bas it were\b",
    r"\bnought\b",
    r"\bteach(?:es)?\b",
    r"\bstands? (?:in|under|above|below|twice)\b",
)
"""Turns of phrase that a reader whose English is a second language stumbles over."""

NAMES = [str(path.relative_to(ROOT)) for path in written_by_hand()]


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_is_longer_than_thirty_words(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    long = [s for s in sentences(text) if len(_words(s)) > LONGEST_SENTENCE]
    assert long == []


@pytest.mark.parametrize("name", NAMES)
def test_no_page_uses_a_turn_of_phrase_that_the_style_guide_forbids(name: str) -> None:
    text = re.sub(r"`[^`\n]+`", "", without_code((ROOT / name).read_text("utf-8")))
    found = [match[0] for tic in TICS for match in re.finditer(tic, text, re.IGNORECASE)]
    assert found == []


def test_headings_tables_and_code_are_not_sentences() -> None:
    page = "# Title\n\nOne two. Three `is no x` four.\n\n- Item\n\n| Cell |\n\n```sh\na b\n```\n"
    assert list(sentences(page)) == ["One two.", "Three CODE four.", "Item"]


def _words(sentence: str) -> list[str]:
    return re.findall(r"[^\s]*\w[^\s]*", sentence)
