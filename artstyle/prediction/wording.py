"""The answer for a picture in a few words."""

from collections.abc import Sequence

from artstyle.confidence.answers import GroupAnswer
from artstyle.prediction.rows import PredictionRow
from artstyle.styles.vocabulary import display_name, style_group

UNFAMILIAR = "not like anything it learnt"
_NAMED = 3
"""More likely styles than these are counted, not named."""


def verdict_words(row: PredictionRow) -> str:
    """Return how sure an answer is; empty if the model is not calibrated.

    ``sure``, ``unsure: Baroque or Rococo``, ``Renaissance, 87% (Early or High)`` where only the
    group is sure, or ``not like anything it learnt``. Where a picture may have several labels,
    those that it is given: ``Baroque, Rococo``, or ``no label``.
    """
    if row.labels is not None:
        return ", ".join(map(display_name, row.labels)) or "no label"
    likely = row.likely or ()
    if row.verdict == "unfamiliar":
        return UNFAMILIAR
    if row.verdict != "unsure":
        return row.verdict or ""
    if row.group is not None and row.group.sure:
        return _group_words(row.group, likely)
    if len(likely) == 1:
        return f"unsure: perhaps {display_name(likely[0])}"
    return f"unsure: {_either([display_name(style) for style in likely])}"


def _group_words(group: GroupAnswer, likely: Sequence[str]) -> str:
    words = f"{group.group}, {group.probability:.0%}"
    members = [style for style in likely if style_group(style) == group.group]
    whole = [display_name(style) for style in members]
    if not members or whole == [group.group]:
        return words
    # "Analytical or Cubism" would read as two groups: Cubism is also the name of a style.
    named = whole if group.group in whole else [_short_name(s, group.group) for s in members]
    return f"{words} ({_either(named)})"


def _short_name(style: str, group: str) -> str:
    """Return a style as people read it within its group: "Early" of the group "Renaissance"."""
    return display_name(style).removesuffix(f" {group}")


def _either(names: Sequence[str]) -> str:
    """Return "a", "a or b", "a, b or c", "a, b, c or 4 others"."""
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
