import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from artstyle.preparation.prepare import prepare
from tests.preparation.pictures import painting, recompressed, write_painting
from tests.preparation.prepared import STYLES, config, rejected, rows
from tests.preparation.wikiart_names import paint_listed, write_lists


def test_class_weights_are_those_of_train(museum: Path, tmp_path: Path) -> None:
    for number in range(20):
        write_painting(museum / "Rococo" / f"many_{number}.jpg", 500 + number)
    description = prepare(museum, tmp_path / "out", config()).dataset.description
    trained = {style: row.train for style, row in description.counts.styles.items()}
    for style in STYLES:
        expected = sum(trained.values()) / (len(STYLES) * trained[style])
        assert description.class_weights[style] == pytest.approx(expected)


def test_a_painting_under_two_styles_is_left_out_with_its_other_style(
    museum: Path, tmp_path: Path
) -> None:
    same_bytes = museum / "Rococo" / "somebody_else.jpg"
    shutil.copy(museum / "Cubism" / "cubism-artist-0_work-0.jpg", same_bytes)
    alike = museum / "Ukiyo_e" / "another_one.jpg"
    recompressed(painting(1), 70).save(alike)
    same_name = museum / "Ukiyo_e" / "cubism-artist-1_work-2.jpg"
    recompressed(painting(2), 60).save(same_name)
    write_painting(museum / "Ukiyo_e" / "cubism-artist-2_work-4.jpg", 888)
    prepared = prepare(museum, tmp_path / "out", config())
    assert rejected(prepared) == {
        "Cubism/cubism-artist-0_work-0.jpg": (
            "two_styles",
            "also Rococo: Rococo/somebody_else.jpg",
        ),
        "Rococo/somebody_else.jpg": (
            "two_styles",
            "also Cubism: Cubism/cubism-artist-0_work-0.jpg",
        ),
        "Cubism/cubism-artist-0_work-1.jpg": (
            "two_styles",
            "also Ukiyo_e: Ukiyo_e/another_one.jpg",
        ),
        "Ukiyo_e/another_one.jpg": (
            "two_styles",
            "also Cubism: Cubism/cubism-artist-0_work-1.jpg",
        ),
        "Cubism/cubism-artist-1_work-2.jpg": (
            "two_styles",
            "also Ukiyo_e: Ukiyo_e/cubism-artist-1_work-2.jpg",
        ),
        "Ukiyo_e/cubism-artist-1_work-2.jpg": (
            "two_styles",
            "also Cubism: Cubism/cubism-artist-1_work-2.jpg",
        ),
    }
    assert prepared.dataset.description.copies.two_styles_paintings == 3


def test_two_styles_that_are_kept_are_in_one_split(museum: Path, tmp_path: Path) -> None:
    for number in range(12):
        name = f"rococo-artist-{number // 2}_work-{number}.jpg"
        shutil.copy(museum / "Rococo" / name, museum / "Cubism" / f"copy_of-{number}.jpg")
    for seed in range(3):
        out = tmp_path / f"out{seed}"
        prepared = prepare(museum, out, config("quality.two_styles=keep", f"seed={seed}"))
        found = rows(prepared)
        for number in range(12):
            original = found[f"Rococo/rococo-artist-{number // 2}_work-{number}.jpg"]
            assert original.split == found[f"Cubism/copy_of-{number}.jpg"].split != ""


def test_of_exact_copies_in_a_style_the_first_is_kept(museum: Path, tmp_path: Path) -> None:
    original = museum / "Cubism" / "cubism-artist-0_work-0.jpg"
    shutil.copy(original, museum / "Cubism" / "zz_copy.jpg")
    prepared = prepare(museum, tmp_path / "out", config())
    assert rejected(prepared) == {
        "Cubism/zz_copy.jpg": ("copy", "copy of Cubism/cubism-artist-0_work-0.jpg")
    }
    kept = prepare(museum, tmp_path / "kept", config("quality.copies=keep"))
    assert rejected(kept) == {}
    assert rows(kept)["Cubism/zz_copy.jpg"].split != ""


