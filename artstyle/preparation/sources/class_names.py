"""The names of class numbers, as a Hugging Face data set's own files give them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from artstyle.errors import ConfigError, DataError
from artstyle.storage.files import parse_yaml, read_json

_INFOS = ("dataset_info.json", "dataset_infos.json")
_CARD = "README.md"


def read_class_names(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return column -> the names of its classes, by number; empty where nothing names them.

    They are read from ``dataset_info.json``, ``dataset_infos.json``, or the YAML at the start of
    ``README.md`` (its key ``dataset_info``).

    Raises:
        DataError: Such a file is damaged.
    """
    named: dict[str, tuple[str, ...]] = {}
    for features in _all_features(folder):
        for column, feature in features.items():
            names = _names_in(feature)
            if names and named.setdefault(column, names) != names:
                raise DataError(
                    f"{folder} names the classes of its column {column} in two ways;"
                    " keep one of them"
                )
    return named


def _all_features(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the description of the columns in each configuration of a data set."""
    infos = [read_json(folder / name) for name in _INFOS if (folder / name).is_file()]
    infos.append(_card_info(folder / _CARD))
    for info in infos:
        several = info if isinstance(info, list) else [info]
        for one in several:
            if not isinstance(one, dict):
                continue
            for described in [one, *one.values()]:
                features = described.get("features") if isinstance(described, dict) else None
                if isinstance(features, dict):
                    yield features
                elif isinstance(features, list):
                    yield {str(f.get("name")): f for f in features if isinstance(f, dict)}


def _card_info(card: Path) -> Any:
    """Return ``dataset_info`` of a data set's card; None without one."""
    text = card.read_text("utf-8-sig", errors="replace") if card.is_file() else ""
    start, fence, rest = text.partition("---\n")
    block, end, _ = rest.partition("\n---")
    if start.strip() or not fence or not end:
        return None
    try:
        found = parse_yaml(block, card)
    except ConfigError as error:
        raise DataError(str(error)) from None
    return found.get("dataset_info") if isinstance(found, dict) else None


def _names_in(feature: Any) -> tuple[str, ...]:
    """Return the names of classes in a feature, or in what it is a list of."""
    if isinstance(feature, list):
        return next(filter(None, map(_names_in, feature)), ())
    if not isinstance(feature, dict):
        return ()
    names = feature.get("names")
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names, key=int)] if _is_numbered(names) else None
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    inner = ("dtype", "class_label", "sequence", "list", "feature")
    return next(filter(None, (_names_in(feature.get(key)) for key in inner)), ())


def _is_numbered(names: Mapping[Any, Any]) -> bool:
    """Return whether the keys are 0, 1, 2 and so on, as numbers or as texts."""
    return {str(key) for key in names} == {str(number) for number in range(len(names))}
