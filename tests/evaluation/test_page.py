"""The page and the figures of an evaluation, from answers made up for the purpose."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import ReportHeader
from artstyle.evaluation.figures import plot_confusion, plot_style_scores, write_figures
from artstyle.evaluation.outcome import Outcome, percent
from artstyle.evaluation.page import CELL_PICTURES, write_evaluation_page
from artstyle.evaluation.summary import summarise
from artstyle.metrics import style_scores
from artstyle.styles.vocabulary import read_vocabulary

WIKIART_STYLES = tuple(read_vocabulary().entries)


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


def write_page(
    folder: Path, outcome: Outcome, training: Sequence[ManifestRow] | None = None
) -> str:
    names = ("run", "model", "architecture", "split", "dataset", "dataset_path")
    report = summarise(ReportHeader(**dict.fromkeys(names, "x"), warnings=()), outcome, training)
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
    assert names == [read_vocabulary().name(style) for style in WIKIART_STYLES]
    assert {"Ukiyo-e", "Post-Impressionism", "Naïve art (Primitivism)"} < set(names)


@pytest.mark.parametrize("count", [1, 2, 8, 27])
def test_nothing_in_a_confusion_matrix_is_cut_off_and_the_right_answers_are_framed(
    count: int,
) -> None:
    counts = np.eye(count, dtype=int) * 3 + 1
    figure = plot_confusion(counts, WIKIART_STYLES[:count], normalised=True)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [*figure.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
    boxes = [text.get_window_extent() for text in texts]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.height for box in boxes)
    frames = [frame.get_xy() for frame in axes.patches if isinstance(frame, Rectangle)]
    assert frames == [(n - 0.5, n - 0.5) for n in range(count)]


@pytest.mark.parametrize("count", [2, 27])
def test_nothing_is_cut_off_in_the_scores_by_style(count: int) -> None:
    scores = style_scores(np.eye(count, dtype=int) * 3 + 1)
    figure = plot_style_scores(scores, WIKIART_STYLES[:count])
    figure.draw_without_rendering()
    legend = figure.legends[0].get_texts()
    boxes = [
        t.get_window_extent() for t in (*figure.texts, *legend, *figure.axes[0].get_yticklabels())
    ]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


def test_numbers_lead_to_their_pictures_and_empty_cells_nowhere(tmp_path: Path) -> None:
    page = write_page(tmp_path, outcome_of(("Baroque", "Rococo"), [(0, 0), (0, 1), (1, 1)]))
    assert re.findall(r'<td class="n[^"]*"[^>]*><a href="#([^"]+)">', page)[:3] == [
        "cell-0-0",
        "cell-0-1",
        "cell-1-1",
    ]
    assert page.count("framed") - page.count(".framed") == 2
    assert "underline dotted" in page


@pytest.mark.parametrize(
    ("pairs", "short", "weak"),
    [
        # Ten styles would be guessed right once in ten; the most frequent one has four pictures.
        (
            [(0, 0)] * 4 + [(1, 1)] * 2 + [(2, 2)] * 14 + [(3, 0)] * 10,
            "20 of 30 right; always saying Cubism would get 14.",
            "",
        ),
        (
            [(0, 1)] * 4 + [(1, 1)] * 3 + [(2, 1)] * 3,
            "3 of 10 right; always saying Baroque would get 4.",
            "This model does worse than always saying Baroque. Do not use its answers.",
        ),
        (
            [(0, 0)] * 4 + [(1, 0)] * 3 + [(2, 0)] * 3,
            "4 of 10 right; always saying Baroque would get 4.",
            "This model does no better than always saying Baroque. Do not use its answers.",
        ),
        (
            [(0, 0)] * 2 + [(1, 0)] * 9 + [(2, 0)] * 9,
            "2 of 20 right; always saying Rococo would get 9.",
            "This model does no better than guessing: a random answer would get about 5 of 20."
            " Do not use its answers.",
        ),
        (
            [(0, 0)] * 2 + [(1, 1)] * 2 + [(0, 1)] * 2,
            "4 of 6 right; always saying Baroque would get 4.",
            "This model does no better than always saying Baroque. Do not use its answers.",
        ),
        (
            [(0, 0)] * 3 + [(1, 1)] * 2 + [(1, 0)],
            "5 of 6 right; always saying Baroque would get 3.",
            "With so few pictures, this may be chance: it is not certain that the model does better"
            " than always saying Baroque.",
        ),
    ],
)
def test_the_page_begins_with_the_result_in_words_and_says_when_it_is_worthless(
    tmp_path: Path, pairs: list[tuple[int, int]], short: str, weak: str
) -> None:
    styles = ("Baroque", "Rococo", "Cubism", "Realism")
    outcome = outcome_of(styles, pairs)
    page = write_page(tmp_path, outcome)
    first = page.index(f'<p class="lead">{short}</p>')
    assert page[: page.index("<dl>")].count("<p class") == 3 + bool(weak)  # after mark, subtitle
    assert first < page.index("<dt>accuracy")
    if weak:
        assert f'<p class="lead">{weak}</p>' in page
    assert ("Do not use its answers" in page) == ("Do not use" in weak)
    assert ("this may be chance" in page) == ("chance" in weak)


def test_what_another_set_may_score_is_said_in_per_cent(tmp_path: Path) -> None:
    page = write_page(tmp_path, outcome_of(("Baroque", "Rococo"), [(0, 0)] * 9 + [(1, 0)]))
    assert "On another 10 pictures of the same kind, this model might get 70 to 100% right" in page
    assert "chance alone" not in page


def test_surest_errors_are_only_those_that_outweigh_all_else(tmp_path: Path) -> None:
    outcome = outcome_of(("Baroque", "Rococo"), [(0, 0), (0, 1), (0, 1), (1, 0)])
    logits_NC = np.log([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.51, 0.49]])
    page = write_page(tmp_path, replace(outcome, logits_NC=logits_NC))
    assert "3 wrong answers with a probability over 50%" in page
    assert (tmp_path / "errors.png").exists()
    unsure = replace(outcome, labels=("Baroque", "Rococo", "Cubism"))
    logits_NC = np.log([[0.9, 0.05, 0.05], [0.3, 0.5, 0.2], [0.3, 0.4, 0.3], [0.4, 0.3, 0.3]])
    page = write_page(tmp_path, replace(unsure, logits_NC=logits_NC))
    assert "The model was not sure of any of its 3 wrong answers" in page
    assert not (tmp_path / "errors.png").exists()


def test_the_artists_names_are_compared_in_words_that_need_no_statistics(tmp_path: Path) -> None:
    outcome = outcome_of(("Baroque", "Rococo"), [(0, 0), (1, 0)])
    rows = tuple(replace(row, artist=f"artist {n}") for n, row in enumerate(outcome.rows))
    page = write_page(tmp_path, replace(outcome, rows=rows), training=rows)
    assert "would get 100.0% right. The model&#39;s 50.0% is not above that" in page


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
    assert ("100.0% (83.2% to 100.0%). Expect this" in page) == expected
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


def test_a_test_without_an_error_does_not_promise_that_there_will_be_none(tmp_path: Path) -> None:
    page = write_page(tmp_path, outcome_of(("Baroque", "Rococo"), [(0, 0)] * 20 + [(1, 1)] * 10))
    # 0.88 to the power of 30 is 0.022: of 30 pictures, 12% of errors are missed in about 2.5%.
    assert "All of these are right; of other pictures of the same kind, up to 12% may be" in page
    assert "1.000 (0.884 to 1.000)" in page
    assert "100 to 100%" not in page
