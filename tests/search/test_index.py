"""The nearest works are the true ones, and a damaged index is refused."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from artstyle.errors import DataError, MissingError, UsageError
from artstyle.search.embeddings import Vectors
from artstyle.search.index import Index, Rows, open_index
from artstyle.search.kinds import Kind
from artstyle.search.works import Known
from tests.search.indexes import random_vectors, unit, write_index

needs_graphs = pytest.mark.skipif(find_spec("usearch") is None, reason="needs usearch")


def none_left_out(rows: Rows) -> NDArray[np.bool_]:
    return np.zeros(len(rows), bool)


def test_the_nearest_works_are_those_of_a_full_comparison(tmp_path: Path) -> None:
    vectors_ND, query_D = random_vectors(300), random_vectors(1, seed=1)[0]
    index = write_index(tmp_path / "index", {"style": vectors_ND})
    found = index.nearest({"style": query_D}, "style", 10, none_left_out)
    stored_ND = load_file(index.folder.tensors_path)["style"]
    expected = np.argsort(-(stored_ND.astype(np.float64) @ query_D))[:10]
    assert [row for row, _ in found] == expected.tolist()
    np.testing.assert_allclose([s for _, s in found], stored_ND[expected] @ query_D, atol=1e-6)


def test_both_is_the_mean_of_two_cosines(tmp_path: Path) -> None:
    style = unit([[1, 0], [0, 1], [1, 1]])
    content = unit([[0, 1], [0, 1], [1, 0]])
    index = write_index(tmp_path / "index", {"style": style, "content": content})
    query: dict[Kind, Vectors] = {"style": style[0], "content": content[1]}
    found = index.nearest(query, "both", 3, none_left_out)
    assert [row for row, _ in found] == [0, 1, 2]
    np.testing.assert_allclose([score for _, score in found], [1, 0.5, 0.5**0.5 / 2], atol=1e-6)


def test_an_index_without_content_says_what_can_be_compared(tmp_path: Path) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(3)})
    for by in ("content", "both"):
        with pytest.raises(UsageError, match=r"needs content embeddings.*use --by style"):
            index.require_kinds(by)


@needs_graphs
def test_graphs_find_what_a_full_comparison_finds(tmp_path: Path) -> None:
    vectors_ND = random_vectors(900)
    index = write_index(tmp_path / "index", {"style": vectors_ND}, rows_per_graph=400)
    assert len(index.document.graphs) == 3
    right = 0
    for query_D in random_vectors(50, seed=1):
        found = index.nearest({"style": query_D}, "style", 10, none_left_out)
        expected = np.argsort(-(vectors_ND @ query_D))[:10]
        right += len({row for row, _ in found} & set(expected.tolist()))
    assert right / 500 >= 0.95
    assert index.checked.sum() < 900 * 50  # it read candidates, not everything each time


@needs_graphs
def test_graphs_still_find_works_when_nearly_all_are_left_out(tmp_path: Path) -> None:
    vectors_ND = random_vectors(900)
    index = write_index(tmp_path / "index", {"style": vectors_ND}, rows_per_graph=400)
    found = index.nearest({"style": vectors_ND[0]}, "style", 3, lambda rows: rows % 300 != 7)
    assert sorted(row for row, _ in found) == [7, 307, 607]


@needs_graphs
def test_a_damaged_graph_is_refused(tmp_path: Path) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(90)}, rows_per_graph=90)
    flip(index.folder.path / index.document.graphs[0].name, 500)
    with pytest.raises(DataError, match=r"style-0000\.usearch is missing or damaged"):
        open_index(index.folder.path).nearest(
            {"style": random_vectors(1)[0]}, "style", 1, none_left_out
        )


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def first_vector_at(index: Index) -> int:
    content = index.folder.tensors_path.read_bytes()
    return 8 + int.from_bytes(content[:8], "little")


def test_a_flipped_bit_of_a_vector_is_found(tmp_path: Path) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(5)})
    flip(index.folder.tensors_path, first_vector_at(index) + 2)
    with pytest.raises(DataError, match=r"damaged in row 1; make the index again"):
        open_index(tmp_path / "index").nearest(
            {"style": random_vectors(1)[0]}, "style", 1, none_left_out
        )


def test_a_flipped_bit_of_the_artists_is_found(tmp_path: Path) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(5)})
    artists = index.tensors["artists"].tobytes()
    flip(index.folder.tensors_path, index.folder.tensors_path.read_bytes().index(artists))
    with pytest.raises(DataError, match="or is damaged; make the index again"):
        open_index(tmp_path / "index")


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(5)})
    whole = index.folder.tensors_path.read_bytes()
    for content in (b"", whole[:7], whole[:200], whole[:-1], b"\xff" * 64):
        index.folder.tensors_path.write_bytes(content)
        with pytest.raises(DataError, match="missing or damaged"):
            open_index(tmp_path / "index")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "not valid JSON"), ('{"format_version": 99}', "later version"), ("{}", "index.json")],
)
def test_a_damaged_document_says_what_to_do(tmp_path: Path, content: str, reason: str) -> None:
    index = write_index(tmp_path / "index", {"style": random_vectors(5)})
    index.folder.document_path.write_text(content)
    with pytest.raises(DataError, match=rf"{reason}.*; make the index again with --overwrite"):
        open_index(tmp_path / "index")


def test_embeddings_of_another_index_are_refused(tmp_path: Path) -> None:
    one = write_index(tmp_path / "one", {"style": random_vectors(5)})
    other = write_index(tmp_path / "other", {"style": random_vectors(5, seed=3)})
    other.folder.tensors_path.replace(one.folder.tensors_path)
    with pytest.raises(DataError, match="does not belong to index"):
        open_index(tmp_path / "one")


def test_a_folder_without_an_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"not an index .* 'artstyle index PICTURES --out"):
        open_index(tmp_path)


def test_a_work_comes_back_as_it_was_written(tmp_path: Path) -> None:
    names = ['a,"b"\n.jpg', "Nymph\udce9as.jpg"]
    known = [Known("Cubism", "Pablo Picasso"), Known(None, None)]
    index = write_index(tmp_path / "index", {"style": random_vectors(2)}, known=known, names=names)
    works = [index.work(0), index.work(1)]
    assert [work.path for work in works] == names
    assert [(w.style, w.artist) for w in works] == [("Cubism", "Pablo Picasso"), (None, None)]
