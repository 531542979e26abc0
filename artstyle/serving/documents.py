"""The JSON of a service, as its OpenAPI description shows it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from artstyle.serving.uploads import FIELD


class Error(BaseModel):
    """Why a request was not answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"error": "the file is empty"}]})
    error: str


class RankedStyle(BaseModel):
    """A style and its probability."""

    style: str
    probability: float


class RankedGroup(BaseModel):
    """The most probable group of styles."""

    group: str
    probability: float
    sure: bool


_ROW: dict[str, Any] = {
    "path": "page.png",
    "styles": [
        {"style": "Minimalism", "probability": 0.83185488},
        {"style": "Pop_Art", "probability": 0.07313301},
    ],
    "error": None,
    "model": "48da3bb76670",
    "verdict": "unfamiliar",
    "familiarity": 0.0034,
    "likely": ["Minimalism", "Pop_Art"],
    "group": {"group": "Post-war abstraction", "probability": 0.83185488, "sure": False},
}


class Row(BaseModel):
    """The answer for one image; the same as a row of `artstyle predict --format json`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})
    path: str
    styles: list[RankedStyle] | None
    error: str | None
    model: str
    verdict: Literal["sure", "unsure", "unfamiliar"] | None
    familiarity: float | None
    likely: list[str] | None
    group: RankedGroup | None
    labels: list[str] | None = None
    """Only of a model whose pictures may have several labels: those that the image is given."""


class Results(BaseModel):
    """A row for each image, in the order in which they were sent."""

    results: list[Row]


_SIMILAR: dict[str, Any] = {
    "path": "page.png",
    "similar": [
        {
            "path": "scans/1987-12-3.jpg",
            "score": 0.874211,
            "style": "Cubism",
            "artist": "Juan Gris",
            "predicted": "Cubism",
        }
    ],
    "error": None,
}


class SimilarWork(BaseModel):
    """A work of the index."""

    path: str
    score: float
    """The cosine of the two embeddings; 1 is equal."""
    style: str | None
    """What the collection says."""
    artist: str | None
    predicted: str
    """The style that the model finds most probable."""


class SimilarRow(BaseModel):
    """The most similar works of one image, the same as a row of `artstyle similar`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SIMILAR]})
    path: str
    similar: list[SimilarWork]
    error: str | None


class SimilarResults(BaseModel):
    """A row for each image, in the order in which they were sent."""

    results: list[SimilarRow]


class Heat(BaseModel):
    """Where in a picture a style was found."""

    style: str
    map: list[list[float]]
    """Rows from the top; 0 (cold) to 1 (hot)."""
    region: tuple[float, float, float, float]
    """The part of the picture that the map covers: left, top, right, bottom, from 0 to 1."""
    row: Row


class Bounds(BaseModel):
    """The limits of a request."""

    images: int
    bytes: int
    pixels: int


class Searched(BaseModel):
    """The index that is searched for similar works."""

    works: int
    by: list[Literal["style", "content"]]
    """What can be compared."""


class Model(BaseModel):
    """The model that answers."""

    name: str
    run: str
    fingerprint: str
    labels: list[str]
    styles_groups: dict[str, str | None]
    accuracy: float | None
    majority: float | None
    note: str | None
    is_starter: bool
    card: str | None
    """What it learnt from, how right it is, and its licence, in Markdown."""
    index: Searched | None
    limits: Bounds


class Style(BaseModel):
    """A style that the model knows."""

    style: str
    """The model's label, as in every row."""
    name: str
    """As people read it, in English."""
    names: dict[str, str]
    """ISO 639-1 code of a language -> the name."""
    group: str | None
    definition: str | None
    """One English sentence."""
    years: str | None
    """As people write them: 1867-1886, with a dash; "from 1886" if it still goes on."""
    region: str | None
    aat_id: str | None
    """In the Getty Art & Architecture Thesaurus (ODC-By 1.0)."""
    wikidata_id: str | None


class ReviewRow(BaseModel):
    """An answer under review."""

    row: int
    """From 1."""
    path: str
    id: str | None
    label: str | None
    styles: list[RankedStyle] | None
    error: str | None
    model: str
    verdict: Literal["sure", "unsure", "unfamiliar"] | None
    likely: list[str] | None
    review: str
    """A style, "rejected", or empty: not reviewed yet."""


class Review(BaseModel):
    """A file of answers under review."""

    file: str
    reading: str
    """Changes when the file is read again because another program changed it."""
    rows: list[ReviewRow]
    styles: list[Style]
    """Those of the model, the vocabulary and the file."""


class Decision(BaseModel):
    """What a person makes of an answer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"review": "Cubism"}]}
    )
    review: str
    """A style as it is stored, "rejected", or empty to take a decision back."""
    former: str | None = None
    """The review that it replaces: refused if the row has another one by now."""
    reading: str | None = None
    """Of the rows that were seen: refused if the file was read again since."""


class Status(BaseModel):
    """Whether the service answers."""

    status: str


_REFUSALS = {
    401: "The token is missing or wrong.",
    403: "The service was started without a token, so this is not allowed.",
    404: "The row, the work or the index does not exist; the reason is in `error`.",
    408: "The upload took too long.",
    409: "The file or the row was changed meanwhile; nothing was written.",
    413: "The body is too large.",
    415: "The body is not of a kind that is read here.",
    422: "The request, or its only image, cannot be read; the reason is in `error`.",
    503: "Too many images wait; `Retry-After` says when to send it again.",
    504: "The answer took too long.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of error answers."""
    return {status: {"model": Error, "description": _REFUSALS[status]} for status in statuses}


def image_body(*, many: bool) -> dict[str, Any]:
    """Return the description of a body with images, which FastAPI does not read itself."""
    image = {"type": "string", "format": "binary"}
    most = {} if many else {"maxItems": 1}
    form = {
        "type": "object",
        "properties": {FIELD: {"type": "array", "items": image, "minItems": 1, **most}},
        "required": [FIELD],
        "additionalProperties": False,
    }
    content = {
        "multipart/form-data": {"schema": form},
        "application/octet-stream": {"schema": image},
        "image/jpeg": {"schema": image},
    }
    return {"requestBody": {"required": True, "content": content}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body in JSON, which FastAPI does not read itself."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
