"""Where an answer comes from: what tells a machine's statement from a curator's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words

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


def confidence_words(row: PredictionRow) -> str:
    """Return how sure an answer is, for people: ``83.2%, unsure: Cubism or Fauvism``."""
    assert row.styles
    share = f"{row.styles[0].probability:.1%}"
    return ", ".join(filter(None, (share, verdict_words(row))))
