"""The books interface: what models learn from, and what they say."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired
from api.services.books.features import Features, features_of
from api.shapes.errors import documented
from api.shapes.ml import (
    FeaturesList,
    ModelList,
    PredictionsAsked,
    PredictionsBody,
    TrainingData,
    features_body,
    kept,
    of_ours,
    of_row,
    predicted,
)
from schemas.books import BookFilter

router = APIRouter(prefix="/api/v1/ml", tags=["books"], dependencies=SCHEMES, route_class=StrictRoute)

SAMPLE = 100
Seed = Annotated[int | None, Query(ge=0, le=2**53, description="The same seed gives the same books.")]


@router.get("/features", summary="Features of books", **documented(422, permission=Permission.READ))
@router.get("/features/", include_in_schema=False)
async def features(
    caller: Reader,
    gateway: Wired,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> FeaturesList:
    """What a model may know of each book, by its number."""
    shelf = await gateway.catalogue.shelf()
    found, total = await shelf.page(BookFilter(), limit, offset)
    return FeaturesList(features=[features_body(features_of(book)) for book in found], total=total, note=shelf.note)


@router.get("/training-data", summary="Training data", **documented(422, permission=Permission.READ))
@router.get("/training-data/", include_in_schema=False)
async def training_data(caller: Reader, gateway: Wired, seed: Seed = None) -> TrainingData:
    """A hundred books at random, others each time."""
    chosen = secrets.randbelow(2**53) if seed is None else seed
    shelf = await gateway.catalogue.shelf()
    data = [features_body(features_of(book)) for book in await shelf.sample(chosen, SAMPLE)]
    return TrainingData(data=data, seed=chosen, total=len(data), note=shelf.note)


@router.get("/models", summary="List models", **documented(422, permission=Permission.READ))
@router.get("/models/", include_in_schema=False)
async def models(
    caller: Reader,
    gateway: Wired,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ModelList:
    """Every version of the models that were trained here and of those that you have sent predictions of, with what each
    scored, the newest first; administrators see everybody's."""
    rows, total = await gateway.predictions.models(caller, limit, offset)
    return ModelList(models=[kept(row) for row in rows], total=total)


@router.post("/predictions", summary="Predict", **documented(409, permission=Permission.READ))
@router.post("/predictions/", include_in_schema=False)
async def predictions(body: PredictionsAsked, caller: Reader, gateway: Wired, visit: From) -> PredictionsBody:
    """Price or rating by a model that is trained on the newest catalogue when it is first asked for; or the place to
    send what a model of your own says, which is kept and scored."""
    if body.model:
        said = {one.book_id: one.value for one in body.predictions}
        row, pairs = await gateway.predictions.outside(
            caller, body.target, body.model.name, body.model.version, said, visit
        )
        return predicted(of_row(row, body.target), pairs)
    if body.book_ids:
        spoken = await gateway.predictions.of_books(body.target, body.book_ids, visit)
    else:
        wanted = [Features(**one.model_dump()) for one in body.features]
        spoken = await gateway.predictions.of_features(body.target, wanted, visit)
    return predicted(of_ours(spoken), spoken.pairs)
