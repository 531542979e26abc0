"""Whether the time and memory of `artstyle prepare` grow in proportion to the collection.

Two ways: tiny files through the whole command; and rows without pixels, as reading would have told
of them, through all that follows reading: copies, balance, split, description, manifest, index.
torch stays out of this module: its memory would be counted.
"""

import atexit
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import MappingProxyType

import numpy as np
from PIL import Image

from artstyle.data.dataset import DatasetFolder
from artstyle.preparation.cache import CacheIndex, cache_rules
from artstyle.preparation.decisions import decide, resolve_group
from artstyle.preparation.describe import describe
from artstyle.preparation.likeness import THUMBNAIL_BYTES, Likeness
from artstyle.preparation.prepare import prepare, write_folder
from artstyle.preparation.scan import Scan
from artstyle.preparation.scan_table import ScannedImage, ScannedImages, cached_name
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.recipes import resolve_config
from artstyle.styles.vocabulary import read_vocabulary
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest

_FILES = (10_000, 80_000)
_ROWS = (10_000, 80_000, 1_000_000)
_PICTURES_AN_ARTIST = 70
# One in so many is a copy of another, byte for byte.
_COPIES = 200

Work = Callable[[], None]


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield one contest over files and one for each way to group a split."""
    whole = (pictures,) if pictures else _FILES
    yield sizes("prepare", "the whole command, tiny files", f"{__name__}:files", whole)
    rows = (pictures,) if pictures else _ROWS
    for group in ("image", "artist"):
        what = f"after reading, split by {group}"
        yield sizes("prepare", what, f"{__name__}:rows", rows, {"group": group})


def sizes(
    stage: str,
    what: str,
    build: str,
    counts: tuple[int, ...],
    more: Mapping[str, object] = MappingProxyType({}),
) -> Contest:
    """Return a contest of one work over collections of several sizes.

    Args:
        stage: The command.
        what: The work.
        build: Of a contender: ``module:function``, whose argument ``count`` is a size.
        counts: The sizes, from the smallest.
        more: Further arguments.
    """
    first, *others = counts
    return Contest(
        stage=stage,
        what=f"{what}; the smallest collection counts as artstyle, larger ones beside it",
        unit="picture",
        units=first,
        contenders=(
            Contender(f"{first:,}", build, {"count": first, **more}, "artstyle"),
            *(
                Contender(f"{count:,}", build, {"count": count, **more}, units=count)
                for count in others
            ),
        ),
    )


def files(count: int) -> Work:
    """Build `artstyle prepare` over tiny files, into a new folder each time."""
    folder = tiny(count)
    config = resolve_config(overrides=["balance.policy=none"]).config

    def work() -> None:
        out = _scratch()
        prepare(folder, out, config)
        rmtree(out)

    return work


def tiny(count: int) -> Path:
    """Return a folder of JPEGs of 24 pixels a side, each a picture of its own."""
    folder = corpora.cache() / "tiny" / str(count)
    if folder.is_dir():
        return folder
    beside = folder.with_suffix(".part")
    rmtree(beside, ignore_errors=True)
    chance = np.random.default_rng(0)
    for number in range(count):
        path = beside / _image(number, count).path
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = chance.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((24, 24)).save(path, quality=90)
    beside.rename(folder)
    return folder


def rows(count: int, group: str) -> Work:
    """Build what follows reading, into a new folder each time."""
    overrides = ["balance.policy=none", f"split.group={group}"]
    config = resolve_config(overrides=overrides).config
    rules = cache_rules(config.data)
    scan = _scan(count, rules.key)
    source = Source(Path("collection"), "folders", scan.images, 0, ())

    def work() -> None:
        dataset = DatasetFolder(_scratch())
        (dataset.path / "images").mkdir()
        index = CacheIndex(dataset.path, "collection", rules)
        index.settle(scan.scanned)
        resolved = config.model_copy(update={"split": resolve_group(config.split, source)})
        decisions = decide(scan.images, scan.scanned, resolved)
        description = describe("collection", source, scan, decisions, config, resolved)
        write_folder(dataset, scan, decisions, description, index)
        rmtree(dataset.path)

    return work


def _scan(count: int, rules_key: str) -> Scan:
    images, scanned = [], ScannedImages(rules_key)
    for number in range(count):
        image = _image(number, count)
        images.append(image)
        original = number // 2 if number % _COPIES == _COPIES - 1 else number
        scanned.append(image.path, _scanned(image.path, original, rules_key))
    return Scan(tuple(images), scanned, ())


def _image(number: int, count: int) -> SourceImage:
    styles = sorted(read_vocabulary().entries)
    style = styles[number * len(styles) // count]
    artist = f"the-artist-{number % (1 + count // _PICTURES_AN_ARTIST)}"
    title = f"the-title-of-a-painting-{number:07}"
    return SourceImage(f"{style}/{artist}_{title}.jpg", style, artist, title, "", "")


def _scanned(path: str, original: int, rules_key: str) -> ScannedImage:
    content = hashlib.sha256(str(original).encode())
    look = content.digest() * (THUMBNAIL_BYTES // 32)
    sha256 = content.hexdigest()
    return ScannedImage(
        path=path,
        size=2_000_000,
        mtime_ns=1_700_000_000_000_000_000 + original,
        sha256=sha256,
        width=3000,
        height=2000,
        format="JPEG",
        mode="RGB",
        likeness=Likeness(int.from_bytes(content.digest()[:8]) & ~1, look),
        cached=cached_name(sha256, rules_key),
        cached_bytes=80_000,
        profile_ignored=False,
    )


def _scratch() -> Path:
    out = Path(mkdtemp(prefix="artstyle-bench-"))
    atexit.register(rmtree, out, ignore_errors=True)
    return out
