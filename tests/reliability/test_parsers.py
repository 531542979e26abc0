"""Parsers against any text at all: what they cannot read they say so, what they write they read."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artstyle.config import Config
from artstyle.data.manifest import ManifestRow, read_manifest, write_manifest
from artstyle.errors import ArtstyleError, ConfigError, UnknownNameError
from artstyle.preparation.sources.artgan import read_list
from artstyle.preparation.sources.csv_manifest import read_csv_manifest
from artstyle.recipes import config_keys, explained_yaml, resolve_config
from artstyle.storage.files import read_csv, write_csv

here = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# What a name on a file system can be: any bytes but NUL, those that are no UTF-8 as surrogates.
names = st.binary(min_size=1, max_size=20).map(
    lambda raw: raw.replace(b"\0", b"=").decode("utf-8", errors="surrogateescape")
)
ROW = ManifestRow("a", "Cubism", "", "", "", "train", "", 1, 1, "0" * 64, "0" * 16, "images/a")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@here
@given(st.lists(st.tuples(names, names, names), max_size=5))
def test_any_name_comes_back_from_a_manifest(
    tmp_path: Path, fields: list[tuple[str, str, str]]
) -> None:
    rows = [replace(ROW, path=path, artist=a, title=t) for path, a, t in fields]
    write_manifest(tmp_path / "manifest.csv", rows)
    assert list(read_manifest(tmp_path / "manifest.csv")) == rows


@here
@given(st.lists(st.fixed_dictionaries({"a": names, "b": names}), max_size=5))
def test_any_cell_comes_back_and_none_is_a_formula(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, ("a", "b"), rows)
    assert list(read_csv(path, ours=True)) == rows
    cells = [cell for row in read_csv(path) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]


@here
@given(st.binary(max_size=200), st.sampled_from([b"", b"path,style\n", b"path,style,split\n"]))
def test_any_bytes_are_a_manifest_or_an_error_of_ours(
    tmp_path: Path, content: bytes, header: bytes
) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(header + content)
    for read in (read_csv_manifest, lambda path: list(read_manifest(path))):
        with suppress(ArtstyleError):
            read(path)


@here
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_bytes_are_a_list_or_an_error_of_ours(
    tmp_path: Path, content: bytes, classes: bytes
) -> None:
    (tmp_path / "style_train.csv").write_bytes(content)
    (tmp_path / "style_class.txt").write_bytes(classes)
    with suppress(ArtstyleError):
        list(read_list(tmp_path / "style_train.csv"))


@here
@given(names.filter(lambda name: not {"\n", "\r"} & {*name}), st.integers(0, 26))
def test_any_name_comes_back_from_a_list(tmp_path: Path, name: str, index: int) -> None:
    path = tmp_path / "style_train.csv"
    line = f"Cubism/{name},{index}\n"
    path.write_bytes(line.encode("utf-8", errors="surrogateescape"))
    assert [entry.image.path for entry in read_list(path)] == [f"Cubism/{name}"]


@here
@given(st.dictionaries(st.sampled_from([*Config.model_fields, "other"]), trees, max_size=3))
def test_any_yaml_is_a_configuration_or_refused_in_one_line(
    tmp_path: Path, tree: dict[str, object]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    try:
        resolved = resolve_config(file=str(path))
    except (ConfigError, UnknownNameError):
        return
    path.write_text(explained_yaml(resolved), "utf-8")
    assert resolve_config(file=str(path)).config == resolved.config


@given(st.sampled_from(sorted(config_keys())), st.text(max_size=30))
def test_any_override_is_taken_or_refused(key: str, value: str) -> None:
    with suppress(ConfigError, UnknownNameError):
        resolve_config(overrides=[f"{key}={value}"])
