"""The one-page summary of a dataset folder, for people."""

from collections.abc import Sequence

from artstyle.data.description import DatasetDescription, SplitDescription
from artstyle.data.manifest import SPLITS
from artstyle.data.reasons import in_words
from artstyle.styles.names import visible
from artstyle.styles.vocabulary import display_name


def style_columns(description: DatasetDescription) -> tuple[str, ...]:
    """Return the columns of `style_rows`; the first says what is recognised."""
    return (description.config.labels.target, "found", "left out", *SPLITS)


def summary(description: DatasetDescription) -> str:
    """Return the page as Markdown."""
    lines = [
        f"# {_plain(description.source.name)}: {description.counts.taking_part:,} paintings in"
        f" {len(description.labels)} {description.config.labels.plural}",
        "",
        *_what_came_of_it(description),
        "",
        f"## Paintings of each {description.config.labels.target}",
        "",
        *_markdown_table(style_columns(description), style_rows(description)),
        "",
        "## What to know before trusting a number",
        "",
        *(f"- {_plain(note)}" for note in description.notes),
        *(f"- {sentence}" for sentence in source_sentences(description)),
        *(f"- {sentence}" for sentence in artist_sentences(description)),
        "",
        f"Fingerprint {description.fingerprint}, seed {description.config.seed},"
        f" artstyle {description.artstyle}.",
    ]
    return "\n".join(lines) + "\n"


def style_rows(description: DatasetDescription) -> list[list[str]]:
    """Return a row for each style and one for all, with the columns `style_columns`."""
    numbers = {
        style: [
            row.found, row.unreadable + sum(row.left_out.values()), row.train, row.val, row.test
        ]
        for style, row in description.counts.styles.items()
    }  # fmt: skip
    counts, split = description.counts, description.split.totals
    left_out = counts.unreadable + sum(counts.left_out.values())
    # Not the sums: a painting of several labels is in several rows.
    totals = [counts.found, left_out, split.train, split.val, split.test]
    rows = [(display_name(style), row) for style, row in numbers.items()]
    rows.append((f"all {description.config.labels.plural}", totals))
    return [[name, *(f"{number:,}" for number in row)] for name, row in rows]


def left_out_sentences(description: DatasetDescription) -> list[str]:
    """Return how many files are left out for each reason."""
    counts = description.counts
    reasons = {"unreadable": counts.unreadable, **counts.left_out}
    return [f"{number:,} {in_words(reason)}" for reason, number in reasons.items() if number]


def split_sentence(description: DatasetDescription) -> str:
    """Return how the paintings were balanced and split."""
    config = description.config
    asked, used = config.split.group, description.split.group
    group = used if asked == used else f"{used} ({asked})"
    return f"balance: {config.balance.policy}; split by: {group}; seed: {config.seed}"


def artist_sentences(description: DatasetDescription) -> list[str]:
    """Return what the artists' names give away, one sentence for each split.

    Where the artists are what is recognised, there is nothing to give away.
    """
    labels = description.config.labels
    if labels.target == "artist":
        return []
    report, sentences = description.split, []
    overlaps, oracles = report.artist_overlap, report.artist_oracle
    parts = {"val": (overlaps.val, oracles.val), "test": (overlaps.test, oracles.test)}
    shares_known = _shares_known(report)
    for split, (overlap, oracle) in parts.items():
        if overlap is None:
            sentences.append(
                f"{split}: no artist is known, so artists and {labels.plural} cannot be separated"
            )
            continue
        sentence = (
            f"{split}: {_with_all(overlap, shares_known[split])} are by artists who are also in"
            " train"
        )
        if oracle is not None:
            sentence += (
                f"; naming each artist's usual {labels.target}, without looking, is right for"
                f" {oracle.accuracy:.1%}"
            )
        sentences.append(sentence)
    if any(overlap for overlap, _ in parts.values()):
        sentences.append(
            f"a model can be as good by recognising artists, not {labels.plural}; to test"
            f" {labels.plural}: --set split.group=artist"
        )
    return sentences


def _shares_known(report: SplitDescription) -> dict[str, float]:
    """Return for each split which share of its paintings have a known artist."""
    known, totals = report.with_artist, report.totals
    if known is None:
        return {"val": 1.0, "test": 1.0}
    return {"val": known.val / max(totals.val, 1), "test": known.test / max(totals.test, 1)}


def _with_all(overlap: float, share_known: float) -> str:
    """Return a share of the paintings with a known artist, and of all where these are more."""
    if share_known == 1:
        return f"{overlap:.1%} of the paintings"
    of_all = f"{overlap * share_known:.1%} of all"
    return f"{overlap:.1%} of the paintings with a known artist, and {of_all},"


def source_sentences(description: DatasetDescription) -> list[str]:
    """Return what keeping sources apart means, where the split did so."""
    report = description.split
    if report.group != "source" or report.sources is None:
        return []
    counts = report.sources
    return [
        f"sources: {counts.train} in train, {counts.val} in val, {counts.test} in test; no source"
        " is in two splits, but artists may be"
    ]


def _what_came_of_it(description: DatasetDescription) -> list[str]:
    counts, source = description.counts, description.source
    missing = f" ({source.missing:,} listed names are not there)" if source.missing else ""
    left_out = "; ".join(left_out_sentences(description)) or "none"
    return [
        f"- Found: {counts.found:,} pictures as {source.format}{missing}.",
        f"- Left out: {left_out}. `rejected.csv` names each.",
        f"- Decided with {split_sentence(description)}.",
        f"- Copies for training: short side {description.config.data.cache_size} pixels at most.",
    ]


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---", *("---:" for _ in columns[1:])]
    plain = [[_plain(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in [columns, marks, *plain]]


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is: names cannot be markup or end a cell."""
    return visible(text).replace("<", "&lt;").replace("|", "\\|").replace("`", "\\`")
