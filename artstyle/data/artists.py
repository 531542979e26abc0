"""Artists: which names are one person's, and how well the artist predicts the style."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from artstyle.styles.names import label_order


def name_words(name: str) -> list[str]:
    """Return the words of a name, small and without accents.

    Only accents go (U+0300 to U+036F): the marks of kana and of Indic scripts are part of the word.
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = (letter for letter in letters if not "\u0300" <= letter <= "\u036f")
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain)
    return "".join(kept).split()


def artist_key(name: str) -> str:
    """Return what the spellings of a name share: its words in no order.

    "Böcklin, Arnold" and "arnold-bocklin" have one key; initials and missing first names have
    another, since nobody can say whose they are.
    """
    return " ".join(sorted(name_words(name))) or name


# fmt: off
_PARTICLES = frozenset((
    "af", "al", "d", "da", "dal", "de", "degli", "dei", "del", "della", "den", "der", "des", "di",
    "do", "dos", "du", "el", "la", "le", "of", "os", "ten", "ter", "the", "van", "vom", "von", "y",
    "zu", "zum", "zur",
))
# fmt: on


def display_artist(name: str) -> str:
    """Return an artist's name as people write it: ``claude-monet`` -> ``Claude Monet``.

    Names with a capital letter stay as they are: only file names and the like have none.
    """
    if name != name.lower() or not name.strip("-_ "):
        return name
    first, *rest = name.replace("_", "-").replace("-", " ").split()
    return " ".join([first.title(), *(w if w in _PARTICLES else w.title() for w in rest)])


@dataclass(frozen=True)
class OracleScore:
    """How far one gets without looking at the pictures; both in [0, 1]."""

    accuracy: float
    macro_recall: float
    """Mean over the styles that are present."""


def artist_overlap(splits: Sequence[str], artists: Sequence[str], part: str) -> float | None:
    """Return the share of a split's paintings whose artist has a painting in train.

    Paintings by unknown artists do not count; None if no others are in the split.
    """
    trained = artists_in(splits, artists, "train")
    known = [a for split, a in zip(splits, artists, strict=True) if split == part and a]
    return sum(artist in trained for artist in known) / len(known) if known else None


def artist_oracle(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], part: str
) -> OracleScore | None:
    """Return how well the artist's name alone gives the style, as learnt from train.

    The answer is the style of most of the artist's paintings in train, among equals the first in
    label order; for an artist who is unknown or not in train, the style of most of train. A model
    that does not beat it has perhaps learnt nothing but artists.

    Args:
        splits: The split of each painting, or "".
        styles: The style of each painting.
        artists: The artist of each painting, or "".
        part: The split to be scored. None is returned if it, or train, is empty.
    """
    answers = artist_answers(splits, styles, artists, part)
    if not any(answers):
        return None
    tested = [style for split, style in zip(splits, styles, strict=True) if split == part]
    support = Counter(tested)
    right = Counter(s for s, answer in zip(tested, answers, strict=True) if s == answer)
    recalls = [right[style] / count for style, count in support.items()]
    return OracleScore(right.total() / support.total(), sum(sorted(recalls)) / len(recalls))


def artist_answers(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], part: str
) -> list[str]:
    """Return the answer of `artist_oracle` to each painting of a split; "" if train is empty.

    Without artists, that is the style of most of train for every painting.
    """
    answers, fallback = _majority_styles(splits, styles, artists)
    return [
        answers.get(artist, fallback)
        for split, artist in zip(splits, artists, strict=True)
        if split == part
    ]


def _majority_styles(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str]
) -> tuple[dict[str, str], str]:
    """Return known artist -> majority style in train, and that of all of train ("" if empty)."""
    overall: Counter[str] = Counter()
    by_artist: dict[str, Counter[str]] = defaultdict(Counter)
    for split, style, artist in zip(splits, styles, artists, strict=True):
        if split == "train":
            overall[style] += 1
            if artist:
                by_artist[artist][style] += 1
    return {artist: _majority(counts) for artist, counts in by_artist.items()}, _majority(overall)


def _majority(counts: Mapping[str, int]) -> str:
    return max(label_order(counts), key=counts.__getitem__, default="")


def artists_in(splits: Sequence[str], artists: Sequence[str], part: str) -> set[str]:
    """Return the known artists of a split."""
    return {a for split, a in zip(splits, artists, strict=True) if split == part and a}
