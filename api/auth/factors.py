"""The second factor: one-time codes by an app (TOTP, RFC 6238) and ten backup codes on paper, each good once."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
import segno

from api.auth import mails
from api.auth.passwords import Passwords
from api.auth.touching import untouched
from api.auth.tries import Tries
from api.auth.visits import Visit
from api.errors import ApiError, Fault, conflict, not_found
from api.ports.users import Factors, Still, anyhow
from schemas.accounts import User

STEP_S = 30
BACKUP_CODES = 10
_DRIFT = 1
"""Steps that a phone's clock may be off, to either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is shown once, for the app and for paper."""

    secret: str
    url: str
    qr_code: str
    backup_codes: list[str]


def step_of(secret: str, code: str, now: float) -> int | None:
    """The 30-second step that this code belongs to, if it is one of about now. Compared in constant time."""
    totp, current = pyotp.TOTP(secret), int(now) // STEP_S
    found = None
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


class SecondFactor:
    """Sets up, proves, uses and ends second factors."""

    def __init__(
        self,
        factors: Factors,
        passwords: Passwords,
        tries: Tries,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._factors = factors
        self._passwords = passwords
        self._tries = tries
        self._clock = clock

    async def set_up(self, user: User, visit: Visit) -> Setup:
        """A new secret and new backup codes; they count once `verify` has seen a code. ApiError 409 where a factor is
        enabled already."""
        secret, salt = pyotp.random_base32(), secrets.token_bytes(16)
        codes: list[str] = []
        while len(codes) < BACKUP_CODES:
            code = f"{secrets.randbelow(10**8):08}"
            if code not in codes:
                codes.append(code)
        hashes = [await self._passwords.derive(code, salt) for code in codes]
        act = visit.act(user.id, "mfa_set_up", user.id)
        if not await self._factors.set_up(user.id, secret, salt, hashes, act):
            raise conflict("mfa", "Two-step sign-in is enabled already; disable it first.")
        url = pyotp.TOTP(secret).provisioning_uri(name=user.email or user.username, issuer_name="Trawl")
        picture = segno.make(url, error="m", micro=False).png_data_uri(scale=5, border=4)
        return Setup(secret=secret, url=url, qr_code=picture, backup_codes=codes)

    async def verify(self, user: User, code: str, visit: Visit) -> None:
        """Enables what was set up, for somebody whose app shows the right code."""
        tried = await self._tries.counted(user, visit)
        factor = await self._factors.factor(user.id)
        if factor is None or factor.enabled:
            await self._tries.taken_back(tried)
            raise _enabled() if factor else not_found("mfa", "Nothing was set up; begin with POST /auth/mfa/setup.")
        step = step_of(factor.secret, _digits(code), self._clock().timestamp())
        if step is None:
            await self._tries.wrong(user, visit, "code")
            raise _wrong("totp_token")
        await self._tries.taken_back(tried)
        act, mail = visit.act(user.id, "mfa_enabled", user.id), mails.factor_changed(user, visit, "enabled")
        if not await self._factors.enable(user.id, step, act, mail):
            raise _enabled()

    async def passes(self, user: User, code: str, visit: Visit) -> str | None:
        """`totp` or `backup_code` for a right one, which is spent by this; None for a wrong or a spent one. Whoever
        calls this counts the tries."""
        factor = await self._factors.factor(user.id)
        digits = _digits(code)
        if factor is None or not factor.enabled:
            return None
        if len(digits) == 8:
            act = visit.act(user.id, "backup_code_used", user.id)
            mail = mails.factor_changed(user, visit, "used")
            code_hash = await self._passwords.derive(digits, factor.salt)
            return "backup_code" if await self._factors.spend_code(user.id, code_hash, act, mail) else None
        step = step_of(factor.secret, digits, self._clock().timestamp())
        return "totp" if step is not None and await self._factors.spend_step(user.id, step) else None

    async def disable(self, user: User, code: str, visit: Visit) -> None:
        """Ends it for its owner, who must still have it. ApiError 401 for a wrong code."""
        tried = await self._tries.counted(user, visit)
        if await self.passes(user, code, visit) is None:
            await self._tries.wrong(user, visit, "code")
            raise _wrong("totp_token")
        await self._tries.taken_back(tried)
        act, mail = visit.act(user.id, "mfa_disabled", user.id), mails.factor_changed(user, visit, "disabled")
        await self._factors.remove(user.id, act, mail)

    async def reset(self, user: User, actor: str, visit: Visit, still: Still = anyhow) -> bool:
        """Ends it for an owner who has lost it, as an administrator. False where there is none; ApiError 404, 409 for
        an account that is not there by now, or not `still` so."""
        act, mail = visit.act(actor, "mfa_reset", user.id), mails.factor_changed(user, visit, "reset")
        match await self._factors.remove(user.id, act, mail, still):
            case "gone" | "overtaken" as why:
                raise untouched(why)
            case done:
                return done == "removed"


def _digits(code: str) -> str:
    """As people type them: with spaces or a hyphen in the middle."""
    found = code.replace(" ", "").replace("-", "")
    return found if found.isascii() and found.isdigit() else ""


def _enabled() -> ApiError:
    return conflict("mfa", "Two-step sign-in is enabled already.")


def _wrong(field: str) -> ApiError:
    sentence = "The code is wrong, or was used before."
    return ApiError(401, "INVALID_CREDENTIALS", sentence, [Fault(field, sentence, "MFA_INVALID")],
                    {"WWW-Authenticate": 'Bearer realm="trawl"'})  # fmt: skip
