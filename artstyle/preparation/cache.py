"""The pre-resized copies in a dataset folder, and the index that lets later runs reuse them."""

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, get_type_hints

from PIL import Image

from artstyle.config import DataConfig
from artstyle.pictures.image import ImageRules
from artstyle.preparation.likeness import THUMBNAIL_BYTES, Likeness
from artstyle.preparation.scan_table import ScannedImage, ScannedImages, cached_name
from artstyle.storage.files import atomic_path, digest, write_bytes

INDEX_NAME = "index.jsonl"
# Raised whenever the same file would give another copy or another likeness.
_PIXELS_VERSION = 3
COPY_MARGIN = 1.25
"""``draft_margin`` of what is read for a copy. A scan of 6 megapixels then differs from the one
decoded whole by 0.6 of 255 grey levels on average, and the sharpest picture by 2.1, as much as the
copy's own JPEG; at 2 it was 0.2 and 0.5, and reading took 1.4 times as long."""
# JPEG ends at 65,535 pixels a side. Pictures longer than this, 38 times the usual shorter side, are
# shrunk as a whole: no painting is, a strip of pixels may be.
_LONGEST_SIDE_PX = 16_384
# Without chroma subsampling thin coloured strokes stay coloured. Measured on real paintings: 47 dB
# from the shrunk original and 80 kB at a short side of 352 (quality 90: 43 dB, 60 kB).
_JPEG_QUALITY = 95
_NO_SUBSAMPLING = 0


@dataclass(frozen=True)
class CacheRules:
    """The rules that decide the pixels of a copy, given the file."""

    short_side_px: int
    """Short side of the copies; smaller pictures are not enlarged."""
    image: ImageRules

    @property
    def key(self) -> str:
        """Equal for rules that make equal copies."""
        return digest([_PIXELS_VERSION, asdict(self)])[:16]


def cache_rules(config: DataConfig) -> CacheRules:
    """Return the rules that a configuration states."""
    image = ImageRules(config.max_pixels, config.min_side_px, config.background)
    return CacheRules(config.cache_size, image)


def write_copy(folder: Path, cached: str, pixels: Image.Image) -> int:
    """Write the copy of a picture, already shrunk, and return its size in bytes.

    It is renamed into place but not forced to the disk: that would cost more time than decoding.
    A copy that a power cut damages is found by its size when the folder is prepared again.
    """
    scale = _LONGEST_SIDE_PX / max(pixels.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in pixels.size)
        pixels = pixels.resize((width, height), Image.Resampling.BICUBIC)
    encoded = BytesIO()
    pixels.save(encoded, "JPEG", quality=_JPEG_QUALITY, subsampling=_NO_SUBSAMPLING)
    content = encoded.getvalue()
    write_bytes(folder / cached, content, durable=False)
    return len(content)


