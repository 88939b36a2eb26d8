"""What a credential that was given only some rights may never do: give away more of them, or change the account."""

import re

from api.errors import ApiError, Fault

_ACCOUNT = re.compile(
    r"(?:/api(?:/v[12])?)?/(?:auth/(?!credentials)|users/me(?:/|$)|users/[^/]+/(?:password|reset-password|mfa)(?:/|$)"
    r"|oauth/clients(?:/|$))"
).match


def changes_account(path: str) -> bool:
    """Whether what is written there is the caller's own account, its keys, its sessions, or who may act for others."""
    return _ACCOUNT(path) is not None


def whole_needed() -> ApiError:
    """403 for a scoped key or token: with it somebody could otherwise make one without scopes."""
    sentence = "A key or token with scopes cannot change accounts; sign in, or use a key without scopes."
    return ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [Fault("authorization", sentence, "SCOPED_CREDENTIAL")])
