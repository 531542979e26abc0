import json
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from artstyle.cli.lists.styles import style_table
from artstyle.styles.entries import LANGUAGES
from artstyle.styles.vocabulary import read_vocabulary
from tests.cli.in_process import artstyle_text


def width(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_fits_and_its_identifiers_stand_below_each_other(
    language: str, columns: int
) -> None:
    lines = style_table(read_vocabulary(), language, columns).splitlines()
    assert max(map(width, lines)) <= columns
    numbered = {line.split()[0]: line for line in lines if " 300" in line}
    assert len(numbered) == 25
    assert len({width(line[: line.index(" 300")]) for line in numbered.values()}) == 1
    assert all(style in "\n".join(lines) for style in read_vocabulary().entries)


def test_an_unknown_language_is_refused_with_all_that_are_known(tmp_path: Path) -> None:
    done = artstyle_text("styles", "--language", "ge", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown language 'ge'.")
    assert done.stderr.endswith("Choose from: en, de, fr, es, it, nl, pt, pl, ru, zh, ja.\n")


def test_the_csv_is_a_vocabulary_file_and_the_sources_are_named(tmp_path: Path) -> None:
    done = artstyle_text("styles", "--format", "csv", cwd=tmp_path)
    assert "Getty" in done.stderr
    (tmp_path / "all.csv").write_text(done.stdout, "utf-8")
    assert read_vocabulary(tmp_path / "all.csv").entries == read_vocabulary().entries
    german = artstyle_text("styles", "--format", "csv", "--language", "de", cwd=tmp_path).stdout
    (tmp_path / "de.csv").write_text(german, "utf-8")
    assert read_vocabulary(tmp_path / "de.csv").entries["Baroque"].names == {"de": "Barock"}


def test_json_lists_own_styles_first_in_the_language(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("style,ja\nNihonga,日本画\n", "utf-8")
    command = ("styles", "--file", "own.csv", "--language", "ja", "--format", "json")
    found = json.loads(artstyle_text(*command, cwd=tmp_path).stdout)
    assert [entry["name"] for entry in found[:2]] == ["日本画", "抽象表現主義"]
    assert found[0]["aat_id"] is None


def test_a_bad_file_is_one_line(tmp_path: Path) -> None:
    done = artstyle_text("styles", "--file", "none.csv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: no vocabulary file none.csv\n")
