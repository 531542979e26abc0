import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.config import BalanceConfig, Config
from artstyle.data.manifest import ManifestRow, write_manifest
from artstyle.eda.collection import Collection, Painting, open_collection
from artstyle.eda.copies import copies_in_source, copies_left_out
from artstyle.eda.document import KEPT
from artstyle.eda.explore import Explored, explore
from artstyle.eda.measures import (
    Measured,
    brightness,
    choose_by_style,
    even_quota,
    light_numbers,
    measure,
    quantiles,
    saturation,
    size_numbers,
    style_numbers,
)
from artstyle.errors import DataError, UsageError
from artstyle.pictures.image import DEFAULT_RULES
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.preparation.likeness import likeness
from artstyle.storage.files import write_csv
from tests.data.described import write_description

CONFIG = Config(balance=BalanceConfig(min_per_style=1))
PREPROCESSING = Preprocessing(
    image_size=32,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    interpolation="bilinear",
    fit="crop",
    read_size=40,
)


@dataclass(frozen=True)
class Seen:
    """A source, its content before, and what came of exploring it."""

    source: Path
    before: dict[str, str]
    result: Explored


def noise(seed: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A picture that is like no other."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def write_source(root: Path) -> Path:
    """Two styles: three cubists, two fauves."""
    for number, name in enumerate(
        ["Cubism/braque_a.png", "Cubism/braque_b.png", "Cubism/picasso_c.png",
         "Fauvism/matisse_d.png", "Fauvism/derain_e.png"]
    ):  # fmt: skip
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise(number, (60, 40) if number % 2 else (40, 80)).save(path)
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source")


def opened(path: Path) -> Collection:
    return open_collection(path, CONFIG.balance, seed=42)


def explored(path: Path, out: Path) -> Explored:
    return explore(opened(path), CONFIG, PREPROCESSING, out, sample=100)


def painting(path: str = "Cubism/a.png", fate: str = KEPT, artist: str = "") -> Painting:
    return Painting(path, path.split("/")[0], artist, fate, Path(path))


def measured(item: Painting, bright: float = 0, colour: float = 0) -> Measured:
    return Measured(item, 10, 10, bright, colour, "", likeness(noise(0)))


def test_brightness_is_the_mean_of_rec_601_luma() -> None:
    assert brightness(Image.new("RGB", (8, 8), (255, 0, 0))) == 76  # 0.299 * 255 = 76.2
    assert brightness(Image.new("RGB", (8, 8), (0, 255, 0))) == 150  # 0.587 * 255 = 149.7
    halves = Image.new("RGB", (8, 8), "black")
    halves.paste("white", (0, 0, 4, 8))
    assert brightness(halves) == 127.5


def test_saturation_is_the_mean_of_hsvs_s() -> None:
    assert saturation(Image.new("RGB", (8, 8), (255, 0, 0))) == 1
    assert saturation(Image.new("RGB", (8, 8), (90, 90, 90))) == 0
    halves = Image.new("RGB", (8, 8), "grey")
    halves.paste((0, 0, 255), (0, 0, 4, 8))
    assert saturation(halves) == 0.5
    # max 200, min 100: S = 100 / 200
    assert saturation(Image.new("RGB", (8, 8), (200, 100, 100))) == pytest.approx(0.5, abs=1 / 255)


def test_sizes_are_counted_as_they_are() -> None:
    numbers = size_numbers([100, 200, 300, 1000], [100, 100, 600, 50])
    assert (numbers.portrait, numbers.square, numbers.landscape) == (1, 1, 2)
    assert numbers.width_px.median == 250
    assert numbers.aspect.max == 20
    assert np.sum(numbers.size_histogram.counts) == 4
    # 20:1 is beyond the scale's end and stands in its last bin.
    assert numbers.aspect_histogram.counts[-1] == 1
    assert sum(numbers.aspect_histogram.counts) == 4


def test_quantiles_are_numpys() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    assert quantiles(values).to_dict() == {
        "min": 1, "p05": 1.2, "p25": 2, "median": 3, "p75": 4, "p95": 8.8, "max": 10, "mean": 4,
    }  # fmt: skip


def test_styles_are_counted_with_their_fates_and_artists() -> None:
    numbers = style_numbers(
        [
            painting("Cubism/a", "train", "braque"),
            painting("Cubism/b", "val", "picasso"),
            painting("Cubism/c", "balance", "picasso"),
            painting("Cubism/d", "copy"),
            painting("Fauvism/e", "test"),
        ]
    )
    assert numbers["Cubism"].to_dict() == {
        "found": 4,
        "train": 1,
        "val": 1,
        "left_out": {"balance": 1, "copy": 1},
        "artists": 2,
        "artist_known": 3,
        "top_artist": "picasso",
        "top_artist_paintings": 2,
    }
    assert numbers["Fauvism"].artists == 0


def test_a_style_of_which_fewer_were_sampled_counts_as_much_as_it_should() -> None:
    seen = [measured(painting("Cubism/a"), 200), measured(painting("Fauvism/b"), 100)]
    numbers = light_numbers(seen, {"Cubism": 3, "Fauvism": 1}).brightness
    assert numbers.mean == 175
    assert sum(numbers.histogram.shares) == pytest.approx(1, abs=1e-4)
    assert numbers.by_style["Cubism"].median == 200


@pytest.mark.parametrize(
    ("sizes", "limit", "quota"),
    [((10, 10), 8, 4), ((1, 10, 10), 9, 4), ((2, 3), 100, 3), ((5, 5, 5), 2, 1)],
)
def test_a_sample_is_as_even_as_the_styles_allow(
    sizes: tuple[int, ...], limit: int, quota: int
) -> None:
    paintings = [painting(f"{s}/{n}") for s, size in enumerate(sizes) for n in range(size)]
    assert even_quota(paintings, limit) == quota
    assert even_quota(paintings[::-1], limit) == quota


def test_a_sample_depends_on_the_seed_and_not_on_the_order() -> None:
    paintings = [painting(f"{style}/{n}") for style in "AB" for n in range(20)]
    first = choose_by_style(paintings, 5, seed=1, purpose="measure")
    again = choose_by_style(paintings[::-1], 5, seed=1, purpose="measure")
    other = choose_by_style(paintings, 5, seed=2, purpose="measure")
    assert {item.path for item in first} == {item.path for item in again}
    assert first != other
    assert [item.style for item in first] == ["A"] * 5 + ["B"] * 5


@pytest.mark.parametrize("workers", [1, 4])
def test_every_painting_is_measured_or_listed_with_its_reason(source: Path, workers: int) -> None:
    (source / "Cubism/broken.jpg").write_bytes(b"no picture")
    collection = opened(source)
    seen = measure(collection, collection.paintings, DEFAULT_RULES, workers)
    assert [item.painting.path for item in seen.measured] == [
        item.path for item in collection.paintings if item.path != "Cubism/broken.jpg"
    ]
    assert [(item.path, item.reason) for item in seen.unreadable] == [
        ("Cubism/broken.jpg", "unreadable")
    ]
    assert (seen.measured[0].width, seen.measured[0].height) == (40, 80)


def test_copies_in_a_source_are_paired(source: Path) -> None:
    shutil.copy(source / "Cubism/braque_a.png", source / "Cubism/other_z.png")
    noise(1, (60, 40)).crop((1, 0, 60, 40)).save(source / "Fauvism/braque_b.png")
    noise(99).save(source / "Fauvism/picasso_c.png")
    noise(2, (40, 80)).save(source / "Cubism/large_y.jpg")
    collection = opened(source)
    seen = measure(collection, collection.paintings, DEFAULT_RULES)
    pairs = copies_in_source(seen.measured, near_distance=3)
    assert [(pair.first.path, pair.second.path, pair.kind) for pair in pairs] == [
        ("Cubism/braque_a.png", "Cubism/other_z.png", "same file"),
        ("Cubism/braque_b.png", "Fauvism/braque_b.png", "same name"),
        ("Cubism/large_y.jpg", "Cubism/picasso_c.png", "alike"),
    ]
    assert [pair.two_styles for pair in pairs] == [False, True, False]


def left_out(path: str, fate: str, phash: int, sha256: str) -> Painting:
    style = path.split("/")[0]
    return Painting(path, style, "", fate, Path(path), 9, 9, sha256, f"{phash:016x}")


def test_a_copy_left_out_stands_beside_the_painting_that_it_is_most_like() -> None:
    pairs = copies_left_out(
        [
            left_out("A/1.png", "train", 0b0000, "s1"),
            left_out("A/2.png", "copy", 0b0001, "s2"),
            left_out("A/3.png", "train", 0b1111, "s3"),
            left_out("A/4.png", "copy", 0b0000, "s3"),
            left_out("B/5.png", "two_styles", 0xFF00, "s5"),
            left_out("C/6.png", "two_styles", 0xFF00, "s6"),
            left_out("B/7.png", "train", 0xFF00, "s7"),
        ]
    )
    assert [(pair.first.path, pair.second.path, pair.kind) for pair in pairs] == [
        ("A/1.png", "A/2.png", "alike"),
        ("A/3.png", "A/4.png", "same file"),
        ("B/5.png", "C/6.png", "alike"),
    ]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A source that was explored once."""
    root = write_source(tmp_path_factory.mktemp("museum") / "source")
    before = contents(root)
    return Seen(root, before, explored(root, root.parent / "out"))


def test_exploring_writes_figures_numbers_and_one_page(seen: Seen) -> None:
    numbers = json.loads(seen.result.numbers.read_text())
    assert numbers["paintings"] == 5
    assert numbers["styles"]["Cubism"]["found"] == 3
    assert numbers["used"] == 5
    figures = {path.name for path in seen.result.figures}
    written = {path.name for path in seen.result.page.parent.iterdir()}
    assert written == {"eda.html", "eda.json"} | figures
    page = seen.result.page.read_text()
    assert page.count("<h2>") == 10
    assert "braque_a.png" in page
    for figure in seen.result.figures:
        with Image.open(figure) as image:
            image.verify()


def test_the_page_is_called_as_the_collection_and_uses_plain_words(seen: Seen) -> None:
    page = seen.result.page.read_text()
    assert "<h1>source</h1>" in page
    assert not re.search(r"luma|BT\.601|\bHSV\b|balance policy", page)
    assert "Braque" in page
    assert ">braque<" not in page


def test_the_steps_to_the_network_are_those_of_the_recipe(source: Path, tmp_path: Path) -> None:
    squashed = replace(PREPROCESSING, fit="squash", image_size=24)
    result = explore(opened(source), CONFIG, squashed, tmp_path / "o", sample=9, recipe="demo")
    page = result.page.read_text()
    assert "It is squashed to a square of 24 x 24 pixels: all of it is seen" in page
    assert f"So it is with the recipe &#39;demo&#39; and {CONFIG.model.name}." in page
    assert "3 squashed\n24 x 24" in page


def test_the_source_is_left_as_it_was(seen: Seen) -> None:
    assert contents(seen.source) == seen.before


def test_exploring_again_writes_the_same_bytes(seen: Seen) -> None:
    out = seen.result.page.parent
    first = contents(out)
    (out / "copies.png").write_bytes(b"of a picture that is gone by now")
    explored(seen.source, out)
    assert contents(out) == first


def test_what_a_killed_eda_left_is_removed_by_the_next(seen: Seen) -> None:
    out = seen.result.page.parent
    (out / ".tmpabc.png").write_bytes(b"half a figure")
    explored(seen.source, out)
    assert not list(out.glob(".tmp*"))


def test_a_folder_of_other_files_is_not_written_to(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files; choose an empty or new folder"):
        explored(source, out)
    assert contents(out) == {"chapter.txt": hashlib.sha256(b"mine").hexdigest()}


def test_nothing_is_written_inside_a_source(source: Path) -> None:
    with pytest.raises(UsageError, match="is inside the pictures' folder"):
        explored(source, source / "eda")


def test_a_source_without_one_readable_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad/Cubism/a.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of the pictures can be read; Cubism/a\.png: not a"):
        explored(tmp_path / "bad", tmp_path / "out")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A dataset folder as `prepare` writes it: four paintings, one of them a copy."""
    root = tmp_path / "processed"
    fates = {"Cubism/a.png": "train", "Cubism/b.png": "copy", "Fauvism/c.png": "test",
             "Fauvism/d.png": "val"}  # fmt: skip
    rows = [dataset_row(root, n, path, fate) for n, (path, fate) in enumerate(fates.items())]
    write_manifest(root / "manifest.csv", rows)
    config = Config(balance=BalanceConfig(policy="oversample"))
    write_description(root / "dataset.json", rows, config=config)
    write_csv(
        root / "rejected.csv",
        ("path", "style", "reason", "detail"),
        [{"path": "Cubism/x.png", "style": "Cubism", "reason": "unreadable", "detail": "empty"}],
    )
    return root


def dataset_row(root: Path, number: int, path: str, fate: str) -> ManifestRow:
    cached = f"images/{number}.png"
    (root / "images").mkdir(parents=True, exist_ok=True)
    noise(number).save(root / cached)
    left_out = fate if fate == "copy" else ""
    return ManifestRow(
        path=path, style=path.split("/")[0], artist="someone", title="", genre="",
        split="" if left_out else fate, left_out=left_out, width=3000, height=2000 + number,
        sha256=str(number), phash=f"{number:016x}", cached=cached,
    )  # fmt: skip


def test_a_dataset_folder_is_reported_in_its_own_terms_and_its_lost_pictures_listed(
    dataset: Path,
) -> None:
    (dataset / "images/2.png").unlink()
    result = explored(dataset, dataset / "eda")
    assert [item.path for item in result.unreadable] == ["Fauvism/c.png"]
    numbers = json.loads(result.numbers.read_text())
    assert numbers["form"] == "dataset folder"
    assert (numbers["paintings"], numbers["used"], numbers["left_out"]) == (4, 3, {"copy": 1})
    assert numbers["sizes"]["width_px"]["max"] == 3000  # of the originals, not of the copies
    assert [pair["second"] for pair in numbers["copies"]] == ["Cubism/b.png"]
    assert [item["path"] for item in numbers["rejected"]] == ["Cubism/x.png", "Fauvism/c.png"]
    assert "Cubism/x.png" in result.page.read_text()
    page = result.page.read_text()
    assert "at most 4,000 of each style; in training, rare styles are repeated" in page
    assert (dataset / "eda/copies.png").is_file()


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real paintings are not here")
def test_real_paintings_are_as_bright_as_their_styles_are_known_to_be() -> None:
    collection = opened(SHARED / "paintings")
    chosen = choose_by_style(collection.paintings, 12, seed=42, purpose="measure")
    seen = measure(collection, chosen, DEFAULT_RULES)
    styles = style_numbers(collection.paintings)
    light = light_numbers(seen.measured, {name: row.found for name, row in styles.items()})
    medians = {name: row.median for name, row in light.brightness.by_style.items()}
    assert medians["Baroque"] < medians["Impressionism"] < medians["Minimalism"]
