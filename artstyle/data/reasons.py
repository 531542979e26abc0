"""Why files take part in no split: the reasons in ``manifest.csv`` and ``rejected.csv``."""

from typing import Literal

Reason = Literal[
    "unreadable",
    "copy",
    "two_styles",
    "rare_style",
    "balance",
    "copy_across_splits",
    "no_official_split",
]
MaybeReason = Reason | Literal[""]
"""Empty for a painting that takes part."""

REASONS: dict[Reason, str] = {
    "unreadable": "not readable as pictures",
    "copy": "exact copies of another file of their style",
    "two_styles": "of paintings listed under two styles",
    "rare_style": "of styles with too few paintings (balance.min_per_style)",
    "balance": "beyond what the balance policy keeps (balance.policy)",
    "copy_across_splits": "copies of a painting in another split",
    "no_official_split": "in no official split",
}
"""Reason -> the words that follow a number of files."""


def in_words(reason: str) -> str:
    """Return a reason in words that follow a number of files; an unknown one as it is."""
    return next((words for known, words in REASONS.items() if known == reason), reason)
