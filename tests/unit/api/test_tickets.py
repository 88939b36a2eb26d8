"""Tickets between the gateway and the dashboards."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.tickets import TicketError, issue, verify

SECRET, NOW = "a secret", 1_800_000_000.0


@given(st.text(max_size=200))
def test_what_was_issued_is_verified_until_it_expires(subject: str) -> None:
    token = issue(SECRET, subject, NOW)
    assert verify(SECRET, token, NOW + 59.9) == subject
    with pytest.raises(TicketError, match="expired"):
        verify(SECRET, token, NOW + 60)


def test_a_ticket_is_not_a_session_nor_the_other_way() -> None:
    assert verify(SECRET, issue(SECRET, "u", NOW, 3600, kind="session"), NOW + 3000, kind="session") == "u"
    with pytest.raises(TicketError, match="not a session"):
        verify(SECRET, issue(SECRET, "u", NOW), NOW, kind="session")
    with pytest.raises(TicketError, match="not a ticket"):
        verify(SECRET, issue(SECRET, "u", NOW, kind="session"), NOW)


def test_another_secret_or_another_content_is_refused() -> None:
    token = issue(SECRET, "u", NOW)
    payload, _, signature = token.partition(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "s": "root"}).encode()).rstrip(b"=").decode()
    for bad in (
        f"{forged}.{signature}",
        payload,
        f"{payload}.",
        f".{signature}",
        "",
        ".",
        "a.b",
        f"{token}=",
        f"{token}é",
    ):
        with pytest.raises(TicketError):
            verify(SECRET, bad, NOW)
    with pytest.raises(TicketError, match="not signed here"):
        verify("another secret", token, NOW)


@given(st.text(max_size=300))
def test_anything_else_is_refused_and_nothing_breaks(text: str) -> None:
    with pytest.raises(TicketError):
        verify(SECRET, text, NOW)
