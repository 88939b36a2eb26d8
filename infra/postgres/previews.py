"""Previews in PostgreSQL: the gateway's side, which asks, and extraction's, which answers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import msgspec
from psycopg.types.json import Jsonb

from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.job import JobDescription
from schemas.previews import PreviewAnswer, PreviewQuestion, StoredCopy

_LOOK_EVERY_S = 0.015
AT_ONCE = 4

_answer = msgspec.json.Decoder(PreviewAnswer)


class PreviewQuestions:
    """The gateway's `Previews`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, job_id: str, url_fp: str, description: Mapping[str, Any], wait: float) -> PreviewAnswer | None:
        """What extraction answers within `wait` seconds; None: nobody did."""
        named, question = queries("previews"), str(uuid4())
        values = {"id": question, "job": job_id, "fp": url_fp, "description": Jsonb(description)}

        async def put(connection: Connection) -> None:
            await connection.execute(named["ask"], values)
            await connection.execute(named["wake"])

        await self._database.repeat(put)
        clock = asyncio.get_running_loop().time
        until = clock() + wait
        try:
            while clock() < until:
                if rows := await self._database.fetch(named["answer_of"], {"id": question}):
                    return _answer.decode(rows[0]["answer"])
                await asyncio.sleep(_LOOK_EVERY_S)
            return None
        finally:
            await self._database.fetch(named["forget"], {"id": question})


class PreviewDesk:
    """Extraction's side."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rung(self) -> AsyncIterator[None]:
        """Once at the beginning, and whenever somebody has asked."""
        async for _ in self._database.listen("previews"):
            yield

    async def take(self) -> list[PreviewQuestion]:
        """Questions that wait, at most AT_ONCE."""
        rows = await self._database.fetch(queries("previews")["take"], {"limit": AT_ONCE})
        return [
            PreviewQuestion(**{**row, "description": JobDescription.model_validate(row["description"])}) for row in rows
        ]

    async def newest_copy(self, job_id: str, url_fp: str) -> StoredCopy | None:
        """The visit that last brought a page of a job."""
        rows = await self._database.fetch(queries("previews")["newest_copy"], {"job": job_id, "fp": url_fp})
        return StoredCopy(**rows[0]) if rows else None

    async def answer(self, question_id: str, answer: PreviewAnswer) -> None:
        """For whoever asked."""
        values = {"id": question_id, "answer": msgspec.json.encode(answer)}
        await self._database.fetch(queries("previews")["answer"], values)
