"""What of a response's headers is kept."""

import pytest

from schemas.exchange import masked


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Set-Cookie", "sid=secret; Path=/", "sid=…"),
        ("set-cookie2", "=secret", "=…"),
        ("set-cookie", "secret", "…"),
        ("set-cookie", "secret; Path=/", "…"),
        ("Authorization", "Basic c2VjcmV0=", "…"),
        ("Proxy-Authorization", "Bearer secret", "…"),
        ("Content-Type", "text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("set-theme", "dark=1", "dark=1"),
    ],
)
def test_what_opens_a_session_is_named_and_not_told(name: str, value: str, shown: str) -> None:
    assert masked(name, value) == shown
