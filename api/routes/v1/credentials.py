"""Stored credentials of sites, which jobs name and fetchers send to their own host."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Wired, Writer
from api.shapes.accounts import MessageBody
from api.shapes.credentials import CredentialAsked, CredentialBody, CredentialList, credential_body
from api.shapes.errors import documented

router = APIRouter(
    prefix="/api/v1/auth/credentials", tags=["credentials"], dependencies=SCHEMES, route_class=StrictRoute
)


@router.post(
    "",
    status_code=201,
    summary="Store credentials of a site",
    **documented(400, 409, 413, 422, permission=Permission.WRITE),
)
async def store(
    body: CredentialAsked, caller: Writer, gateway: Wired, visit: From, response: Response
) -> CredentialBody:
    """For jobs to name in `options.credentials`. They are sealed and sent to their own host only."""
    added = await gateway.credentials.add(caller, body, visit)
    response.headers["Location"] = f"/api/v1/auth/credentials/{added.id}"
    return credential_body(added)


@router.get("", summary="List stored credentials", **documented(permission=Permission.WRITE))
async def credentials(caller: Writer, gateway: Wired) -> CredentialList:
    """Yours, by name, with their last use; never their secrets."""
    return CredentialList(credentials=[credential_body(one) for one in await gateway.credentials.all(caller)])


@router.delete("/{credential_id}", summary="Remove credentials", **documented(404, permission=Permission.WRITE))
async def remove(
    credential_id: Annotated[str, Path(max_length=100)], caller: Writer, gateway: Wired, visit: From
) -> MessageBody:
    """Removes them; fetchers stop sending them within a minute."""
    await gateway.credentials.remove(caller, credential_id, visit)
    return MessageBody(message="The credentials are removed")
