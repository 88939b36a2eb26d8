"""Registering the programs that may act for people, or for themselves (OAuth2 clients)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Administrator, From, Wired
from api.shapes.accounts import MessageBody
from api.shapes.errors import documented
from api.shapes.oauth import (
    ClientBody,
    ClientChanged,
    ClientList,
    ClientMade,
    ClientWanted,
    client_body,
    client_made,
)

router = APIRouter(prefix="/api/v1/oauth/clients", tags=["oauth"], dependencies=SCHEMES, route_class=StrictRoute)

ClientId = Annotated[str, Path(max_length=100)]


@router.post(
    "",
    status_code=201,
    summary="Register an OAuth2 client",
    **documented(400, 409, 413, 422, permission=Permission.ADMIN),
)
async def register(
    body: ClientWanted, caller: Administrator, gateway: Wired, visit: From, response: Response
) -> ClientMade:
    """A program that may ask people to act for them, or act by itself. Its secret is shown now and never again."""
    client, secret = await gateway.clients.add(caller, body.asked(), visit)
    response.headers["Location"] = f"/api/v1/oauth/clients/{client.id}"
    response.headers["Cache-Control"] = "no-store"
    return client_made(client, secret)


@router.get("", summary="List OAuth2 clients", **documented(permission=Permission.ADMIN))
async def clients(caller: Administrator, gateway: Wired) -> ClientList:
    """Every client, by name; never their secrets."""
    return ClientList(clients=[client_body(client) for client in await gateway.clients.all()])


@router.get("/{client_id}", summary="One OAuth2 client", **documented(404, 422, permission=Permission.ADMIN))
async def client(client_id: ClientId, caller: Administrator, gateway: Wired) -> ClientBody:
    """One client."""
    return client_body(await gateway.clients.one(client_id))


@router.patch(
    "/{client_id}",
    summary="Change an OAuth2 client",
    **documented(400, 404, 409, 413, 422, permission=Permission.ADMIN),
)
async def change(
    client_id: ClientId, body: ClientChanged, caller: Administrator, gateway: Wired, visit: From
) -> ClientBody:
    """Its name, redirect URIs and scopes; what is absent stays. Fewer scopes count from the next refresh."""
    return client_body(await gateway.clients.change(caller, client_id, body.change(), visit))


@router.post(
    "/{client_id}/secret",
    summary="Give an OAuth2 client another secret",
    **documented(400, 404, 409, 422, permission=Permission.ADMIN),
)
async def new_secret(
    client_id: ClientId, caller: Administrator, gateway: Wired, visit: From, response: Response
) -> ClientMade:
    """The old one is not good any more; the new one is shown now and never again."""
    response.headers["Cache-Control"] = "no-store"
    return client_made(*await gateway.clients.new_secret(caller, client_id, visit))


@router.delete("/{client_id}", summary="Remove an OAuth2 client", **documented(404, 422, permission=Permission.ADMIN))
async def remove(client_id: ClientId, caller: Administrator, gateway: Wired, visit: From) -> MessageBody:
    """Everything that it was given ends at once."""
    await gateway.clients.remove(caller, client_id, visit)
    gateway.callers.forget()
    return MessageBody(message="The client is removed")
