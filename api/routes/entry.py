"""What the plain and the enveloped sign-in doors share."""

from uuid import UUID

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, Fault, not_found, unauthenticated
from api.gateway import Gateway
from api.shapes.accounts import LoginAnswer, LoginBody, LogoutBody, MeBody, MessageBody, account, login_answer
from api.shapes.identity import IdentityList, SessionList, identity_list, session_list
from schemas.accounts import User


async def let_in(gateway: Gateway, body: LoginBody, visit: Visit) -> LoginAnswer:
    """Tokens for a right password."""
    config = gateway.config
    lifetime = config.remembered_lifetime if body.remember_me else config.refresh_lifetime
    idle = config.remembered_idle if body.remember_me else config.idle_lifetime
    signed_in = await gateway.sign_in.by_password(
        body.username, body.password, visit, lifetime=lifetime, idle=idle, code=body.mfa_token
    )
    return login_answer(signed_in, config.access_lifetime)


async def end(gateway: Gateway, caller: Caller, body: LogoutBody | None, visit: Visit) -> MessageBody:
    """The end of a session or of all."""
    await gateway.sign_in.out(caller, visit, everywhere=bool(body and body.all_devices))
    gateway.callers.forget()
    return MessageBody(message="Successfully logged out")


async def me_of(gateway: Gateway, caller: Caller) -> MeBody:
    """The caller's account."""
    user = await gateway.ports.accounts.user(caller.user_id)
    if user is None:
        raise unauthenticated("This account is gone.")
    sessions = await gateway.ports.accounts.count_sessions(user.id)
    return MeBody(**account(user), first_name=user.first_name, last_name=user.last_name, created_at=user.created_at,
                  active_sessions=sessions)  # fmt: skip


def person(caller: Caller) -> None:
    """ApiError 403 for a program that acts for somebody: keys and other people's applications change no credentials,
    for who has stolen one must not be able to stay."""
    if not caller.personal:
        sentence = "This needs a sign-in of your own, with your password; a key or an application cannot do it."
        fault = Fault("authorization", sentence, "INSUFFICIENT_PERMISSIONS")
        raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [fault])


async def owner_of(gateway: Gateway, caller: Caller) -> User:
    """The account of a person who acts for themselves, by a session that has not ended this very second: what is done
    here outlasts it."""
    person(caller)
    if not await gateway.ports.accounts.standing([caller.credential_id]):
        raise unauthenticated("This session has ended; sign in again.")
    user = await gateway.ports.accounts.user(caller.user_id)
    if user is None:
        raise unauthenticated("This account is gone.")
    return user


async def sessions_of(gateway: Gateway, caller: Caller) -> SessionList:
    """The caller's signed-in devices."""
    return session_list(await gateway.ports.accounts.devices(caller.user_id), caller.credential_id)


async def end_session(gateway: Gateway, caller: Caller, session_id: str, visit: Visit) -> MessageBody:
    """One of the caller's devices is signed out. ApiError 404 for somebody else's."""
    try:
        known = str(UUID(session_id))
    except ValueError:
        known = ""
    act = visit.act(caller.user_id, "session_ended", known)
    if not known or not await gateway.ports.accounts.end_device(caller.user_id, known, act):
        raise not_found("session_id", "You have no such session.")
    gateway.callers.forget()
    return MessageBody(message="The session is ended")


async def identities_of(gateway: Gateway, caller: Caller) -> IdentityList:
    """Who the caller is elsewhere."""
    return identity_list(await gateway.identity.linked.all(caller))


async def unlink(gateway: Gateway, caller: Caller, identity_id: str, password: str, visit: Visit) -> MessageBody:
    """One of the caller's outside identities leads in no more."""
    person(caller)
    await gateway.identity.linked.unlink(caller, identity_id, password, visit)
    return MessageBody(message="It no longer leads to your account; sessions that it opened go on until you end them")