def test_near_copies_in_a_style_are_in_one_split(museum: Path, tmp_path: Path) -> None:
    for number in range(12):
        recompressed(painting(number), 60).save(museum / "Cubism" / f"near_{number}.jpg")
    for seed in range(3):
        found = rows(prepare(museum, tmp_path / f"out{seed}", config(f"seed={seed}")))
        for number in range(12):
            original = found[f"Cubism/cubism-artist-{number // 2}_work-{number}.jpg"]
            assert original.split == found[f"Cubism/near_{number}.jpg"].split != ""


def test_split_folders_keep_their_splits_and_copies_stay_in_test(
    museum: Path, tmp_path: Path
) -> None:
    root = tmp_path / "split"
    shutil.copytree(museum, root / "train")
    for split, first_seed in (("val", 6000), ("test", 7000)):
        for number, style in enumerate(STYLES):
            for n in range(4):
                write_painting(root / split / style / f"x_{n}.jpg", first_seed + 10 * number + n)
    shutil.copy(root / "test" / "Cubism" / "x_0.jpg", root / "train" / "Cubism" / "leak.jpg")
    prepared = prepare(root, tmp_path / "out", config())
    found = rows(prepared)
    assert prepared.dataset.description.split.group == "official"
    assert prepared.dataset.description.config.split.group == "auto"
    assert rejected(prepared) == {"train/Cubism/leak.jpg": ("copy", "copy of test/Cubism/x_0.jpg")}
    for path, row in found.items():
        assert row.split == ("" if path.endswith("leak.jpg") else path.partition("/")[0])


def test_the_official_lists_with_names_under_two_styles(tmp_path: Path) -> None:
    styles = ("Cubism", "Expressionism", "Realism")
    names = [f"paul-klee_été-{n}.jpg" for n in range(30)]
    listed = [f"{styles[n % 3]}/{name}" for n, name in enumerate(names)]
    twice = [f"{styles[(n + 1) % 3]}/{names[n]}" for n in range(5)]
    lists, root = tmp_path / "lists", tmp_path / "wikiart"
    write_lists(lists, styles, [*listed[:20], *twice[:3]], [*listed[20:], *twice[3:]])
    assert paint_listed(lists, root) == 35
    for n in range(5):
        shutil.copy(root / listed[n], root / twice[n])
    (root / listed[-1]).unlink()
    prepared = prepare(root, tmp_path / "out", config("split.group=official"), lists=lists)
    description = prepared.dataset.description
    assert description.copies.two_styles_paintings == 5
    assert description.counts.left_out["two_styles"] == 10
    assert description.source.missing == 1
    assert {row.split for row in rows(prepared).values()} == {"train", "val", "test", ""}
    tested = {row.path for row in rows(prepared).values() if row.split == "test"}
    assert tested == set(listed[20:-1])


def test_artists_are_kept_apart_when_asked(museum: Path, tmp_path: Path) -> None:
    prepared = prepare(museum, tmp_path / "out", config("split.group=artist"))
    splits = defaultdict(set)
    for row in rows(prepared).values():
        splits[row.artist].add(row.split)
    assert all(len(found) == 1 for found in splits.values())
    assert prepared.dataset.description.split.artist_overlap.test == 0


def test_near_copies_across_official_splits_stay_in_test_only(museum: Path, tmp_path: Path) -> None:
    root = tmp_path / "split"
    shutil.copytree(museum, root / "train")
    for number, style in enumerate(STYLES):
        for n in range(4):
            write_painting(root / "test" / style / f"x_{n}.jpg", 7000 + 10 * number + n)
    recompressed(painting(7000), 60).save(root / "train" / "Cubism" / "leak.jpg")
    prepared = prepare(root, tmp_path / "out", config())
    assert rejected(prepared) == {
        "train/Cubism/leak.jpg": ("copy_across_splits", "copy of test/Cubism/x_0.jpg")
    }
