"""The model that a service answers with, and how it is replaced while requests are in flight."""

import io
import json
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from PIL import Image

from artstyle.engines import find_model
from artstyle.errors import ImageError
from artstyle.explain.explain import Explained, explain_pictures
from artstyle.explain.folder import doubt
from artstyle.explain.overlay import display_picture, draw_overlay, seen_region
from artstyle.models.style_model import Output, StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.predict import predict_styles
from artstyle.prediction.rows import PredictionRow
from artstyle.runs.finding import is_starter, starter_note
from artstyle.search.embeddings import embed_rows
from artstyle.search.index import Index
from artstyle.search.neighbours import SimilarRow, Wanted, similar_row
from artstyle.search.works import artist_number, known_of_path
from artstyle.serving.limits import Limits
from artstyle.styles.entries import StyleEntry
from artstyle.styles.vocabulary import style_group

HeatFormat = Literal["png", "json"]
_MAP_DECIMALS = 4


@dataclass(frozen=True)
class HeatRequest:
    """A picture whose heat is wanted."""

    picture: PicturePath
    style: str | None
    """Whichever way it is spelt; None explains the predicted style."""
    format: HeatFormat


@dataclass(frozen=True)
class SimilarRequest:
    """A picture whose similar works are wanted."""

    picture: PicturePath
    wanted: Wanted


