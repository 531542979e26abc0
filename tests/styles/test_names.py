import unicodedata
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artstyle.styles.names import canonical_style, is_style_name, style_key
from artstyle.styles.vocabulary import known_style, read_vocabulary

WIKIART_STYLES = tuple(read_vocabulary().entries)

# What a name on a file system can be: any bytes but NUL, those that are no UTF-8 as surrogates.
NAMES = st.text(max_size=20) | st.binary(max_size=20).map(
    lambda raw: raw.replace(b"\0", b"=").decode("utf-8", errors="surrogateescape")
)


@given(NAMES)
@example("\udcda\u0300")
@example("e\u202a\u0301")
@example("\u2000x\u2001")
@example("a\n\u0300")
def test_the_one_spelling_of_a_style_stays_as_it_is(name: str) -> None:
    style = canonical_style(name)
    assert canonical_style(style) == style
    assert unicodedata.is_normalized("NFC", style)
    assert not style or is_style_name(style)
    style.encode("utf-8")


@given(NAMES)
@example("\udcda\u0300")
def test_a_style_and_its_one_spelling_have_one_key(name: str) -> None:
    assert style_key(canonical_style(name)) == style_key(name)
    assert style_key(unicodedata.normalize("NFD", name)) == style_key(
        unicodedata.normalize("NFC", name)
    )


@pytest.mark.parametrize(
    "spellings",
    [
        ("Ukiyo-e", "Ukiyo_e", "ukiyo e", "UKIYO.E", "Ukiyo‐e", "Ukiyo – e", "ukiyōe", " Ukiyo_e "),
        ("Post-Impressionism", "Post_Impressionism", "post impressionism", "PostImpressionism"),
        ("Pop Art", "PopArt", "Pop_Art", "pop.art", "POP-ART", "Pop\u00a0Art", "Pop\u200bArt"),
        ("Art Déco", "Art Deco", "art-deco", "Art De\u0301co", "ART DÉCO"),
        ("Großformat", "GROSSFORMAT"),
        ("Κυβισμός", "κυβισμος", "ΚΥΒΙΣΜΟΣ"),
        ("Style 12", "style-12", "Style_12", "style12"),
        ("Style 1.5", "style 1-5", "Style_1_5"),
        ("印象 派", "印象派"),
        ("🎨", "🎨\ufe0f"),
    ],
)
def test_spellings_of_one_style_have_one_key(spellings: tuple[str, ...]) -> None:
    assert len(set(map(style_key, spellings))) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("C++", "C#", "C"),
        ("か", "が", "は", "ば", "ぱ"),
        ("и", "й"),
        ("е", "ё"),
        ("हिन्दी", "हिनदी"),
        ("กา", "ก่า"),
        ("مدرسة", "مدرسه"),
        ("...", "---", "_", ". ."),
        ("1", "-1", "11", "1.1", "1.11", "11.1"),
        ("Style 1.5", "Style 15", "Style 1", "Style -1"),
        ("🎨", "🖼"),
        ("Ł", "L"),
        ("x²", "x2"),
        ("\udce9", "e"),
    ],
)
def test_names_of_different_styles_have_different_keys(names: tuple[str, ...]) -> None:
    for one, other in combinations(names, 2):
        assert style_key(one) != style_key(other), (one, other)


def test_wikiarts_styles_are_known_in_any_spelling_and_kept_apart() -> None:
    assert len(set(map(style_key, WIKIART_STYLES))) == len(WIKIART_STYLES)
    assert known_style("POST-impressionism") == "Post_Impressionism"
    assert known_style("art-nouveau") == "Art_Nouveau_Modern"
    assert known_style("Vorticism") is None
