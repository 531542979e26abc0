import random
from pathlib import Path

import pytest

from artstyle.preparation.sources.one_spelling import styles_in_one_spelling
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.styles.vocabulary import read_vocabulary


def source(*styles: str) -> Source:
    images = (SourceImage(f"{n:03}.jpg", style, "", "", "", "") for n, style in enumerate(styles))
    return Source(Path(), "manifest", tuple(images), 0, ("before",))


def one_spelling(found: Source) -> Source:
    return styles_in_one_spelling(found, read_vocabulary())


def spelt(*styles: str) -> set[str]:
    return {image.style for image in one_spelling(source(*styles)).images}


def test_folders_that_name_no_style_are_left_out_with_a_note() -> None:
    found = one_spelling(source("Baroque", "unknown", "NaN", "unknown", "None"))
    assert [image.style for image in found.images] == ["Baroque"]
    assert found.notes == (
        "before",
        "pictures whose folder names no style ('NaN', 'None', 'unknown'), left out: 4",
    )


def test_wikiarts_spelling_wins_however_rare() -> None:
    assert spelt("ukiyo e", "ukiyo e", "Ukiyo-e", "Ukiyo_e") == {"Ukiyo_e"}
    assert spelt("PopArt", "pop-art") == {"Pop_Art"}
    assert spelt("art-nouveau", "Art Nouveau") == {"Art_Nouveau_Modern"}


def test_else_the_most_frequent_spelling_wins_and_the_first_of_equals() -> None:
    assert spelt("art deco", "Art-Déco", "art deco", "ArtDeco") == {"art_deco"}
    assert spelt("art-deco", "Art_Deco", "ART DECO") == {"ART_DECO"}
    # Spellings that differ in spaces alone are counted together.
    assert spelt("De_Stijl", "De Stijl", "de stijl", "de stijl", "De  Stijl") == {"De_Stijl"}


def test_the_note_names_each_spelling() -> None:
    notes = one_spelling(source("Pop Art", "PopArt", "Vorticism", "vorticism ")).notes
    assert notes == (
        "before",
        "spellings taken for one style, Pop_Art: 'Pop Art' and 'PopArt'",
        "spellings taken for one style, Vorticism: 'Vorticism' and 'vorticism '",
    )


def test_a_lone_spelling_becomes_wikiarts_and_a_note_says_so() -> None:
    renamed = one_spelling(source("post-impressionism", "Pop Art", "de stijl"))
    styles = [image.style for image in renamed.images]
    assert styles == ["Post_Impressionism", "Pop_Art", "de_stijl"]
    assert renamed.notes[1:] == (
        "known styles, renamed: 'post-impressionism' as Post_Impressionism;"
        " a styles.file can keep your own names",
    )


def test_different_styles_stay_apart() -> None:
    names = (
        "C++",
        "C#",
        "か",
        "が",
        "1",
        "-1",
        "11",
        "1.1",
        "Realism",
        "New_Realism",
    )
    assert spelt(*names) == set(names)


def test_the_order_of_the_source_does_not_matter() -> None:
    styles = ["art deco", "Art-Deco", "ART DECO", "artdeco", "Cubism", "cubism"] * 3
    expected = one_spelling(source(*sorted(styles)))
    for seed in range(5):
        shuffled = random.Random(seed).sample(styles, len(styles))
        found = one_spelling(source(*shuffled))
        assert {image.style for image in found.images} == {i.style for i in expected.images}
        assert found.notes == expected.notes


@pytest.mark.parametrize("form", ["folders", "table"])
def test_every_kind_of_source_has_one_spelling(form: str, tmp_path: Path) -> None:
    for number, style in enumerate(("Ukiyo-e", "Ukiyo_e", "ukiyo e")):
        folder = tmp_path / style
        folder.mkdir()
        (folder / f"{number}.jpg").touch()
    if form == "table":
        paths = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.jpg")]
        lines = [f"{path},{path.parent}" for path in paths]
        (tmp_path / "manifest.csv").write_text("path,style\n" + "\n".join(lines) + "\n", "utf-8")
    opened = open_source(tmp_path)
    assert {image.style for image in opened.images} == {"Ukiyo_e"}
    assert any(note.startswith("spellings taken for one style, Ukiyo_e:") for note in opened.notes)
