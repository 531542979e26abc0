"""Several runs on the same pictures."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from artstyle.comparison.answers import Compared, read_compared
from artstyle.comparison.compare import changed_pictures, compare
from artstyle.comparison.document import Comparison
from artstyle.comparison.tables import comparison_table, write_comparison
from artstyle.errors import MissingError, RunError, UnknownNameError, UsageError
from tests.comparison.conftest import MakeRun, painted
from tests.evaluation.tiny import STYLES

PICTURES = 80


def right(share: float, seed: int) -> list[bool]:
    return [bool(drawn < share) for drawn in np.random.default_rng(seed).random(PICTURES)]


def both(make_run: MakeRun, **settings: int) -> tuple[Compared, Comparison]:
    runs = [make_run(f"r{n}", right(0.4 + 0.2 * n, n), **settings) for n in range(2)]
    compared = read_compared(runs, "test", None)
    return compared, compare(compared, None)


def test_the_scores_are_those_of_each_run_and_the_difference_is_theirs(make_run: MakeRun) -> None:
    _, comparison = both(make_run)
    truth = [row.style for row in painted(PICTURES, 10)]
    expected = []
    for n in range(2):
        answers = [
            style if is_right else STYLES[(STYLES.index(style) + 1) % 4]
            for style, is_right in zip(truth, right(0.4 + 0.2 * n, n), strict=True)
        ]
        expected.append(f1_score(truth, answers, average="macro"))
        row = comparison.rows[n]
        assert row.accuracy.value == pytest.approx(np.mean(right(0.4 + 0.2 * n, n)))
        assert row.macro_f1.value == pytest.approx(expected[n])
    found = comparison.rows[1].difference
    assert found is not None
    assert found.macro_f1.value == pytest.approx(expected[1] - expected[0])
    assert found.won - found.lost == sum(right(0.6, 1)) - sum(right(0.4, 0))


def test_the_interval_of_the_difference_is_that_of_subtracting_within_each_draw_of_artists(
    make_run: MakeRun,
) -> None:
    _, comparison = both(make_run)
    gained = np.array(right(0.6, 1), float) - np.array(right(0.4, 0), float)
    by_artist = np.array([gained[np.arange(PICTURES) % 10 == n].sum() for n in range(10)])
    counts = np.random.default_rng(42).multinomial(10, np.full(10, 0.1), size=1000)
    low, high = np.quantile(counts @ by_artist / PICTURES, [0.025, 0.975])
    found = comparison.rows[1].difference
    assert found is not None
    assert found.accuracy.artists == pytest.approx((low, high))


def test_a_difference_is_known_better_than_the_two_scores(make_run: MakeRun) -> None:
    base = right(0.5, 0)
    better = [True if n % 10 == 0 else was for n, was in enumerate(base)]
    compared = read_compared([make_run("a", base), make_run("b", better)], "test", None)
    row = compare(compared, None).rows[1]
    assert row.difference is not None
    gained = row.difference.accuracy.pictures
    assert gained[1] - gained[0] < 0.6 * (row.accuracy.pictures[1] - row.accuracy.pictures[0])


def test_a_run_without_errors_may_still_be_wrong_on_other_pictures(make_run: MakeRun) -> None:
    runs = [make_run("all", [True] * PICTURES), make_run("half", right(0.5, 0))]
    accuracy = compare(read_compared(runs, "test", None), None).rows[0].accuracy
    # Clopper and Pearson: of 80 pictures, or of 10 artists, all were right.
    assert accuracy.pictures == pytest.approx((0.025 ** (1 / 80), 1))
    assert accuracy.artists == pytest.approx((0.025 ** (1 / 10), 1))


def test_runs_that_share_a_setting_are_one_row_with_mean_and_range(make_run: MakeRun) -> None:
    shares = (0.3, 0.5, 0.6)
    runs = [make_run(f"a{n}", right(s, n), seed=n) for n, s in enumerate(shares)]
    runs.append(make_run("b", right(0.9, 9), model="resnet18"))
    comparison = compare(read_compared(runs, "test", "model"), "model")
    assert [(row.name, row.seeds) for row in comparison.rows] == [
        ("simple_cnn", (0, 1, 2)),
        ("resnet18", (42,)),
    ]
    scores = [np.mean(right(s, n)) for n, s in enumerate(shares)]
    accuracy = comparison.rows[0].accuracy
    assert accuracy.value == pytest.approx(np.mean(scores))
    assert accuracy.runs == pytest.approx((min(scores), max(scores)))


def test_runs_of_a_folder_are_one_row_and_say_what_else_differs(make_run: MakeRun) -> None:
    runs = [make_run(f"probe/{n}", right(0.4, n), seed=n) for n in range(2)]
    runs += [make_run("tuned/0", right(0.5, 2)), make_run("tuned/1", right(0.6, 3), dropout=0.1)]
    comparison = compare(read_compared(runs, "test", "folder"), "folder")
    assert [(row.name, row.seeds) for row in comparison.rows] == [
        ("probe", (0, 1)),
        ("tuned", (42, 42)),
    ]
    (note,) = [note for note in comparison.notes if "more than the seed" in note]
    assert "The runs of tuned differ in more than the seed: model.dropout;" in note
    with pytest.raises(UsageError, match="all runs have folder probe"):
        read_compared(runs[:2], "test", "folder")


def test_the_table_has_the_range_over_runs_and_both_intervals(make_run: MakeRun) -> None:
    runs = [make_run(f"a{n}", right(0.3 + 0.2 * n, n), seed=n) for n in range(2)]
    runs.append(make_run("b", right(0.9, 9), model="resnet18"))
    comparison = compare(read_compared(runs, "test", "model"), "model")
    cells = comparison_table(comparison, "markdown").splitlines()
    names = [name.strip() for name in cells[0].strip("|").split("|")]
    row = dict(zip(names, (cell.strip() for cell in cells[2].strip("|").split("|")), strict=True))
    accuracy = comparison.rows[0].accuracy
    assert accuracy.artists is not None
    for name, bounds in (
        ("over runs", accuracy.runs),
        ("other artists", accuracy.artists),
        ("other pictures", accuracy.pictures),
    ):
        assert row[name] == f"{bounds[0]:.3f} to {bounds[1]:.3f}"
    assert row["accuracy"] == f"{np.mean([np.mean(right(0.3, 0)), np.mean(right(0.5, 1))]):.3f}"
    assert row["runs"] == "2"


def test_a_row_is_right_where_most_of_its_runs_are(make_run: MakeRun) -> None:
    answers = ([True, True, False, False], [True, False, True, False], [True, True, False, False])
    runs = [make_run(f"a{n}", list(a)) for n, a in enumerate(answers)]
    runs.append(make_run("b", [False, True, True, True], model="resnet18"))
    compared = read_compared(runs, "test", "model")
    assert compared.rows[0].right_N.tolist() == [True, True, False, False]
    difference = compare(compared, "model").rows[1].difference
    assert difference is not None
    assert (difference.won, difference.lost) == (2, 1)


def test_the_styles_say_what_was_won_and_lost_and_add_up(make_run: MakeRun) -> None:
    _, comparison = both(make_run)
    found = comparison.rows[1].difference
    assert found is not None
    assert sum(style.won[1] for style in comparison.styles) == found.won
    assert sum(style.lost[1] for style in comparison.styles) == found.lost
    for style in comparison.styles:
        assert style.right[1] == style.right[0] + style.won[1] - style.lost[1]


def test_a_picture_that_all_rows_answer_alike_has_not_changed(make_run: MakeRun) -> None:
    compared, _ = both(make_run)
    changed = {line["path"] for line in changed_pictures(compared)}
    differing = zip(right(0.4, 0), right(0.6, 1), strict=True)
    assert changed == {f"{n:03}.jpg" for n, (one, other) in enumerate(differing) if one != other}


def test_without_artists_there_is_no_interval_by_artist(make_run: MakeRun) -> None:
    _, comparison = both(make_run, artists=0)
    assert comparison.artists is None
    assert comparison.rows[0].accuracy.artists is None
    assert any("The artists are not known" in note for note in comparison.notes)


def test_runs_on_different_pictures_are_refused(make_run: MakeRun) -> None:
    rows = painted(PICTURES, 10)
    one = make_run("one", right(0.5, 0))
    other = make_run("other", right(0.5, 0)[1:], rows=rows[1:])
    with pytest.raises(RunError, match=r"1 of 80 differ, such as 000\.jpg; .*--run .*other"):
        read_compared([one, other], "test", None)


def test_what_cannot_be_compared_is_said(make_run: MakeRun) -> None:
    one, other = make_run("one", right(0.5, 0)), make_run("other", right(0.5, 1))
    with pytest.raises(UsageError, match="two runs"):
        read_compared([one], "test", None)
    with pytest.raises(UsageError, match=r"all runs have model simple_cnn"):
        read_compared([one, other], "test", "model")
    with pytest.raises(UsageError, match="named twice"):
        read_compared([one, one], "test", None)
    with pytest.raises(UnknownNameError, match=r"model\.name"):
        read_compared([one, other], "test", "modell.name")
    with pytest.raises(MissingError, match=r"artstyle evaluate --run .* --split val"):
        read_compared([one, other], "val", None)


def test_the_files_hold_the_same_comparison(make_run: MakeRun, tmp_path: Path) -> None:
    compared, comparison = both(make_run)
    write_comparison(tmp_path / "out", compared, comparison)
    assert Comparison.read(tmp_path / "out/comparison.json") == comparison
    with (tmp_path / "out/comparison.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == ["r0", "r1"]
    assert float(lines[1]["accuracy"]) == pytest.approx(comparison.rows[1].accuracy.value)
    found = comparison.rows[1].difference
    assert found is not None
    assert float(lines[1]["holm_p"]) == pytest.approx(found.holm_p, rel=1e-5)


def test_a_name_with_marks_of_latex_and_markdown_is_escaped(make_run: MakeRun) -> None:
    runs = [make_run("a_b|50%", right(0.5, 0)), make_run("c", right(0.5, 1))]
    comparison = compare(read_compared(runs, "test", None), None)
    assert r"a\_b|50\%" in comparison_table(comparison, "latex")
    assert r"| a_b\|50% |" in comparison_table(comparison, "markdown")
