"""A mail on its way: what the gateway and the notifications write, and the one sender reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Plain text to one address. `kind` says what it is about (`password_reset`, `welcome`, `run_failed` …): it alone
    is told in logs."""

    kind: str
    recipient: str
    subject: str
    text: str
