"""Accounts, for whoever manages them; and one's own, with its password."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.auth.touching import still_touchable
from api.edge.bodies import StrictRoute
from api.errors import conflict, not_found
from api.gateway import SCHEMES, From, Needs, Reader, Wired
from api.ports.users import SortBy
from api.routes.entry import person
from api.routes.frame import framed
from api.shapes.accounts import Enveloped, MessageBody
from api.shapes.errors import documented
from api.shapes.pages import pagination
from api.shapes.users import (
    PasswordChange,
    PasswordReset,
    PasswordResetAnswer,
    Role,
    Status,
    UserAsked,
    UserChanges,
    UserDetails,
    UserPage,
    user_body,
    user_details,
)
from api.shapes.words import AnyCase, OrAll
from schemas.accounts import User

router = APIRouter(prefix="/users", tags=["users"], route_class=StrictRoute, dependencies=SCHEMES)

UserAdmin = Annotated[Caller, Depends(Needs(Permission.USERS))]
RoleFilter = Annotated[
    Role | None, OrAll, AnyCase, Query(description="Only those of this role; case does not matter. `all`: any.")
]
StateFilter = Annotated[
    Status | None, OrAll, AnyCase, Query(description="Only those that are so; case does not matter. `all`: any.")
]
UserId = Annotated[str, Path(max_length=100, description="With or without the prefix `user_`.")]


@router.get("", summary="List users", response_model=UserPage, **documented(422, permission=Permission.USERS))
async def users(
    caller: UserAdmin,
    gateway: Wired,
    request: Request,
    role: RoleFilter = None,
    status: StateFilter = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=1000)] = 20,
    sort_by: SortBy = "created_at",
    sort_order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """Accounts by role and status, a page at a time."""
    found, total = await gateway.identity.users.page(role, status, sort_by, sort_order == "desc", page, per_page)
    return framed(request, [user_body(user) for user in found], pagination=pagination(page, per_page, total))


@router.post(
    "",
    status_code=201,
    summary="Make a user",
    response_model=Enveloped[UserDetails],
    **documented(400, 409, 422, permission=Permission.USERS),
)
async def create(body: UserAsked, caller: UserAdmin, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """A new account, with a role and permissions that you have yourself. 422 for `send_welcome_email` where no mail is
    sent."""
    made = await gateway.identity.users.create(caller, body.wanted(), visit, welcome=body.send_welcome_email)
    return framed(request, user_details(made, await gateway.identity.users.activity(made)))


@router.get(
    "/{user_id}",
    summary="Show a user",
    response_model=Enveloped[UserDetails],
    **documented(404, permission=Permission.READ),
)
async def user(user_id: UserId, caller: Reader, gateway: Wired, request: Request) -> dict[str, Any]:
    """Your own account; any account for whoever may manage users. With what it has done so far."""
    found = await gateway.identity.users.visible(caller, user_id)
    return framed(request, user_details(found, await gateway.identity.users.activity(found)))


@router.put(
    "/{user_id}",
    summary="Change a user",
    response_model=Enveloped[UserDetails],
    **documented(400, 404, 409, 422, 429, permission=Permission.READ),
)
async def change(
    user_id: UserId, body: UserChanges, caller: Reader, gateway: Wired, visit: From, request: Request
) -> dict[str, Any]:
    """What is given is changed: of your own account names and the e-mail address, that one with `current_password` and
    from a sign-in of your own; with `user_management` any account, and its `role`, `status` and `permissions`. A lower
    role counts within seconds, for open streams too; an account that is no longer active is signed out."""
    proof = body.current_password
    changed = await gateway.identity.users.change(caller, user_id, body.change(), visit, proof)
    gateway.callers.forget()
    return framed(request, user_details(changed, await gateway.identity.users.activity(changed)))


@router.delete(
    "/{user_id}",
    summary="Remove a user",
    response_model=Enveloped[MessageBody],
    **documented(404, 409, permission=Permission.USERS),
)
async def remove(user_id: UserId, caller: UserAdmin, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """The account, its sessions, keys, webhooks and stored credentials, for ever. Its jobs stay, for administrators to
    see: open runs are cancelled, schedules paused."""
    await gateway.identity.users.remove(caller, user_id, visit)
    gateway.callers.forget()
    return framed(request, MessageBody(message="The user is removed"))


@router.put(
    "/{user_id}/password",
    summary="Change your password",
    response_model=Enveloped[MessageBody],
    **documented(400, 404, 422, 429, permission=Permission.READ),
)
async def change_password(
    user_id: UserId, body: PasswordChange, caller: Reader, gateway: Wired, visit: From, request: Request
) -> dict[str, Any]:
    """Your own, for whoever knows the current one. All your other sessions end."""
    own = await gateway.identity.users.get(user_id)
    if own.id != caller.user_id:
        raise not_found("user_id", "There is no such user.")
    person(caller)
    await gateway.identity.recovery.change(
        caller, body.current_password, body.new_password, body.confirm_password, visit
    )
    gateway.callers.forget()
    return framed(request, MessageBody(message="Your password is changed; your other sessions have ended"))


@router.post(
    "/{user_id}/reset-password",
    summary="Reset a user's password",
    response_model=Enveloped[PasswordResetAnswer],
    **documented(400, 404, 409, 422, permission=Permission.USERS),
)
async def reset_password(
    user_id: UserId,
    caller: UserAdmin,
    gateway: Wired,
    visit: From,
    request: Request,
    body: PasswordReset | None = None,
) -> dict[str, Any]:
    """A temporary password, which ends by itself; every session of the account ends now. 422, and nothing is changed,
    for `send_email` where no mail is sent."""
    found = _another(await gateway.identity.users.touchable(caller, user_id), caller)
    asked = body or PasswordReset()
    password, ends = await gateway.identity.recovery.set_for(
        found, caller.user_id, asked.temporary_password, visit, by_mail=asked.send_email,
        still=still_touchable(caller, found),
    )  # fmt: skip
    gateway.callers.forget()
    shown = None if asked.send_email else password
    return framed(request, PasswordResetAnswer(message="The password is reset", temporary_password=shown,
                                               expires_at=ends, email_sent=asked.send_email))  # fmt: skip


@router.post(
    "/{user_id}/unlock",
    summary="Let a user try again",
    response_model=Enveloped[MessageBody],
    **documented(404, 409, permission=Permission.USERS),
)
async def unlock(user_id: UserId, caller: UserAdmin, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """Forgets wrong tries, and makes a locked account active."""
    found = await gateway.identity.users.touchable(caller, user_id)
    await gateway.identity.users.unlock(found, caller.user_id, visit, still_touchable(caller, found))
    return framed(request, MessageBody(message="The user may sign in again"))


@router.delete(
    "/{user_id}/mfa",
    summary="End a user's second factor",
    response_model=Enveloped[MessageBody],
    **documented(404, 409, permission=Permission.USERS),
)
async def reset_mfa(
    user_id: UserId, caller: UserAdmin, gateway: Wired, visit: From, request: Request
) -> dict[str, Any]:
    """For somebody who has lost the phone and the backup codes. They are told by mail, where mail is sent."""
    found = _another(await gateway.identity.users.touchable(caller, user_id), caller)
    if not await gateway.identity.factor.reset(found, caller.user_id, visit, still_touchable(caller, found)):
        raise not_found("user_id", "This account has no second factor.")
    return framed(request, MessageBody(message="The second factor is ended; the password alone lets in"))


def _another(user: User, caller: Caller) -> User:
    """Somebody else's account. ApiError 409 for one's own: there what one knows is asked for, so that a session or key
    that was stolen is not the whole account."""
    if user.id == caller.user_id:
        raise conflict("user_id", "This is your own account: change its password or second factor under /auth.")
    return user
