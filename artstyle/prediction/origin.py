"""Where an answer comes from: what tells a machine's statement from a curator's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.styles.vocabulary import display_name

AAT = "http://vocab.getty.edu/aat/"
WIKIDATA = "http://www.wikidata.org/entity/"


@dataclass(frozen=True)
class Origin:
    """The software that made a statement, and when."""

    release: str
    """The version of artstyle."""
    moment: str
    """ISO 8601 in UTC, to the second: ``2026-11-27T01:02:03Z``."""


def origin_now() -> Origin:
    """Return the origin of statements that are made now."""
    moment = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Origin(version("artstyle"), moment)


def named_styles(row: PredictionRow) -> tuple[str, ...]:
    """Return what is said of a picture: its most probable style, or the labels it is given."""
    if row.labels is not None:
        return row.labels
    return () if not row.styles else (row.styles[0].style,)


def confidence_words(row: PredictionRow) -> str:
    """Return how sure an answer is, for people: ``83.2%, unsure: Cubism or Fauvism``.

    Of several labels, the probability of each: ``Baroque 83.2%, Rococo 61.0%``.
    """
    assert row.styles
    if row.labels is not None:
        shares = {ranked.style: f"{ranked.probability:.1%}" for ranked in row.styles}
        # A row may name fewer styles than it is given.
        return ", ".join(f"{display_name(s)} {shares.get(s, '')}".strip() for s in row.labels)
    share = f"{row.styles[0].probability:.1%}"
    return ", ".join(filter(None, (share, verdict_words(row))))
