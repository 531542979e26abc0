"""Embeddings are the features of the model, in order, and never mixed with another model's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artstyle.engines import load_model, load_starter
from artstyle.errors import UsageError
from artstyle.models.onnx_model import OnnxModel
from artstyle.models.style_model import StyleModel
from artstyle.painter.collection import paint
from artstyle.pictures.image import read_image
from artstyle.pictures.square import square_transform
from artstyle.runs.folder import RunFolder
from artstyle.search.embeddings import Embeddings, embed_pictures
from artstyle.search.kinds import embedding_outputs


@pytest.fixture(scope="module")
def starter() -> StyleModel:
    return load_starter()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("embedded")
    paths = [folder / f"{style}.png" for style in ("Cubism", "Pointillism", "torn")]
    for n, path in enumerate(paths[:2]):
        paint(path.stem, "portrait", n, n, (96, 80)).image.save(path)
    paths[2].write_bytes(b"no picture")
    return paths


@pytest.fixture(scope="module")
def embedded(starter: StyleModel, pictures: list[Path]) -> Embeddings:
    return embed_pictures(starter, [pictures[1], str(pictures[2]), pictures[0]])


def test_an_embedding_is_the_input_of_the_last_layer_at_length_one(
    starter: StyleModel, pictures: list[Path], embedded: Embeddings
) -> None:
    square = square_transform(starter.preprocessing)
    rules = starter.preprocessing.rules
    picture = read_image(pictures[1], short_side_px=starter.preprocessing.read_size, rules=rules)
    pixels = np.asarray(square(picture.pixels))[None]
    features_D = starter.answer(pixels, "features").features_ND[0]  # type: ignore[index]
    assert embedded.style_ND.shape == (3, 1280)
    assert embedded.style_ND.dtype == np.float32
    expected = features_D / np.linalg.norm(features_D)
    np.testing.assert_allclose(embedded.style_ND[0], expected, atol=1e-6)


def test_rows_are_in_the_order_of_the_pictures_and_a_bad_file_is_nan_with_its_reason(
    pictures: list[Path], embedded: Embeddings
) -> None:
    assert embedded.paths == (pictures[1], pictures[2], pictures[0])
    assert [error is None for error in embedded.errors] == [True, False, True]
    assert np.isnan(embedded.style_ND).all(axis=1).tolist() == [False, True, False]


def test_cosines_are_one_with_itself_and_less_with_another(embedded: Embeddings) -> None:
    cosines = embedded.cosines(embedded)[np.ix_([0, 2], [0, 2])]
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-5)
    assert cosines[0, 1] < 0.999


def test_embeddings_of_two_models_are_not_compared(
    starter: StyleModel, embedded: Embeddings
) -> None:
    assert embedded.model == starter.fingerprint
    other = replace(embedded, model="0123456789ab")
    with pytest.raises(UsageError, match="of two models"):
        embedded.cosines(other)
    with pytest.raises(UsageError, match="no kind 'content', only 'style'"):
        embedded.cosines(embedded, "content")


def test_no_pictures_give_no_rows(starter: StyleModel) -> None:
    assert len(embed_pictures(starter, []).style_ND) == 0


def test_a_model_without_features_is_refused(starter: StyleModel) -> None:
    class Blind(OnnxModel):
        outputs = frozenset()

    assert isinstance(starter, OnnxModel)
    blind = Blind(**{name: getattr(starter, name) for name in starter.__dataclass_fields__})
    with pytest.raises(UsageError, match="gives no embedding"):
        embedding_outputs(blind)


def test_two_streams_have_a_style_and_a_content_embedding(
    dual_run: RunFolder, pictures: list[Path]
) -> None:
    embedded = embed_pictures(load_model(dual_run, device="cpu"), pictures)
    assert set(embedded.vectors) == {"style", "content"}
    style_ND, content_ND = embedded.vectors["style"], embedded.vectors["content"]
    assert style_ND.shape == content_ND.shape == (3, 256)
    np.testing.assert_allclose(np.linalg.norm(content_ND[:2], axis=1), 1, atol=1e-5)
    assert np.isnan(content_ND[2]).all()
    assert not np.allclose(style_ND[0], content_ND[0])
    assert embedded.cosines(embedded, "content")[0, 0] == pytest.approx(1, abs=1e-5)
