"""How every part of Trawl reaches ClickHouse: over HTTP, a server or the local front alike."""

from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from infra.errors import StoreRefused, StoreUnavailable


def connect(url: str, *, timeout: float = 30.0, **settings: Any) -> Client:
    """A client for `http://user:password@host:port/database`; StoreUnavailable when it does not answer.

    Raises ValueError for a URL that names no host.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("A ClickHouse address looks like http://user:password@host:8123/database.")
    try:
        return clickhouse_connect.get_client(
            host=parts.hostname,
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=parts.path.lstrip("/") or "default",
            secure=parts.scheme == "https",
            # On one machine compressing costs more than it saves: an insert took a third of the time without.
            compress=parts.hostname not in ("127.0.0.1", "localhost", "::1"),
            connect_timeout=5,
            send_receive_timeout=timeout,
            autogenerate_session_id=False,
            settings=settings,
        )
    except Exception as problem:
        raise translate(problem) from problem


def translate(problem: Exception) -> Exception:
    """The driver's error as ours: no answer may be waited out, an answered refusal may not."""
    if isinstance(problem, DatabaseError) and not isinstance(problem, OperationalError):
        return StoreRefused(f"ClickHouse refused: {problem}")
    if isinstance(problem, ClickHouseError | OSError):
        return StoreUnavailable(f"ClickHouse does not answer: {problem}")
    return problem
