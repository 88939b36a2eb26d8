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
    PredictionsAsked,
    PredictionsBody,
    TrainingData,
    features_body,
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
    found, total = await gateway.catalogue.page(BookFilter(), limit, offset)
    return FeaturesList(features=[features_body(features_of(book)) for book in found], total=total)


@router.get("/training-data", summary="Training data", **documented(422, permission=Permission.READ))
@router.get("/training-data/", include_in_schema=False)
async def training_data(caller: Reader, gateway: Wired, seed: Seed = None) -> TrainingData:
    """A hundred books at random, others each time."""
    chosen = secrets.randbelow(2**53) if seed is None else seed
    found = await gateway.catalogue.sample(chosen, SAMPLE)
    data = [features_body(features_of(book)) for book in found]
    return TrainingData(data=data, seed=chosen, total=len(data))


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
