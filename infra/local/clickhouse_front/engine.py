"""The engine itself: runs one query at a time on each connection, as many connections at once as are asked for.

Everything here blocks and is called from threads; chdb lets go of Python's lock while a query runs.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import chdb

from infra.local.clickhouse_front.errors import bad_request, from_engine
from infra.local.clickhouse_front.query import Query
from infra.local.clickhouse_front.request_body import PIECE, BoundedReader
from infra.local.clickhouse_front.statement import Insert, find_insert, is_select, last_line_format

HEAD_LIMIT = 256 * 1024
STATEMENT_LIMIT = 16 * 1024 * 1024
AT_ONCE = 256 * 1024
"""Results up to this many bytes are answered whole, so that an error half-way still has its own status."""
# Formats in which a result's blocks, written one after the other, are the result.
_PIECEMEAL = frozenset({"Native", "TabSeparated", "TSV", "CSV", "JSONEachRow", "JSONCompactEachRow", "RowBinary"})


@dataclass(frozen=True)
class Bounds:
    """What no query may exceed, whatever it asks for: seconds, and bytes of memory."""

    seconds: int = 300
    memory: int = 2 * 1024**3

    def applied(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The settings with these bounds; 0, which means unlimited to ClickHouse, means the bound itself."""
        bounds = {"max_execution_time": self.seconds, "max_memory_usage": self.memory}
        return {**settings, **{name: _least(settings.get(name), bound) for name, bound in bounds.items()}}


@dataclass
class Answer:
    """A result: its format, its first bytes, the others when there are more, and counts for the summary header."""

    format: str
    head: bytes = b""
    rest: Iterator[bytes] | None = None
    summary: dict[str, str] = field(default_factory=dict)


class Engine:
    """chdb on one folder, which no other process may have open."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self._folder = folder
        self._bounds = bounds
        self._root: Any = None
        self.timezone = "UTC"

    def open(self, database: str) -> None:
        """Starts the engine, which lasts as long as this connection, and makes the database."""
        self._root = self._connect({"config-file": str(self._folder / "config.xml")})
        self._root.query(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        self.timezone = str(self._root.query("SELECT timezone()", "TabSeparated")).strip()

    def close(self) -> None:
        """Stops the engine, after its background work."""
        if self._root is not None:
            self._root.close()

    def run(self, query: Query, body: BoundedReader) -> Answer:
        """Runs one query. Raises Refused with the engine's exception.

        An insert's rows go to the engine as they come; everything else is read to its end first.
        """
        with ExitStack() as held:
            try:
                connection = held.enter_context(closing(self._connect({"database": query.database or "default"})))
                self._set(connection, query)
                head = body.read(HEAD_LIMIT) if not query.statement else b""
                insert = find_insert(query.statement or head)
                if insert:
                    return _insert(connection, insert, (query.statement or head)[insert.data_at :], body)
                statement = b"\n".join(filter(None, (query.statement, head + _all(body))))
                return _select(connection, query, statement, held)
            except (chdb.ChdbError, RuntimeError) as error:
                raise from_engine(error) from error

    def _connect(self, options: Mapping[str, str]) -> Any:
        return chdb.connect(f"{self._folder / 'data'}?{urlencode(options)}")

    def _set(self, connection: Any, query: Query) -> None:
        settings = {"async_insert": "0", **self._bounds.applied(query.settings)}
        if query.read_only:
            settings["readonly"] = "2"
        connection.query("SET " + ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items()))


def _insert(connection: Any, insert: Insert, first: bytes, body: BoundedReader) -> Answer:
    with connection.send_insert(insert.statement, insert.format) as inserter:
        piece = first or body.read(PIECE)
        while piece:
            inserter.append(piece)
            piece = body.read(PIECE)
        result = inserter.finish()
    return Answer(insert.format, summary=_summary(written_rows=result.rows_written, written_bytes=result.bytes_written))


def _select(connection: Any, query: Query, statement: bytes, held: ExitStack) -> Answer:
    text, named = statement.decode(errors="surrogateescape"), last_line_format(statement)
    if named not in _PIECEMEAL or not is_select(statement):
        # Other formats have a head and a foot: the engine makes the whole of it, and it is handed on in slices.
        result = connection.query(text, query.default_format, params=dict(query.parameters))
        view = result.get_memview().view()
        return Answer(
            named or query.default_format,
            bytes(view[:AT_ONCE]),
            _slices(result, view) if len(view) > AT_ONCE else None,
            _summary(
                read_rows=result.storage_rows_read(),
                read_bytes=result.storage_bytes_read(),
                written_rows=result.rows_written(),
                result_rows=result.rows_read(),
            ),
        )
    # Its blocks can be handed on one by one, and never are in memory together.
    pieces = (bytes(block.bytes()) for block in connection.send_query(text, named, params=dict(query.parameters)))
    head = bytearray()
    for piece in pieces:
        head += piece
        if len(head) > AT_ONCE:
            return Answer(named, bytes(head), _held(pieces, held.pop_all()))
    return Answer(named, bytes(head))


def _slices(result: object, view: memoryview) -> Iterator[bytes]:
    """The rest of a result in slices; `result` owns the memory and must be kept as long."""
    for start in range(AT_ONCE, len(view), AT_ONCE):
        yield bytes(view[start : start + AT_ONCE])
    del result


def _held(pieces: Iterator[bytes], held: ExitStack) -> Iterator[bytes]:
    """The rest of a stream; the connection is closed with it, which also ends a query that nobody reads on."""
    with held:
        try:
            yield from pieces
        except (chdb.ChdbError, RuntimeError) as error:
            raise from_engine(error) from error


def _all(body: BoundedReader) -> bytes:
    whole = bytearray()
    while piece := body.read(PIECE):
        whole += piece
        if len(whole) > STATEMENT_LIMIT:
            raise bad_request(f"A statement is longer than {STATEMENT_LIMIT >> 20} MiB; send rows as INSERT … FORMAT.")
    return bytes(whole)


def _summary(**counts: int) -> dict[str, str]:
    return {name: str(count) for name, count in counts.items()}


def _least(asked: str | None, bound: int) -> str:
    try:
        wanted = float(asked or 0)
    except ValueError:
        raise bad_request(f"{asked!r} is not a number.") from None
    return str(bound) if wanted <= 0 or wanted > bound else str(asked)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
