"""What accounts are told by mail: what has happened, when, from where, and what to do if it was not them."""

from datetime import UTC, datetime

from api.auth.visits import Visit
from api.errors import ApiError, invalid
from schemas.accounts import User
from schemas.mail import Mail, MailRefused, one_line

_UNLESS = "If this was not you, change your password at once and end the sessions that you do not know."


def security(user: User, kind: str, what: str, visit: Visit, unless: str = _UNLESS) -> Mail | None:
    """A warning about an account; None for one without an address that mail can be sent to. `unless`: what to do if it
    was somebody else."""
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    where = f" from {visit.address}" if visit.address else ""
    agent = f"\nProgram: {one_line(visit.user_agent, 200)}" if visit.user_agent else ""
    text = f"Hello {one_line(user.username)},\n\n{what}\n\nWhen: {moment}{where}{agent}\n\n{unless}\n"
    return _to(user, kind, f"Trawl: {what.rstrip('.')}", text)


def new_device(user: User, visit: Visit) -> Mail | None:
    """Somebody signed in with a device that this account has never used."""
    return security(user, "new_device", "Your account was signed in to with a new device.", visit)


def locked_out(user: User, visit: Visit) -> Mail | None:
    """Too many wrong tries."""
    return security(user, "lockout", "Somebody tried wrong passwords or codes for your account.", visit)


def reused(user: User, visit: Visit, program: str = "") -> Mail | None:
    """A refresh token came twice: that of a device, or of a `program`."""
    whose = f"What you let the program {one_line(program)} do" if program else "A session of your account"
    return security(user, "refresh_reuse", f"{whose} was ended, because its refresh token was used twice.", visit)


def reused_code(user: User, visit: Visit, program: str) -> Mail | None:
    """A code that a `program` was given came twice."""
    what = f"What you let the program {one_line(program)} do was ended, because its code was used twice."
    return security(user, "code_reuse", what, visit)


def password_changed(user: User, visit: Visit) -> Mail | None:
    """A new password; all other sessions have ended."""
    return security(user, "password_changed", "The password of your account was changed.", visit)


def password_reset(user: User, visit: Visit) -> Mail | None:
    """A new password without the old one: nothing that led in before does any more."""
    then = (
        "Every session, API key and program that was let in has ended, and identities that were linked are unlinked. "
        f"Make new keys for what needs one.\n\n{_UNLESS}"
    )
    return security(user, "password_changed", "The password of your account was reset.", visit, then)


def address_changed(user: User, visit: Visit) -> Mail | None:
    """To the address that `user` had until now."""
    what = "Your account has another e-mail address now; this one hears no more of it."
    return security(user, "email_changed", what, visit, "If you did not expect this, tell your administrator at once.")


def identity_changed(user: User, visit: Visit, issuer: str, *, linked: bool = False) -> Mail | None:
    """Somebody of an outside provider leads in from now on, or does not any more."""
    where = one_line(issuer, 120)
    what = f"{where} {'can sign in to' if linked else 'no longer leads to'} your account now."
    return security(user, "identity_linked" if linked else "identity_unlinked", what, visit)


def factor_changed(user: User, visit: Visit, how: str) -> Mail | None:
    """`how`: enabled, disabled, reset; or used, for a backup code."""
    what = "A backup code of your account was used." if how == "used" else f"Two-step sign-in was {how}."
    return security(user, f"mfa_{how}", what, visit)


def reset_link(user: User, home: str, token: str, minutes: int) -> Mail | None:
    """The way to a new password."""
    text = (
        f"Hello {one_line(user.username)},\n\nsomebody asked for a new password for your account. Choose one here "
        f"within {minutes} minutes:\n\n{home}/reset-password/{token}\n\n"
        "The link works once. If you did not ask for it, do nothing: your password stays as it is.\n"
    )
    return _to(user, "password_reset", "Trawl: choose a new password", text)


def temporary_password(user: User, home: str, password: str, hours: int) -> Mail | None:
    """What an administrator has set."""
    text = (
        f"Hello {one_line(user.username)},\n\nan administrator has reset your password. For {hours} hours you can "
        f"sign in at {home} with\n\n    {password}\n\nand then choose one of your own.\n"
    )
    return _to(user, "password_reset", "Trawl: a temporary password", text)


def welcome(user: User, home: str) -> Mail | None:
    """A new account; its password is not in the mail."""
    text = (
        f"Hello {one_line(user.username)},\n\nyou have an account at {home} now, with the role {user.role}.\n"
        "If an administrator made it for you, they tell you the password: change it after you have signed in.\n"
    )
    return _to(user, "welcome", "Trawl: welcome", text)


def nobody_sends(field: str, instead: str) -> ApiError:
    """422 for mail that is asked for where no server takes it: it would be dropped after a day, and what is in it lost.
    `instead`: what to do."""
    return invalid(field, f"No mail is sent from here (TRAWL_SMTP_URL is not set): {instead}", "NOT_CONFIGURED")


def _to(user: User, kind: str, subject: str, text: str) -> Mail | None:
    if not user.email:
        return None
    try:
        return Mail(kind=kind, recipient=user.email, subject=subject, text=text)
    except MailRefused:  # an address from before addresses were checked
        return None
