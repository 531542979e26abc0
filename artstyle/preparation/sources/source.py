"""What a source of paintings is, in any form."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

Format = Literal["folders", "split_folders", "manifest", "artgan", "parquet", "imagefolder"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "tests", "testing", "tst", "holdout", "heldout"), "test"),
}
_FILLERS = frozenset(
    (
        "the", "data", "dataset", "set", "sets", "subset", "split", "part", "fold", "image",
        "images", "img", "imgs", "picture", "pictures", "pic", "pics", "photo", "photos",
        "painting", "paintings", "art", "artwork", "artworks", "file", "files", "folder", "v",
    )
)  # fmt: skip
"""Words without meaning next to a split's word."""
_GLUED = re.compile(f"({'|'.join(_SPLIT_WORDS)})(val|sets?|data|dataset|images?|imgs?|pics?|split)")


_DEVICES = frozenset(("img", "dsc", "dscn", "dscf", "pxl", "mvi", "scan", "image", "untitled"))
"""What cameras and scanners put before an underscore, where WikiArt puts the artist."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One painting as its source describes it; whether it can be read is not known yet."""

    path: str
    """Relative to the source's root or absolute, with forward slashes, unique. Bytes that are not
    UTF-8 are kept as surrogates. In a Parquet shard it is ``shard.parquet#000123``: the row."""
    style: str
    """The label, in one spelling once the source is opened (`styles_in_one_spelling`). It may be
    another property than the style (`LabelsConfig.target`); of several labels it is ``A|B``."""
    artist: str
    """Empty where it is unknown, as title and genre are."""
    title: str
    genre: str
    split: str
    """train, val or test as the source brings it, or empty."""
    source: str = ""
    """The collection that it comes from, where several are prepared together; empty if unknown."""


@dataclass(frozen=True)
class Source:
    """A collection of paintings with their styles."""

    root: Path
    """The folder that paths are relative to."""
    format: Format
    images: tuple[SourceImage, ...]
    """In code-point order of their paths."""
    missing: int
    """Names in lists or a manifest that are not on disk: counted, left out."""
    notes: tuple[str, ...]
    """What a person should know, one line each."""
    skipped: tuple[str, ...] = ()
    """Paths of files in its folders that are not read as pictures, litter apart."""


def split_name(text: str) -> str | None:
    """Return train, val or test for the ways in which they are written; None for all else.

    ``Training``, ``val_set``, ``test-images``, ``01_train`` and ``TrainSet`` are splits;
    ``not in test`` is not one.
    """
    words = [word for word in _words(text) if word not in _FILLERS]
    return _SPLIT_WORDS.get(words[0]) if len(words) == 1 else None


def split_in_name(name: str) -> str | None:
    """Return the one split that a folder's name speaks of, as in ``wikiart_train``, or None."""
    named = {_SPLIT_WORDS[word] for word in _words(name) if word in _SPLIT_WORDS}
    if named == {"train", "val"}:  # "trainval": what is neither is the test
        return "train"
    return named.pop() if len(named) == 1 else None


def is_evaluation(name: str) -> bool:
    """Return whether a split's name is "eval": a val, or the test where there is another val."""
    return not {"eval", "evaluation"}.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    """Return the words of a name in small letters, without numbers; ``TrainSet`` has two."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = re.findall(r"[^\W\d_]+", re.sub(r"(hold|held)[\W_]+out", r"\1out", spaced))
    glued = [(word, _GLUED.fullmatch(word)) for word in words]
    return [part for word, match in glued for part in (match.groups() if match else [word])]


def artist_and_title(file_name: str) -> tuple[str, str]:
    """Read WikiArt's ``artist_title.jpg``.

    The artist is unknown without an underscore, or where a camera or a scanner gave the name.
    """
    stem = PurePosixPath(file_name).stem
    artist, underscore, title = stem.partition("_")
    if not underscore or artist.casefold() in _DEVICES:
        return "", stem
    return artist, title