class CacheIndex:
    """The file in a dataset folder that remembers what was read, so that it is not read again.

    Its first line names the source and the rules; each further line is one picture. Lines are
    added as pictures are read, so that an interrupted run can resume; a line that was cut off is
    ignored.
    """

    def __init__(self, folder: Path, source: str, rules: CacheRules) -> None:
        self.folder = folder
        self.path = folder / "images" / INDEX_NAME
        self._header = {"source": source, "rules": rules.key}
        self._known = ScannedImages(rules.key)
        self._at: dict[str, int] = {}
        """Path -> row in what is known."""
        self._untidy = False
        """Whether the file holds more than what is known: cut-off or superseded lines."""
        self._read()

    def find(self, path: str, stat: tuple[int, int]) -> ScannedImage | None:
        """Return the facts about an unchanged file whose copy still exists, or None."""
        if path not in self._at:
            return None
        scanned = self.recall(path)
        if (scanned.size, scanned.mtime_ns) != stat or stat[0] < 0:
            return None
        # os.path.join: a Path a picture takes a second more for each 100,000.
        size = _file_size(os.path.join(self.folder, scanned.cached))  # noqa: PTH118
        return scanned if size == scanned.cached_bytes else None

    def recall(self, path: str) -> ScannedImage:
        """Return the facts about a file that `find` found."""
        return self._known[self._at[path]]

    def begin(self) -> None:
        """Make the file ready for ``add``; it keeps its lines if any is still valid."""
        if self._at:
            _end_cut_off_line(self.path)
        else:
            write_bytes(self.path, _line(self._header))
        self._untidy = True

    def add(self, scanned: Iterable[ScannedImage]) -> None:
        """Append pictures that were read."""
        with self.path.open("ab") as file:
            file.write(b"".join(map(_to_line, scanned)))

    def settle(self, scanned: ScannedImages) -> None:
        """Replace what is known by these pictures, in this order."""
        self._untidy = self._untidy or self._known != scanned
        self._known, self._at = scanned, {}

    def finish(self) -> None:
        """Write exactly the known pictures, and remove the copies of all others."""
        if self._untidy:
            with atomic_path(self.path) as temporary, temporary.open("wb") as file:
                file.write(_line(self._header))
                file.writelines(map(_to_line, self._known))
        kept = {name.removeprefix("images/") for name in self._known.cached()}
        _remove_all_but(self.path.parent, {INDEX_NAME, *kept})

    def _read(self) -> None:
        lines = _read_lines(self.path)
        if next(lines, None) != self._header:
            return
        for values in lines:
            scanned = _from_line(values)
            # A line may be damaged or forged: it may name only the copy that its hash implies.
            if scanned and scanned.cached != cached_name(scanned.sha256, self._header["rules"]):
                scanned = None
            if scanned is None or scanned.path in self._at:
                self._untidy = True
            if scanned is not None:
                self._at[scanned.path] = len(self._known)
                self._known.append(scanned.path, scanned)


def source_of(folder: Path) -> str | None:
    """Return the source that the copies in a dataset folder come from; None if it has none."""
    header = next(_read_lines(folder / "images" / INDEX_NAME), None)
    return header["source"] if isinstance(header, dict) and "source" in header else None


def _read_lines(path: Path) -> Iterator[Any]:
    """Yield each line's value, or None for a line that is not JSON; nothing without a file."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield None


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _to_line(scanned: ScannedImage) -> bytes:
    values = [getattr(scanned, name) for name in _PLAIN_FIELDS]
    look = scanned.likeness
    return _line([*values, f"{look.phash:016x}", b64encode(look.thumbnail).decode()])


def _from_line(values: Any) -> ScannedImage | None:
    if not isinstance(values, list) or len(values) != len(_PLAIN_FIELDS) + 2:
        return None
    *plain, phash, thumbnail = values
    named = dict(zip(_PLAIN_FIELDS, plain, strict=True))
    if any(type(value) is not _PLAIN_FIELDS[name] for name, value in named.items()):
        return None
    try:
        likeness = Likeness(int(phash, 16), b64decode(thumbnail, validate=True))
    except (TypeError, ValueError):
        return None
    if not 0 <= likeness.phash < 2**64 or len(likeness.thumbnail) != THUMBNAIL_BYTES:
        return None
    if min(named["width"], named["height"]) < 1 or not _SHA256.fullmatch(named["sha256"]):
        return None
    scanned = ScannedImage(**named, likeness=likeness)
    return scanned if ScannedImages.fits_row(scanned) else None


_SHA256 = re.compile("[0-9a-f]{64}")
_PLAIN_FIELDS: dict[str, Any] = {
    name: kind for name, kind in get_type_hints(ScannedImage).items() if name != "likeness"
}
"""Name -> type, in the order of a line."""


def _end_cut_off_line(path: Path) -> None:
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return -1


def _remove_all_but(images: Path, kept: set[str]) -> None:
    """Remove from ``images/`` and its sub-folders all files but those named, then empty folders."""
    inner = [path for path in images.iterdir() if path.is_dir() and not path.is_symlink()]
    for folder in [images, *sorted(inner)]:
        prefix = "" if folder == images else f"{folder.name}/"
        with os.scandir(folder) as entries:
            stale = [e.path for e in entries if e.is_file() and f"{prefix}{e.name}" not in kept]
        for path in stale:
            Path(path).unlink()
        if folder != images and not any(folder.iterdir()):
            folder.rmdir()
