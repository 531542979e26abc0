from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from artstyle.preparation.copies import find_copies, hamming_pairs, near_pairs
from artstyle.preparation.likeness import Likeness, likeness
from artstyle.preparation.sources.source import SourceImage
from tests.preparation.pictures import painting, recompressed

LOOK = likeness(painting(0))


def image(path: str, artist: str = "someone", title: str = "") -> SourceImage:
    return SourceImage(path, path.partition("/")[0], artist, title, "", "")


def groups_of(images: list[SourceImage], sha256s: list[str], looks: list[Likeness]) -> list[int]:
    return list(find_copies(images, sha256s, looks, near_distance=6).groups)


def different(count: int) -> list[Likeness]:
    return [likeness(painting(seed)) for seed in range(count)]


@given(st.randoms(use_true_random=False), st.integers(0, 8))
def test_pairs_within_a_distance_are_those_that_comparing_all_finds(
    random: Random, distance: int
) -> None:
    seeds = [random.getrandbits(64) for _ in range(12)]
    near = [
        seed ^ sum(1 << bit for bit in random.sample(range(64), random.randint(0, 10)))
        for seed in seeds
        for _ in range(5)
    ]
    hashes = np.array(sorted({*seeds, *near}), dtype=np.uint64)
    every = [(i, j) for j in range(len(hashes)) for i in range(j)]
    expected = [
        (i, j) for i, j in every if (int(hashes[i]) ^ int(hashes[j])).bit_count() <= distance
    ]
    assert hamming_pairs(hashes, distance).tolist() == [list(pair) for pair in sorted(expected)]


def test_files_with_equal_bytes_are_one_painting() -> None:
    images = [image("A/x.jpg"), image("A/y.jpg"), image("B/z.jpg")]
    assert groups_of(images, ["1", "2", "1"], different(3)) == [0, 1, 0]


def test_files_that_look_alike_are_one_painting() -> None:
    original = painting(7, (300, 200))
    looks = [likeness(recompressed(original)), likeness(painting(8)), likeness(original)]
    images = [image("A/x.jpg"), image("A/y.jpg"), image("B/z.jpg")]
    assert groups_of(images, ["1", "2", "3"], looks) == [0, 1, 0]


def test_without_near_distance_only_equal_bytes_count() -> None:
    images, looks = [image("A/x.jpg"), image("B/y.jpg")], [LOOK, LOOK]
    assert find_copies(images, ["1", "2"], looks, near_distance=-1).groups == (0, 1)
    assert find_copies(images, ["1", "2"], looks, near_distance=0).groups == (0, 0)


def test_copies_of_copies_are_one_painting() -> None:
    images = [image("A/paul-klee_cat.jpg"), image("A/x.jpg"), image("B/paul-klee_cat.jpg")]
    images.append(image("B/y.jpg"))
    looks = different(4)
    # 0 and 2 by name, 1 and 2 by bytes, 3 by look with 1.
    looks[2], looks[3] = with_another_hash(looks[0]), looks[1]
    assert groups_of(images, ["1", "2", "2", "3"], looks) == [0, 0, 0, 0]


def with_another_hash(look: Likeness) -> Likeness:
    """Return the look of a picture that the eye, but not the hash, takes for the same."""
    return replace(look, phash=look.phash ^ 0xFFFF0)


def test_the_same_official_name_in_two_folders_is_one_painting_if_the_pixels_are_alike() -> None:
    for name in ("paul-klee_cat-and-bird(1).jpg", "brice-marden_10-2011.jpg", "raphael_été.jpg"):
        images = [image(f"A/{name}"), image(f"B/{name}")]
        alike = [LOOK, with_another_hash(LOOK)]
        assert groups_of(images, ["1", "2"], alike) == [0, 0], name
        assert groups_of(images, ["1", "2"], different(2)) == [0, 1], name
        assert groups_of([images[0], image("B/x.jpg")], ["1", "2"], alike) == [0, 1], name


def test_one_title_by_two_artists_is_two_paintings() -> None:
    images = [
        image("Baroque/rembrandt/self_portrait.jpg", "rembrandt"),
        image("Post_Impressionism/van-gogh/self_portrait.jpg", "van-gogh"),
    ]
    assert groups_of(images, ["1", "2"], different(2)) == [0, 1]


def test_names_that_cameras_and_scripts_give_say_nothing() -> None:
    for name in ("img_0001.jpg", "0001.jpg", "scan.jpg", "12_34.jpg", "a_.jpg"):
        images = [image(f"A/{name}"), image(f"B/{name}")]
        alike = [LOOK, with_another_hash(LOOK)]
        assert groups_of(images, ["1", "2"], alike) == [0, 1], name


def test_rows_of_parquet_shards_are_named_by_artist_and_title() -> None:
    images = [
        image("train.parquet#000001", "paul-klee", "cat"),
        image("train.parquet#000002", "paul-klee", "dog"),
        image("test.parquet#000001", "paul-klee", "cat"),
        image("test.parquet#000002", "paul-klee", ""),
    ]
    looks = different(4)
    looks[2] = looks[3] = with_another_hash(looks[0])
    assert groups_of(images[:3], ["1", "2", "3"], looks[:3]) == [0, 1, 0]
    assert groups_of([images[0], images[3]], ["1", "4"], looks[::3]) == [0, 1]


def test_pictures_of_one_colour_are_no_copies_of_each_other() -> None:
    flat = Likeness(0, bytes(192))
    assert near_pairs([flat, flat, LOOK], 6) == []


def test_a_hundred_thousand_pictures_that_are_all_alike_are_joined_in_linear_time() -> None:
    count = 100_000
    pairs = near_pairs([LOOK] * count, 6)
    assert len(pairs) < 2 * count
    assert {j for _, j in pairs} == set(range(1, count))


def test_equal_hashes_with_different_colours_are_different_pictures() -> None:
    inverted = bytes(255 - value for value in LOOK.thumbnail)
    assert near_pairs([LOOK, replace(LOOK, thumbnail=inverted)], 6) == []


def test_a_collection_without_pictures_has_no_copies() -> None:
    assert find_copies([], [], [], near_distance=6).groups == ()
