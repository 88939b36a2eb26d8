"""What people do with their own account, in the v2 frame: register, a lost password, second factor, sessions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from api.auth.permissions import Permission
from api.auth.users import Wanted
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, From, Reader, Wired
from api.routes.entry import end_session, identities_of, owner_of, sessions_of, unlink
from api.routes.frame import framed
from api.shapes.accounts import Enveloped, MessageBody
from api.shapes.errors import documented
from api.shapes.identity import (
    ForgotBody,
    IdentityList,
    MfaAsked,
    MfaCode,
    MfaSetup,
    NewPasswordBody,
    SessionList,
    Unlinking,
)
from api.shapes.users import RegisterBody, UserBody, user_body

router = APIRouter(route_class=StrictRoute)


@router.post(
    "/register",
    status_code=201,
    summary="Register",
    response_model=Enveloped[UserBody],
    **documented(400, 403, 409, 422, 429, 503),
)
async def register(body: RegisterBody, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """An account of your own, where the installation allows it (`TRAWL_REGISTRATION`). 403 where it does not."""
    wanted = Wanted(
        username=body.username, email=body.email, password=body.password, first_name=body.first_name,
        last_name=body.last_name, role=body.role or gateway.config.registration_roles[0],
    )  # fmt: skip
    return framed(request, user_body(await gateway.identity.users.register(wanted, visit)))


@router.post(
    "/password-reset",
    status_code=202,
    summary="Ask for a new password",
    response_model=Enveloped[MessageBody],
    **documented(400, 422, 429, 503),
)
async def forgot(body: ForgotBody, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """Mails a link that works once, for half an hour. The answer is the same whether there is such an account: a 422
    where no mail is sent."""
    await gateway.identity.recovery.ask(body.email, visit)
    return framed(request, MessageBody(message="If there is an account with this address, a mail is on its way"))


@router.post(
    "/password-reset/confirm",
    summary="Choose a new password",
    response_model=Enveloped[MessageBody],
    **documented(400, 401, 422, 429, 503),
)
async def reset(body: NewPasswordBody, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """Spends a mailed link: the password is set, and every session of the account ends."""
    await gateway.identity.recovery.reset(body.token, body.new_password, body.confirm_password, visit)
    gateway.callers.forget()
    return framed(request, MessageBody(message="Your password is changed; sign in with the new one"))


@router.post(
    "/mfa/setup",
    summary="Set up a second factor",
    dependencies=SCHEMES,
    response_model=Enveloped[MfaSetup],
    **documented(400, 409, 422, 429, permission=Permission.READ),
)
async def set_up(
    caller: Reader, gateway: Wired, visit: From, request: Request, body: MfaAsked | None = None
) -> dict[str, Any]:
    """A secret for your app and ten backup codes, shown this once. It counts after `/auth/mfa/verify`. 409 for whoever
    signed in more than ten minutes ago and does not send `current_password`."""
    user = await owner_of(gateway, caller)
    await gateway.identity.proving.lately(caller, body.current_password if body else None, visit)
    made = await gateway.identity.factor.set_up(user, visit)
    return framed(request, MfaSetup(qr_code=made.qr_code, secret=made.secret, backup_codes=made.backup_codes,
                                    setup_url=made.url))  # fmt: skip


@router.post(
    "/mfa/verify",
    summary="Enable the second factor",
    dependencies=SCHEMES,
    response_model=Enveloped[MessageBody],
    **documented(400, 404, 409, 422, 429, permission=Permission.READ),
)
async def verify(body: MfaCode, caller: Reader, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """Shows that your app has the secret: from now on signing in asks for a code."""
    await gateway.identity.factor.verify(await owner_of(gateway, caller), body.totp_token, visit)
    return framed(request, MessageBody(message="Two-step sign-in is enabled"))


@router.post(
    "/mfa/disable",
    summary="Disable the second factor",
    dependencies=SCHEMES,
    response_model=Enveloped[MessageBody],
    **documented(400, 422, 429, permission=Permission.READ),
)
async def disable(body: MfaCode, caller: Reader, gateway: Wired, visit: From, request: Request) -> dict[str, Any]:
    """With a code of your app, or a backup code."""
    await gateway.identity.factor.disable(await owner_of(gateway, caller), body.totp_token, visit)
    return framed(request, MessageBody(message="Two-step sign-in is disabled"))


@router.get(
    "/sessions",
    summary="List your sessions",
    dependencies=SCHEMES,
    response_model=Enveloped[SessionList],
    **documented(permission=Permission.READ),
)
async def sessions(caller: Reader, gateway: Wired, request: Request) -> dict[str, Any]:
    """Where you are signed in, last used first."""
    return framed(request, await sessions_of(gateway, caller))


@router.delete(
    "/sessions/{session_id}",
    summary="End one of your sessions",
    dependencies=SCHEMES,
    response_model=Enveloped[MessageBody],
    **documented(404, permission=Permission.READ),
)
async def end_one(
    session_id: Annotated[str, Path(max_length=100)], caller: Reader, gateway: Wired, visit: From, request: Request
) -> dict[str, Any]:
    """Signs that device out, at once and everywhere."""
    return framed(request, await end_session(gateway, caller, session_id, visit))


@router.get(
    "/identities",
    summary="List your outside identities",
    dependencies=SCHEMES,
    response_model=Enveloped[IdentityList],
    **documented(permission=Permission.READ),
)
async def identities(caller: Reader, gateway: Wired, request: Request) -> dict[str, Any]:
    """Who you are at the identity provider, oldest first: each of them can sign in as you."""
    return framed(request, await identities_of(gateway, caller))


@router.post(
    "/identities/{identity_id}/unlink",
    summary="Unlink an outside identity",
    dependencies=SCHEMES,
    response_model=Enveloped[MessageBody],
    **documented(400, 404, 409, 422, 429, permission=Permission.READ),
)
async def unlink_one(
    identity_id: Annotated[str, Path(max_length=100)],
    body: Unlinking,
    caller: Reader,
    gateway: Wired,
    visit: From,
    request: Request,
) -> dict[str, Any]:
    """With your password: it no longer leads to your account, and you are told by mail, where mail is sent."""
    return framed(request, await unlink(gateway, caller, identity_id, body.current_password, visit))
