import pytest

from artstyle.preparation.tables.cells import cell_styles, cell_text, is_nothing
from artstyle.styles.vocabulary import read_vocabulary


def styles(*cells: str) -> list[tuple[str, ...]]:
    """Return what each cell of a column names."""
    named = cell_styles(cells)
    return [named[cell] for cell in cells]


@pytest.mark.parametrize(
    "cell",
    [
        "", " ", "nan", "NaN", "NA", "N/A", "n.a.", "none", "None", "NULL", "nil", "<NA>", "NaT",
        "unknown", "Unknown Style", "(unknown)", "[none]", "-", "--", "–", "—", "?", "???", ".",
        "_", "*", "'nan'", '""', "#N/A", "empty", "not available", "[]", "{}", "()", "['']",
        "[None]", "['nan']", "[nan, nan]", "undefined", "Unlabelled", "missing",
    ],
)  # fmt: skip
def test_what_says_nothing_is_not_a_style(cell: str) -> None:
    assert styles(cell) == [()]
    assert cell_text(cell) == ""


@pytest.mark.parametrize(
    "style", [*read_vocabulary().entries, "Nanga", "Nabis", "Na-ïf", "(Neo-)Dada", "2"]
)
def test_a_style_is_not_nothing_whatever_its_signs(style: str) -> None:
    assert not is_nothing(style)
    assert styles(style) == [(style,)]


@pytest.mark.parametrize(
    "cell",
    [
        "['Pop Art']", '["Pop Art"]', "[Pop Art]", "('Pop Art',)", '("Pop Art")', "{'Pop Art'}",
        "{Pop Art}", '{"Pop Art"}', "[ 'Pop Art' ]", "['Pop Art', '']", "[u'Pop Art']",
        "['Pop Art', 'pop art']"[:11] + "]", "['Pop Art', nan]", "Pop Art, Pop Art", "Pop Art;",
    ],
)  # fmt: skip
def test_a_list_of_one_element_is_its_element(cell: str) -> None:
    assert styles(cell) == [("Pop_Art",)]


def test_quotes_inside_a_list_belong_to_the_name() -> None:
    assert styles('["L\'Art"]', r"['L\'Art']") == [("L'Art",), ("L'Art",)]


@pytest.mark.parametrize(
    "cell",
    [
        "Cubism, Rococo", "Cubism;Rococo", "Cubism | Rococo", "Cubism\nRococo",
        "['Cubism', 'Rococo']", '["Cubism","Rococo"]', "['Cubism' 'Rococo']", "{Cubism,Rococo}",
        "Cubism/Rococo", "Cubism & Rococo", "Cubism and Rococo", "Cubism + Rococo",
    ],
)  # fmt: skip
def test_several_styles_in_a_cell_are_told_apart(cell: str) -> None:
    assert styles(cell) == [("Cubism", "Rococo")]


def test_a_joint_within_a_name_does_not_part_it_unless_its_parts_stand_alone() -> None:
    assert styles("Arts and Crafts", "Mingei/Sosaku", "Art Nouveau & Jugendstil") == [
        ("Arts_and_Crafts",),
        ("Mingei/Sosaku",),
        ("Art_Nouveau",),
    ]
    assert styles("Arts &amp; Crafts") == [("Arts_&amp;_Crafts",)]
    assert styles("Mingei/Sosaku", "mingei", "Sosaku")[0] == ("Mingei", "Sosaku")


def test_commas_in_the_long_names_of_wikiart_part_nothing() -> None:
    assert styles("Mannerism, Late Renaissance", "Naive Art, Primitivism") == [
        ("Mannerism_Late_Renaissance",),
        ("Naive_Art_Primitivism",),
    ]
