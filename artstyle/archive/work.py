"""Kinds of work on shards. They differ by one function: what row a picture gets."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from PIL import Image

from artstyle.archive.folder import Row, ShardColumn
from artstyle.archive.listing import ListedPicture
from artstyle.explain.explain import Explanation, explain_pictures
from artstyle.explain.folder import doubt
from artstyle.explain.gallery import jpeg
from artstyle.explain.methods import Method, Stream
from artstyle.explain.overlay import display_picture, draw_overlay, seen_region
from artstyle.inference import Prediction, predict_logits
from artstyle.models.style_model import Output, StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.columns import Column, Naming, answer_columns, origin_columns
from artstyle.prediction.predict import prediction_row, read_picture
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.sheets import utf8
from artstyle.search.embeddings import embedded
from artstyle.search.kinds import embedding_outputs, embedding_sizes

Rows = Callable[[Iterable[ListedPicture]], Iterator[Row]]
"""Gives each picture its row, in order."""


_HEAT_COLUMNS = (
    *(ShardColumn(name, "string") for name in ("id", "path", "style")),
    ShardColumn("probability", "float64"),
    *(ShardColumn(name, "string") for name in ("verdict", "method", "stream", "error", "model")),
    ShardColumn("overlay", "binary"),
)


@dataclass(frozen=True)
class Work:
    """What the pictures of a shard get."""

    columns: tuple[ShardColumn, ...]
    rows: Rows


@dataclass(frozen=True)
class LogitsWork:
    """Work whose rows come from a model's answers to single pictures."""

    columns: tuple[ShardColumn, ...]
    outputs: tuple[Output, ...]
    """What the model must give besides logits."""
    row: Callable[[Prediction[ListedPicture]], Row]
    """The one function in which such kinds of work differ."""

    def here(self, model: StyleModel, batch_size: int, threads: int | None = None) -> Work:
        """Return this work as one process does it.

        Args:
            model: The model, opened.
            batch_size: Pictures per forward pass; batches begin with the shard.
            threads: None means one per core.
        """

        def rows(pictures: Iterable[ListedPicture]) -> Iterator[Row]:
            def read(listed: ListedPicture) -> Image.Image:
                return read_picture(listed.picture, model.preprocessing)

            found = predict_logits(
                model,
                pictures,
                read,
                outputs=self.outputs,
                batch_size=batch_size,
                threads=threads,
            )
            return map(self.row, found)

        return Work(self.columns, rows)


def predict_work(model: StyleModel, top_k: int, naming: Naming, *, has_records: bool) -> LogitsWork:
    """Return the work of `predict`: the columns that its Parquet files have, without the date."""
    columns = _answer_columns(model, top_k, naming, has_records=has_records)

    def row(prediction: Prediction[ListedPicture]) -> Row:
        listed = prediction.item
        return _cells(columns, listed, prediction_row(_of_picture(prediction), model, top_k))

    return LogitsWork(_shard_columns(columns), model.outputs_for_confidence, row)


def index_work(model: StyleModel, *, has_records: bool) -> LogitsWork:
    """Return the work of `index`: the most probable style, and the embeddings in float32.

    Raises:
        UsageError: The model gives no embedding.
    """
    columns = _answer_columns(model, 1, Naming(), has_records=has_records)
    sizes = embedding_sizes(model)
    vectors = [ShardColumn(f"{kind}_embedding", f"float32[{size}]") for kind, size in sizes.items()]

    def row(prediction: Prediction[ListedPicture]) -> Row:
        found = embedded(_of_picture(prediction), model)
        numbers = [None if found.vectors is None else found.vectors[kind] for kind in sizes]
        return (*_cells(columns, prediction.item, found.row), *numbers)

    outputs = tuple(embedding_outputs(model).values())
    return LogitsWork((*_shard_columns(columns), *vectors), outputs, row)


def gradcam_work(
    model: StyleModel,
    *,
    base: str,
    batch_size: int,
    method: Method = "gradcam",
    style: str | None = None,
    stream: Stream = "style",
) -> Work:
    """Return the work of `gradcam`: the style that is explained, and the overlay as JPEG.

    Millions of small files would cost a file system more than the pictures themselves.

    Args:
        model: The model to explain.
        base: The folder that relative paths start from.
        batch_size: Pictures in one pass.
        method: As `explain_pictures` takes it, like the others.
        style: The style, or None.
        stream: Of a model with two.
    """

    def row(listed: ListedPicture, explanation: Explanation) -> Row:
        start = utf8(listed.id), utf8(str(listed.picture.path))
        found = explanation.explained
        if found is None:
            error = utf8(explanation.error)
            return (*start, None, None, None, method, stream, error, model.fingerprint, None)
        subject = found.subject
        overlay = draw_overlay(
            display_picture(found.picture),
            found.heat_SS,
            seen_region(found.picture.size, model.preprocessing),
            unsure=bool(doubt(found.verdict, subject.probability, stream)),
        )
        return (*start, subject.style, subject.probability, found.verdict, method, stream, None,
                model.fingerprint, jpeg(overlay))  # fmt: skip

    def rows(pictures: Iterable[ListedPicture]) -> Iterator[Row]:
        waiting: list[ListedPicture] = []

        def found() -> Iterator[PicturePath]:
            for listed in pictures:
                waiting.append(listed)
                yield replace(listed.picture, path=Path(base, listed.picture.path))

        for explanation in explain_pictures(
            model, found(), method=method, style=style, stream=stream, batch_size=batch_size
        ):
            yield row(waiting.pop(0), explanation)

    return Work(_HEAT_COLUMNS, rows)


def _of_picture(prediction: Prediction[ListedPicture]) -> Prediction[PicturePath]:
    given = {field.name: getattr(prediction, field.name) for field in fields(Prediction)}
    return Prediction(**given | {"item": prediction.item.picture})


def _answer_columns(
    model: StyleModel, num_styles: int, naming: Naming, *, has_records: bool
) -> list[Column]:
    """Return the columns of answers; a date would make the same shard differ tomorrow."""
    answered = answer_columns(num_styles, naming, has_records=has_records, multi=model.multi)
    return [
        # The list's own number is the identifier that deals a picture to its shard.
        *(column for column in answered if column.name != "id"),
        *(column for column in origin_columns() if column.name == "artstyle"),
    ]


def _shard_columns(columns: Sequence[Column]) -> tuple[ShardColumn, ...]:
    types = {True: "float64", False: "string"}
    return (
        ShardColumn("id", "string"),
        *(ShardColumn(column.name, types[column.is_number]) for column in columns),
    )


def _cells(columns: Sequence[Column], listed: ListedPicture, row: PredictionRow) -> Row:
    return (utf8(listed.id), *(utf8(column.value(row)) for column in columns))