class ServedModel:
    """A loaded model that answers from several threads.

    Args:
        name: As `find_model` takes it.
        index: Its similar works are named; None names none.

    Raises:
        ArtstyleError: No run has the name, or its model cannot be loaded, or did not make the
            index.
    """

    def __init__(self, name: str, index: Index | None = None) -> None:
        self._name, self._index = name, index
        self._load_notes: list[str] = []
        needs: tuple[Output, ...] = ("features",) if index else ()
        found = find_model(name, needs=needs, note=self._load_notes.append)
        self.run = found.run
        self.vocabulary = found.vocabulary()
        # Open for as long as it is used: torch would prepare its network for every batch.
        self._open = ExitStack()
        loaded = found.load()
        if index is not None:
            index.require_model(loaded)
        self.model = self._open.enter_context(loaded.opened())
        self._one_at_a_time = nullcontext() if self.model.is_concurrent else Lock()
        self._loading, self._drawing = Lock(), Lock()

    @property
    def notes(self) -> list[str]:
        """What people should know before they read its answers, a sentence each."""
        starter = starter_note(self.run)
        return [*self._load_notes, *filter(None, [starter]), *self.model.notes]

    def rows(self, pictures: Sequence[PicturePath]) -> list[PredictionRow]:
        """Return a row for each picture, with all styles, as `artstyle predict` does."""
        top_k = len(self.model.labels)
        with self._one_at_a_time:
            return list(predict_styles(self.model, pictures, top_k=top_k, threads=self._threads))

    def similar(self, requests: Sequence[SimilarRequest]) -> list[SimilarRow]:
        """Return the similar works of each picture; an upload is not a file of the index.

        Raises:
            DataError: The index is damaged.
        """
        assert self._index is not None
        pictures = [request.picture for request in requests]
        with self._one_at_a_time:
            found = list(embed_rows(self.model, pictures, threads=self._threads))
        return [
            similar_row(
                self._index, each, request.wanted,
                artist=artist_number(known_of_path(each.row.path).artist),
            )
            for each, request in zip(found, requests, strict=True)
        ]  # fmt: skip

    @property
    def _threads(self) -> int | None:
        return 1 if self.model.is_concurrent else None

    def heat(self, wanted: HeatRequest) -> bytes:
        """Return the heat of a picture as it is sent: an overlay in PNG, or JSON with the map.

        Raises:
            ImageError: The picture cannot be read.
            UnknownNameError: The model does not know the style.
            UsageError: No heat can be computed for this kind of model.
        """
        style = wanted.style
        if style is not None:
            style = self.vocabulary.label(style, self.model.labels)
        model = self._heat_model
        # In torch, hooks collect what gradients need: those of two pictures must not mix.
        with self._one_at_a_time if model is self.model else self._drawing:
            (answer,) = explain_pictures(model, [wanted.picture], style=style)
        if answer.explained is None:
            raise ImageError(answer.error or "")
        if wanted.format == "png":
            return _png(_overlay(answer.explained, self.model))
        return json.dumps(self._heat_document(wanted.picture, answer.explained)).encode()

    @property
    def _heat_model(self) -> StyleModel:
        with self._loading:
            return self._with_maps

    @cached_property
    def _with_maps(self) -> StyleModel:
        """The model itself where it gives maps; else the checkpoint in torch."""
        if "maps" in self.model.outputs:
            return self.model
        return find_model(self._name, needs=("maps",)).load()

    def _heat_document(self, picture: PicturePath, explained: Explained) -> dict[str, Any]:
        (row,) = self.rows([picture])
        region = seen_region(explained.picture.size, self.model.preprocessing)
        return {
            "style": explained.subject.style,
            "map": explained.heat_SS.astype(float).round(_MAP_DECIMALS).tolist(),
            "region": [region.left, region.top, region.right, region.bottom],
            "row": row.to_dict(),
        }

    def document(self, limits: Limits) -> dict[str, Any]:
        """Return what the service says about it."""
        model, calibration = self.model, self.model.calibration
        run = self.run.name if self.run else Path(self._name).name
        return {
            "name": model.name,
            "run": run,
            "fingerprint": model.fingerprint,
            "labels": list(model.labels),
            "styles_groups": {label: style_group(label) for label in model.labels},
            "accuracy": calibration and calibration.accuracy,
            "majority": calibration and calibration.majority,
            "note": " ".join(self.notes) or None,
            "is_starter": self.run is not None and is_starter(self.run),
            "card": self._card,
            "index": self._index
            and {"works": self._index.document.works, "by": list(self._index.document.sizes)},
            "limits": {
                "images": limits.images,
                "bytes": limits.bytes,
                "pixels": model.preprocessing.rules.max_pixels,
            },
        }

    @cached_property
    def _card(self) -> str | None:
        path = self.run and self.run.path / "card.md"
        return path.read_text("utf-8") if path and path.is_file() else None

    def styles(self) -> list[dict[str, Any]]:
        """Return the styles that it knows, in label order."""
        return [self.style(label) for label in self.model.labels]

    def style(self, label: str) -> dict[str, Any]:
        """Return what is known about a style, one of the model or of the vocabulary."""
        entry = self.vocabulary.entry(label) or StyleEntry(label, {})
        return {
            "style": label,
            "name": self.vocabulary.name(label),
            "names": dict(entry.names),
            "group": style_group(label),
            "definition": entry.definition,
            "years": entry.years,
            "region": entry.region,
            "aat_id": entry.aat_id,
            "wikidata_id": entry.wikidata_id,
        }


class Models:
    """The model in use; another can take its place while it answers.

    Args:
        name: As `find_model` takes it.
        index: What is searched for similar works; None searches nothing.

    Raises:
        ArtstyleError: As `ServedModel` does.
    """

    def __init__(self, name: str, index: Index | None = None) -> None:
        self._name, self._swapping = name, Lock()
        self.index = index
        self.current = ServedModel(name, index)

    def swap(self, name: str | None = None) -> ServedModel:
        """Load a model and use it for all images that wait; running batches keep the former.

        Args:
            name: None loads the present name again: ``latest`` may be another run by now.

        Raises:
            ArtstyleError: It cannot be loaded; the former stays in use.
        """
        with self._swapping:
            self.current = ServedModel(name or self._name, self.index)
            self._name = name or self._name
            return self.current


def _overlay(explained: Explained, model: StyleModel) -> Image.Image:
    region = seen_region(explained.picture.size, model.preprocessing)
    unsure = bool(doubt(explained.verdict, explained.subject.probability))
    picture = display_picture(explained.picture)
    return draw_overlay(picture, explained.heat_SS, region, unsure=unsure)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
