import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.errors import DataError, UnknownNameError
from artstyle.styles.entries import COLUMNS, LANGUAGES, write_entries
from artstyle.styles.names import style_key
from artstyle.styles.vocabulary import (
    RECORD_NAME,
    display_name,
    read_vocabulary,
    recorded_vocabulary,
    styles_named_by,
)

FACTS = Path(__file__).parents[2].parent / "shared" / "facts" / "styles.csv"
ENTRIES = read_vocabulary().entries
SPELLINGS = [(name, style) for style, entry in ENTRIES.items() for name in entry.spellings]
OTHER_STYLES = (
    "Renaissance", "Surrealism", "Nouveau Realisme", "Nouveau Réalisme", "American Realism",
    "Neo-Impressionism", "Divisionism", "Photorealism", "Post-Painterly Abstraction", "Primitivism",
)  # fmt: skip


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding)
    return path


@st.composite
def respelt(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a known name in another case, other separators, other accents; and its style."""
    name, style = draw(st.sampled_from(SPELLINGS))
    for separator in " -_":
        name = name.replace(separator, draw(st.sampled_from((" ", "-", "_", "\u2013", ""))))
    change = draw(st.sampled_from((str.upper, str.lower, str.title, str.swapcase)))
    accent = draw(st.sampled_from(("", "\u0301", "\u0308")))
    return change(name).replace("e", f"e{accent}", 1), style


@given(respelt())
def test_case_separators_and_accents_do_not_count(drawn: tuple[str, str]) -> None:
    name, style = drawn
    assert read_vocabulary().match(name) == style


def test_no_name_stands_for_two_styles() -> None:
    styles: dict[str, str] = {}
    for name, style in SPELLINGS:
        assert styles.setdefault(style_key(name), style) == style, name


@pytest.mark.parametrize("name", OTHER_STYLES)
def test_a_style_that_is_only_near_is_not_matched(name: str) -> None:
    assert read_vocabulary().match(name) is None


def test_a_name_matches_as_a_whole_only() -> None:
    matched = {name: read_vocabulary().match(name) for name in ("Pop", "Pop songs", "x Pop", "po")}
    assert matched == {"Pop": "Pop_Art", "Pop songs": None, "x Pop": None, "po": None}


@pytest.mark.shared
@pytest.mark.skipif(not FACTS.is_file(), reason="the facts are not here")
def test_every_fact_is_the_checked_one_and_every_checked_name_is_matched() -> None:
    with FACTS.open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    assert [row["style"] for row in facts] == list(ENTRIES)
    for row in facts:
        entry = ENTRIES[row["style"]]
        names = {language: row.get(language) or row["display_en"] for language in LANGUAGES}
        assert entry.names == names
        assert (entry.aat_id or "", entry.wikidata_id or "") == (row["aat_id"], row["wikidata"])
        assert (entry.aat_label or "", entry.group) == (row["aat_label"], row["group"])
        assert (entry.definition, entry.region) == (row["definition"], row["region"])
        years = [str(year or "") for year in (entry.year_from, entry.year_to)]
        assert years == [row["year_from"], row["year_to"]]
        for name in {*row["synonyms"].split("|"), *names.values()} - set(OTHER_STYLES):
            assert read_vocabulary().match(name) == row["style"], name


def test_a_name_falls_back_to_english_and_then_to_what_is_stored(tmp_path: Path) -> None:
    own = read_vocabulary(write(tmp_path / "own.csv", "style,en,de", "Worpswede_1,Worpswede,"))
    assert own.name("Worpswede_1", "de") == "Worpswede"
    assert own.name("Vorticism_of_1914", "de") == "Vorticism of 1914"
    assert own.name("ukiyo e", "ru") == "Укиё-э"


def test_a_label_is_found_by_its_spelling_first_and_by_its_meaning_then() -> None:
    label = read_vocabulary().label
    assert label("ukiyoe", ["Baroque", "Ukiyo-e"]) == "Ukiyo-e"
    assert label("Barock", ["Baroque", "Cubism"]) == "Baroque"
    assert label("barock", ["Baroque", "Barock"]) == "Barock"
    assert label("vorticism", ["Vorticism"]) == "Vorticism"
    with pytest.raises(UnknownNameError, match="Did you mean 'Ukiyo_e'"):
        label("Ukiyo", ["Baroque", "Ukiyo_e"])


def test_a_file_of_ones_own_decides_about_its_names(tmp_path: Path) -> None:
    own = write(tmp_path / "own.csv", "style;en;synonyms", "Pop;Pop (ours);Barock|Pop Art")
    vocabulary = read_vocabulary(own)
    assert next(iter(vocabulary.entries)) == "Pop"
    assert vocabulary.match("pop art") == vocabulary.match("BAROCK") == "Pop"
    assert vocabulary.match("Baroque") == "Baroque"
    assert vocabulary.name("Pop") == "Pop (ours)"
    assert read_vocabulary().match("Pop") == "Pop_Art"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_as_spreadsheets_save_it(encoding: str, tmp_path: Path) -> None:
    lines = ("style\tde\tyear_from", "Bruecke\tBrücke\t1905")
    entry = read_vocabulary(write(tmp_path / "own.csv", *lines, encoding=encoding)).entry("BRÜCKE")
    assert entry is not None
    assert (entry.style, entry.years) == ("Bruecke", "from 1905")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("name,de", "A,B"), "has no column 'style'"),
        (("style,dee", "A,B"), "unknown column 'dee'. Did you mean 'de'"),
        (("style,de,de", "A,B,C"), "has the column 'de' twice"),
        (("style,de", "A,B", ",C"), "line 3 names no style"),
        (("style,de", "A,B,C"), "line 2 has more fields"),
        (("style", "A", "A"), "has the style 'A' twice"),
        (("style,synonyms", "A,x", "B,X"), "'X' stands for both A and B"),
        (("style,year_from", "A,c. 1900"), "line 2: year_from is 'c. 1900', not a year"),
        (("style,year_from,year_to", "A,1900,1800"), "year_to 1800 is before year_from 1900"),
        (("style,aat_id", "A,21503"), "line 2: aat_id is '21503', not a Getty AAT id"),
        (("style,wikidata_id", "A,40415"), "line 2: wikidata_id is '40415', not a Wikidata id"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(
    lines: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=reason):
        read_vocabulary(write(tmp_path / "own.csv", *lines))


def test_what_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    write_entries(tmp_path / "all.csv", ENTRIES.values())
    assert read_vocabulary(tmp_path / "all.csv").entries == ENTRIES
    assert (tmp_path / "all.csv").read_text("utf-8").splitlines()[0] == ",".join(COLUMNS)


def test_pages_use_a_folders_vocabulary_within_the_block_only(tmp_path: Path) -> None:
    write(tmp_path / RECORD_NAME, "style,en", "Pop_Art,Pop!")
    with styles_named_by(recorded_vocabulary(tmp_path)):
        assert display_name("Pop_Art") == "Pop!"
    assert display_name("Pop_Art") == recorded_vocabulary(tmp_path / "none").name("Pop_Art")
