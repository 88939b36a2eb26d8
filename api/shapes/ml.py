"""Features, training data and predictions, as the books interface tells them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.services.books.features import Features, Target, answer_of
from api.services.books.predictions import SYSTEM, Spoken
from api.shapes.books import Note
from schemas.books import ModelRow

MOST = 1000
_FEATURES: dict[str, Any] = {
    "book_id": 1000,
    "category": "Poetry",
    "price": 51.77,
    "rating": 3,
    "stock": 22,
    "title_length": 20,
    "title_words": 5,
    "description_length": 1200,
}
_SCORES: dict[str, float] = {"mae": 12.5, "rmse": 14.4, "r2": -0.01, "baseline_mae": 12.49}
_MODEL: dict[str, Any] = {
    "name": "books-price",
    "version": "6f0c3b1a9d2e",
    "kind": "ridge",
    "origin": "trained",
    "target": "price",
    "scores": _SCORES,
    "books": 1000,
}
_KEPT: dict[str, Any] = {
    "name": "mine",
    "version": "2026-01",
    "origin": "outside",
    "owner": "5f3c9a52-8d0e-4c1b-9a57-0d8f1e2b3c4d",
    "target": "price",
    "scores": _SCORES,
    "books": 1000,
    "predictions": 1000,
    "created_at": "2026-01-05T10:30:00Z",
}
_ONE: dict[str, Any] = {"book_id": 1000, "value": 35.4, "actual": 51.77, "error": -16.37}


class FeaturesBody(BaseModel):
    """What a model may know of a book. Lengths are characters."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FEATURES]})

    book_id: int | None = Field(None, ge=1, le=2**31 - 1)
    category: str = Field("", max_length=200)
    price: float | None = Field(None, ge=0, le=1e9)
    rating: float | None = Field(None, ge=0, le=5)
    stock: float | None = Field(None, ge=0, le=1e9)
    title_length: int = Field(0, ge=0, le=100_000)
    title_words: int = Field(0, ge=0, le=100_000)
    description_length: int = Field(0, ge=0, le=10_000_000)


class FeaturesList(BaseModel):
    """Features of books."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"features": [_FEATURES], "total": 1, "note": None}]})

    features: list[FeaturesBody]
    total: int
    note: Note = None


class OutsideModel(BaseModel):
    """A model that was trained elsewhere."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "mine", "version": "2026-01"}]})

    name: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)


class Said(BaseModel):
    """What an outside model says of a book of the catalogue."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"book_id": 1000, "value": 35.4}]})

    book_id: int = Field(ge=1, le=2**31 - 1)
    value: float = Field(ge=-1e12, le=1e12)


class PredictionsAsked(BaseModel):
    """One of: `book_ids` of the catalogue, `features` of books that nobody has yet, or `model` with its `predictions`,
    which are kept and scored."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"target": "price", "book_ids": [1000]},
                {"target": "rating", "features": [{"category": "Poetry", "price": 20.0, "title_length": 12}]},
                {"model": {"name": "mine", "version": "2026-01"}, "predictions": [{"book_id": 1000, "value": 35.4}]},
            ]
        },
    )

    target: Target = "price"
    book_ids: list[int] = Field(default_factory=list, max_length=MOST)
    features: list[FeaturesBody] = Field(default_factory=list, max_length=MOST)
    model: OutsideModel | None = None
    predictions: list[Said] = Field(default_factory=list, max_length=MOST)

    @model_validator(mode="after")
    def _one_of(self) -> "PredictionsAsked":
        given = [name for name in ("book_ids", "features", "predictions") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give exactly one of book_ids, features, predictions")
        if (given[0] == "predictions") is not (self.model is not None):
            raise ValueError("model and predictions go together: whose they are, and what it says")
        if len({one.book_id for one in self.predictions}) < len(self.predictions):
            raise ValueError("predictions: each book once")
        return self


class ModelBody(BaseModel):
    """Which model spoke, and how well it does: mean absolute error, root mean squared error, share of the variance
    explained, and the mean absolute error of always saying the mean. Ours are cross-validated."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MODEL]})

    name: str
    version: str
    kind: str
    origin: Literal["trained", "outside"]
    target: Target
    scores: dict[str, float]
    books: int


class KeptModelBody(BaseModel):
    """A version of a model. `books` is how many its scores were reckoned from, `predictions` how many of them are kept:
    none of what our own say."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEPT]})

    name: str
    version: str
    origin: Literal["trained", "outside"]
    owner: str | None = Field(description="The account that sent it; null for our own.")
    target: Target
    scores: dict[str, float]
    books: int
    predictions: int
    created_at: datetime


class ModelList(BaseModel):
    """Versions of models, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"models": [_KEPT], "total": 1}]})

    models: list[KeptModelBody]
    total: int


class Prediction(BaseModel):
    """A value; beside it what is true and by how much it is missed, where that is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ONE]})

    book_id: int | None
    value: float
    actual: float | None
    error: float | None


class PredictionsBody(BaseModel):
    """Predictions in the order in which they were asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": _MODEL, "predictions": [_ONE]}]})

    model: ModelBody
    predictions: list[Prediction]


class TrainingData(BaseModel):
    """A random choice of books; the same `seed` gives the same one again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_FEATURES], "seed": 42, "total": 1, "note": None}]}
    )

    data: list[FeaturesBody]
    seed: int
    total: int
    note: Note = None


def features_body(features: Features) -> FeaturesBody:
    """Of one book."""
    return FeaturesBody(**asdict(features))


def of_ours(spoken: Spoken) -> ModelBody:
    """A model of ours."""
    learnt = spoken.learnt
    return ModelBody(name=f"books-{spoken.target}", version=spoken.version, kind=learnt.kind, origin="trained",
                     target=spoken.target, scores=learnt.scores, books=learnt.books)  # fmt: skip


def of_row(row: ModelRow, target: Target) -> ModelBody:
    """Somebody else's."""
    return ModelBody(name=row.name, version=row.version, kind="outside", origin="outside", target=target,
                     scores=row.scores, books=row.books)  # fmt: skip


def kept(row: ModelRow) -> KeptModelBody:
    """A version that was kept."""
    fields = asdict(row) | {"owner": None if row.owner == SYSTEM else row.owner, "created_at": row.at}
    return KeptModelBody.model_validate({name: fields[name] for name in KeptModelBody.model_fields})


def predicted(model: ModelBody, pairs: list[tuple[Features, float]]) -> PredictionsBody:
    """What was said of each book."""
    return PredictionsBody(model=model, predictions=[_one(features, value, model.target) for features, value in pairs])


def _one(features: Features, value: float, target: Target) -> Prediction:
    actual = answer_of(features, target)
    error = None if actual is None else round(value - actual, 6)
    return Prediction(book_id=features.book_id, value=round(value, 6), actual=actual, error=error)
