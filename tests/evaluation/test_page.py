"""The page and the figures of an evaluation, from answers made up for the purpose."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import ReportHeader
from artstyle.evaluation.figures import plot_confusion, write_figures
from artstyle.evaluation.outcome import Outcome, percent
from artstyle.evaluation.page import CELL_PICTURES, write_evaluation_page
from artstyle.evaluation.summary import summarise
from artstyle.styles.names import WIKIART_STYLES


def outcome_of(labels: Sequence[str], pairs: Sequence[tuple[int, int]]) -> Outcome:
    """One picture a pair of true and predicted label, the first ones the surest."""
    logits_NC = np.zeros((len(pairs), len(labels)))
    for position, (_, predicted) in enumerate(pairs):
        logits_NC[position, predicted] = 5 - position / len(pairs)
    rows = [
        ManifestRow(
            f"{labels[true]}_{position}.jpg", labels[true], "", "", "", "test", "", 9, 9, "", "", ""
        )
        for position, (true, _) in enumerate(pairs)
    ]
    return Outcome(tuple(labels), tuple(rows), logits_NC, (None,) * len(rows))


def read(row: ManifestRow, short_side_px: int) -> Image.Image:
    return Image.new("RGB", (40, 30), "teal")


def write_page(folder: Path, outcome: Outcome) -> str:
    names = ("run", "model", "architecture", "split", "dataset", "dataset_path")
    report = summarise(ReportHeader(**dict.fromkeys(names, "x"), warnings=()), outcome, None)
    write_figures(folder, outcome, read)
    write_evaluation_page(folder, outcome, report, read)
    return (folder / "report.html").read_text("utf-8")


class Galleries(HTMLParser):
    """How many pictures stand behind each anchor."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pictures: dict[str, int] = {}
        self._anchor = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("details", "section"):
            self._anchor = ""
        if (values.get("id") or "").startswith("cell-"):
            self._anchor = values["id"] or ""
        if tag == "img" and self._anchor:
            self.pictures[self._anchor] = self.pictures.get(self._anchor, 0) + 1


def test_a_cell_shows_its_surest_pictures_and_says_how_many_it_does_not(tmp_path: Path) -> None:
    outcome = outcome_of(("Baroque", "Rococo"), [(0, 0)] * 30 + [(0, 1)] * 2 + [(1, 1)])
    page = write_page(tmp_path, outcome)
    assert Galleries(page).pictures == {"cell-0-0": CELL_PICTURES, "cell-0-1": 2, "cell-1-1": 1}
    assert (
        f"Baroque correctly recognised: 30 pictures, {30 - CELL_PICTURES} of them not shown" in page
    )
    assert "Baroque_11.jpg" in page
    assert "Baroque_12.jpg" not in page


def test_names_are_text_on_the_page_whatever_they_are(tmp_path: Path) -> None:
    page = write_page(tmp_path, outcome_of(("<img src=x>", "$\\alpha"), [(0, 1), (1, 1)]))
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page


def test_the_page_of_a_perfect_model_says_that_there_are_no_errors(tmp_path: Path) -> None:
    (tmp_path / "errors.png").write_bytes(b"of an evaluation before")
    page = write_page(tmp_path, outcome_of(("Baroque", "Rococo"), [(0, 0), (1, 1)]))
    assert "There are no errors." in page
    assert not (tmp_path / "errors.png").exists()


@pytest.mark.parametrize("normalised", [False, True])
def test_a_confusion_matrix_of_27_styles_shows_every_name_and_number(normalised: bool) -> None:
    counts = np.random.default_rng(0).integers(0, 30, (27, 27))
    (axes,) = plot_confusion(counts, WIKIART_STYLES, normalised=normalised).axes
    shares = np.rint(100 * counts / counts.sum(axis=1, keepdims=True)).astype(int)
    shown = shares if normalised else counts
    assert [text.get_text() for text in axes.texts] == [str(n) for n in shown[counts > 0]]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [re.sub("_", " ", style) for style in WIKIART_STYLES]


def test_no_probability_is_shown_as_certain_or_impossible() -> None:
    assert [percent(p) for p in (0.0, 0.004, 0.5, 0.98, 0.9999)] == [
        "under 1%",
        "under 1%",
        "50%",
        "98%",
        "over 99%",
    ]


def test_unknown_artists_are_not_called_new_ones(tmp_path: Path) -> None:
    outcome = outcome_of(("Baroque", "Cubism"), [(0, 0), (1, 1), (0, 0), (0, 1)])
    page = write_page(tmp_path, replace(outcome, artist_seen=(False, False, None, None)))
    assert "100% of the 2 pictures with a known artist are by artists that are new" in page
    assert "The artist of 2 pictures is not known." in page
    assert "The accuracy on these pictures is 50.0%" in page


@pytest.mark.parametrize(("by_new_artists", "expected"), [(2, False), (19, False), (20, True)])
def test_what_to_expect_of_new_artists_is_told_from_enough_pictures_only(
    tmp_path: Path, by_new_artists: int, expected: bool
) -> None:
    by_known = 3 * by_new_artists
    outcome = outcome_of(("Baroque", "Cubism"), [(0, 0), (1, 1)] * (2 * by_new_artists))
    seen = (True,) * by_known + (False,) * by_new_artists
    page = write_page(tmp_path, replace(outcome, artist_seen=seen))
    assert ("100.0% (100.0% to 100.0%). Expect this" in page) == expected
    too_few = f"Only {by_new_artists} pictures are by other artists: too few"
    assert (too_few in page) != expected
    assert ("too few to judge; 1.000 of these" in page) != expected


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([(0.9, 7)], "too high: on average it is 90% sure and 70% right."),
        ([(0.6, 9)], "too low: on average it is 60% sure and 90% right."),
        (
            [(0.9, 7), (0.6, 8)],
            "too high in part and too low in part (error 0.200): on average it is 75% sure and"
            " 75% right.",
        ),
    ],
)
def test_probabilities_that_are_right_on_average_alone_are_not_called_too_low(
    tmp_path: Path, groups: list[tuple[float, int]], told: str
) -> None:
    """Each group is ten pictures: the probability that all get, and how many of them are right."""
    pairs = [(int(n >= right), 0) for _, right in groups for n in range(10)]
    outcome = outcome_of(("Baroque", "Cubism"), pairs)
    sure_N = np.repeat([sure for sure, _ in groups], 10)
    logits_NC = np.stack([np.log(sure_N), np.log(1 - sure_N)], axis=1)
    assert f"probabilities are {told}" in write_page(
        tmp_path, replace(outcome, logits_NC=logits_NC)
    )
