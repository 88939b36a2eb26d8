"""Everything that a system keeps, as text: for tests of what is nowhere in it."""

import asyncio
import base64
import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

import zstandard
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.clickhouse.client import connect
from infra.postgres.pool import Database
from schemas import codec
from schemas.events import LogEntry
from schemas.message import Message
from schemas.topics import LOGS, REQUEST_LOGS, topics

Named = tuple[str, str]
"""Where it is kept, and what that holds."""

_MAGIC = b"\x28\xb5\x2f\xfd"
_PACKED = re.compile(rb"KLUv/[Q-Za-f][A-Za-z0-9+/]*={0,2}").findall
"""What begins with zstandard's four bytes, in base64."""


def forms_of(secret: str) -> list[str]:
    """How a secret may stand somewhere without being hidden."""
    plain = secret.encode()
    return [secret, plain.hex(), base64.b64encode(plain).decode()[:-4], base64.urlsafe_b64encode(plain).decode()[:-4]]


async def everything(brokers: str, names: Iterable[str]) -> list[Message]:
    """Every message that these topics hold."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(name, number) for name in names for number in range(topics()[name].partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends, found = await consumer.end_offsets(places), []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [Message(one.topic, one.partition, one.offset, one.key, one.value, tuple(one.headers),
                                  one.timestamp) for one in records]  # fmt: skip
        return found
    finally:
        await consumer.stop()


async def whole(owner_url: str, brokers: str, warehouse_url: str, folder: Path) -> list[Named]:
    """Both databases, every topic, and the files."""
    return [*await tables(owner_url), *await messages(brokers), *await warehouse(warehouse_url), *files(folder)]


async def tables(owner_url: str) -> list[Named]:
    """Each table of PostgreSQL as `pg_dump` would show it: bytes are hexadecimal."""
    async with Database(owner_url) as owner:
        names = [row["name"] for row in await owner.fetch(
            "select format('%I', c.relname) as name from pg_class c where c.relkind = 'r' "
            "and c.relnamespace = 'public'::regnamespace")]  # fmt: skip
        assert {"audit", "mails", "credentials", "api_keys", "sessions", "run_cookies"} <= set(names)
        found = []
        for name in names:
            rows = await owner.fetch(f"select t::text as row from {name} t".encode())
            found.append((name, "\n".join(row["row"] for row in rows)))
        return found


async def messages(brokers: str) -> list[Named]:
    """Each message of every topic."""
    found = await everything(brokers, topics())
    assert any(message.topic == REQUEST_LOGS for message in found)
    entries = [codec.decode(LOGS, message.value or b"") for message in found if message.topic == LOGS]
    assert any(isinstance(entry, LogEntry) for entry in entries)
    return [(f"{one.topic}/{one.offset}", told_by(one)) for one in found]


def told_by(message: Message) -> str:
    """A message's key, its headers and its value; what is packed in that too."""
    headers = [part for name, value in message.headers for part in (name.encode(), value or b"")]
    parts = [message.key or b"", *headers, message.value or b""]
    packed = [base64.b64decode(body) for body in _PACKED(message.value or b"")]
    return "\n".join(part.decode("utf-8", "replace") for part in (*parts, *map(unpacked, packed)))


def unpacked(data: bytes) -> bytes:
    """As it is, or what it holds if it is zstandard's."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(data) if data.startswith(_MAGIC) else data


async def warehouse(url: str) -> list[Named]:
    """Each table of ClickHouse, and what it keeps of the questions that it was asked."""
    return await asyncio.to_thread(_columns, url)


def _columns(url: str) -> list[Named]:
    client = connect(url)
    try:
        asked = "select database, name from system.tables where (database = currentDatabase() and {kind}) or {own}"
        kinds = {"kind": "engine like '%MergeTree'", "own": "(database = 'system' and name like '%\\_log')"}
        named = client.query(asked.format(**kinds)).result_rows
        found = [(f"{database}.{name}", client.raw_query(f"select * from {database}.{name} format TSV"))
                 for database, name in named]  # fmt: skip
    finally:
        client.close()
    texts = {name: text.decode("utf-8", "replace") for name, text in found}
    for filled in ("logs", "request_logs"):
        assert any(name.endswith(f".{filled}") and text for name, text in texts.items()), (filled, sorted(texts))
    return list(texts.items())


def files(folder: Path) -> list[Named]:
    """What lies in a data folder beside the engines' own data and the secrets: logs, pages, exports."""
    found = []
    for place in sorted(folder.iterdir()):
        if place.is_dir() and place.name not in ("kafka", "postgres", "clickhouse", "secrets", "run"):
            for one in place.rglob("*"):
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # the system lives, and tidies up
                    found.append((str(one), unpacked(one.read_bytes()).decode("utf-8", "replace")))
    assert any(name.endswith("postgres.log") for name, _ in found), [name for name, _ in found]
    return found
