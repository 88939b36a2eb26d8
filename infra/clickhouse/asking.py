"""Questions to ClickHouse, one after the other, by a client that comes with the first of them."""

import asyncio
from types import TracebackType
from typing import Any, Self

from clickhouse_connect.driver.client import Client

from infra.clickhouse.client import connect, translate


class Asking:
    """One at a time: who asks much must not take the store from the others. Whoever asks has `timeout` seconds; raises
    StoreUnavailable when ClickHouse does not answer within them, StoreRefused when it will not."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._client: Client | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    async def ask(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of the answer, by the names of their columns."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._answer, statement, parameters)

    def _answer(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            if self._client is None:
                self._client = connect(self._url, timeout=self._timeout)
            return list(self._client.query(statement, parameters=parameters).named_results())
        except Exception as problem:
            raise translate(problem) from problem
