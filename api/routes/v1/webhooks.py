"""Webhooks: where to post what happens, and the log of what was posted."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Wired, Writer
from api.routes.v1.jobs import Cursor, Limit
from api.shapes.accounts import MessageBody
from api.shapes.errors import documented
from api.shapes.webhooks import (
    DeliveryBody,
    DeliveryPage,
    WebhookAsked,
    WebhookBody,
    WebhookChange,
    WebhookList,
    WebhookOpened,
    delivery_body,
    opened_body,
    webhook_body,
)
from schemas.webhooks import DeliveryState

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], dependencies=SCHEMES, route_class=StrictRoute)

WebhookId = Annotated[str, Path(max_length=100, description="The webhook's id.")]
DeliveryId = Annotated[str, Path(max_length=100, description="The delivery's id: the receiver's `webhook-id`.")]


@router.post(
    "", status_code=201, summary="Make a webhook", **documented(400, 409, 413, 422, permission=Permission.WRITE)
)
async def make(body: WebhookAsked, caller: Writer, gateway: Wired, visit: From, response: Response) -> WebhookOpened:
    """What happens from now on is posted there, signed as Standard Webhooks says. The secret is shown this once."""
    opened = await gateway.notifications.add(caller, body, visit)
    response.headers["Location"] = f"/api/v1/webhooks/{opened.webhook.id}"
    return opened_body(opened.webhook, opened.secret)


@router.get("", summary="List webhooks", **documented(permission=Permission.WRITE))
async def webhooks(caller: Writer, gateway: Wired) -> WebhookList:
    """Yours, and whether they answer; everyone's for an administrator."""
    return WebhookList(webhooks=[webhook_body(one) for one in await gateway.notifications.all(caller)])


@router.get("/{webhook_id}", summary="Get a webhook", **documented(404, permission=Permission.WRITE))
async def webhook(webhook_id: WebhookId, caller: Writer, gateway: Wired) -> WebhookBody:
    """One of yours, without its secret."""
    return webhook_body(await gateway.notifications.one(caller, webhook_id))


@router.patch(
    "/{webhook_id}", summary="Change a webhook", **documented(400, 404, 413, 422, permission=Permission.WRITE)
)
async def change(
    webhook_id: WebhookId, body: WebhookChange, caller: Writer, gateway: Wired, visit: From
) -> WebhookBody:
    """What is left out stays. Disabling it drops what waits; enabling it forgets that it failed."""
    return webhook_body(await gateway.notifications.change(caller, webhook_id, body, visit))


@router.delete("/{webhook_id}", summary="Remove a webhook", **documented(404, permission=Permission.WRITE))
async def remove(webhook_id: WebhookId, caller: Writer, gateway: Wired, visit: From) -> MessageBody:
    """With its deliveries; nothing more is sent there."""
    await gateway.notifications.remove(caller, webhook_id, visit)
    return MessageBody(message="The webhook is removed")


@router.post("/{webhook_id}/secret", summary="Rotate a secret", **documented(404, permission=Permission.WRITE))
async def rotate(webhook_id: WebhookId, caller: Writer, gateway: Wired, visit: From) -> WebhookOpened:
    """Another secret, shown this once. For a day each delivery carries the signatures of both."""
    opened = await gateway.notifications.rotate(caller, webhook_id, visit)
    return opened_body(opened.webhook, opened.secret)


@router.post(
    "/{webhook_id}/ping", status_code=202, summary="Try a webhook", **documented(404, 409, permission=Permission.WRITE)
)
async def ping(webhook_id: WebhookId, caller: Writer, gateway: Wired, visit: From) -> DeliveryBody:
    """Posts an event `ping` within moments; what came of it is in the log."""
    return delivery_body(await gateway.notifications.ping(caller, webhook_id, visit))


@router.get("/{webhook_id}/deliveries", summary="List deliveries", **documented(404, 422, permission=Permission.WRITE))
async def deliveries(
    webhook_id: WebhookId,
    caller: Writer,
    gateway: Wired,
    state: Annotated[DeliveryState | None, Query(description="Only those that are so.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """The newest first, each with every attempt; kept for a month."""
    page = await gateway.notifications.deliveries(caller, webhook_id, state, cursor, limit)
    return DeliveryPage(deliveries=[delivery_body(one) for one in page.items], next_cursor=page.next_cursor)


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}", summary="Get a delivery", **documented(404, permission=Permission.WRITE)
)
async def delivery(webhook_id: WebhookId, delivery_id: DeliveryId, caller: Writer, gateway: Wired) -> DeliveryBody:
    """One delivery with its attempts."""
    return delivery_body(await gateway.notifications.delivery(caller, webhook_id, delivery_id))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    summary="Send a delivery again",
    **documented(404, 409, permission=Permission.WRITE),
)
async def redeliver(
    webhook_id: WebhookId, delivery_id: DeliveryId, caller: Writer, gateway: Wired, visit: From
) -> DeliveryBody:
    """The same message under the same id, from the first try on."""
    return delivery_body(await gateway.notifications.again(caller, webhook_id, delivery_id, visit))
