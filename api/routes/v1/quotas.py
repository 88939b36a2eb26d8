"""Quotas: everybody's own, and an administrator's word on others'."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.errors import ApiError, not_found
from api.gateway import SCHEMES, Administrator, From, Gateway, Reader, Wired
from api.shapes.errors import documented
from api.shapes.quotas import QuotaBody, QuotaWanted, quota_body

router = APIRouter(prefix="/api/v1", tags=["accounts"], dependencies=SCHEMES, route_class=StrictRoute)

UserId = Annotated[
    str, Path(max_length=100, description="The account's id.", examples=["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"])
]


@router.get("/auth/quota", summary="Your quotas", **documented(permission=Permission.READ))
async def own(caller: Reader, gateway: Wired) -> QuotaBody:
    """What your account may have, and what it has of it. Whoever has spent the pages of a day goes on at 00:00 UTC by
    itself; opening a run over another quota is a 429 whose `details.quota` names it."""
    return await _standing(gateway, caller.user_id)


@router.get("/quotas/{user_id}", summary="An account's quotas", **documented(404, permission=Permission.ADMIN))
async def quota(user_id: UserId, caller: Administrator, gateway: Wired) -> QuotaBody:
    """The same of any account."""
    return await _standing(gateway, _id(user_id))


@router.put(
    "/quotas/{user_id}",
    summary="Change an account's quotas",
    **documented(400, 404, 413, 422, permission=Permission.ADMIN),
)
async def change(user_id: UserId, body: QuotaWanted, caller: Administrator, gateway: Wired, visit: From) -> QuotaBody:
    """In place of what it had. It counts from the next run that is opened, and the next page that is handed out."""
    known, wanted = _id(user_id), body.model_dump()
    if not await gateway.ports.quotas.allow(known, wanted, visit.act(caller.user_id, "quota_changed", known, **wanted)):
        raise _nobody()
    return await _standing(gateway, known)


async def _standing(gateway: Gateway, user_id: str) -> QuotaBody:
    found = await gateway.ports.quotas.standing(user_id)
    if found is None:
        raise _nobody()
    return quota_body(*found)


def _id(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError:
        raise _nobody() from None


def _nobody() -> ApiError:
    return not_found("user_id", "There is no such account.")
