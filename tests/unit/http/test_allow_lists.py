"""As it is shipped nothing private is visited, and each part is given the list that the operator filled, no other."""

import ast
import os

import pytest

from infra.settings import Settings
from tests.unit.repository.tree import code, relative

_GUARDED = {"AddressGuard", "HttpFetcher", "GuardingProxy"}
"""What takes an allow-list first."""


def test_the_allow_lists_are_empty_unless_an_operator_fills_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TRAWL_")]:
        monkeypatch.delenv(name)
    settings = Settings()
    assert (settings.fetch_allow, settings.webhook_allow) == ((), ())
    monkeypatch.setenv("TRAWL_FETCH_ALLOW", "shop.test")
    monkeypatch.setenv("TRAWL_WEBHOOK_ALLOW", "hooks.test, 10.0.0.0/8")
    settings = Settings()
    assert (settings.fetch_allow, settings.webhook_allow) == (("shop.test",), ("hooks.test", "10.0.0.0/8"))


def test_the_composition_roots_hand_over_exactly_these() -> None:
    given = {
        (relative(file), f"{ast.unparse(call.func)}({ast.unparse(call.args[0]) if call.args else ''})")
        for file in code()
        if not relative(file).startswith("infra/http/")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _GUARDED
    }
    assert given == {
        ("api/main.py", "AddressGuard(settings.fetch_allow)"),
        ("api/main.py", "AddressGuard(settings.webhook_allow)"),
        ("producers/fetch/main.py", "HttpFetcher(settings.fetch_allow)"),
        ("producers/fetch/main.py", "GuardingProxy(settings.fetch_allow)"),
        ("streams/notifications/main.py", "HttpFetcher(settings.webhook_allow)"),
    }
