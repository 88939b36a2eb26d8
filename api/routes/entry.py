"""What the plain and the enveloped sign-in doors share."""

from api.auth.callers import Caller
from api.auth.sign_in import Visit
from api.errors import unauthenticated
from api.gateway import Gateway
from api.shapes.accounts import LoginAnswer, LoginBody, LogoutBody, MeBody, MessageBody, account, login_answer


async def let_in(gateway: Gateway, body: LoginBody, visit: Visit) -> LoginAnswer:
    """Tokens for a right password."""
    config = gateway.config
    lifetime = config.remembered_lifetime if body.remember_me else config.refresh_lifetime
    signed_in = await gateway.sign_in.by_password(body.username, body.password, visit, lifetime=lifetime)
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
    return MeBody(**account(user), created_at=user.created_at, active_sessions=sessions)
