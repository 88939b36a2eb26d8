"""One request to run something, as its URL and headers say it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.local.clickhouse_front.errors import bad_request

PARAMETER = "param_"
# Of the transport, not of the query; ClickHouse knows them too. Sessions are accepted and mean nothing.
_TRANSPORT = frozenset(
    re.findall(
        r"\w+",
        "buffer_size client_protocol_version close_session compress database decompress default_format password query"
        " query_id quota_key role session_check session_id session_timeout stacktrace user wait_end_of_query",
    )
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_COMPRESSED_BLOCKS = ("compress", "decompress")


@dataclass(frozen=True)
class Query:
    """What to run: the URL's part of the statement, settings, values of `{name:Type}` parameters, database, format."""

    statement: bytes = b""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    query_id: str = ""
    read_only: bool = False


def parse_query(items: Iterable[tuple[str, str]], headers: Mapping[str, str], read_only: bool) -> Query:
    """Reads a request's parameters. Raises Refused (400) for one that cannot be meant."""
    given = dict(items)
    for name in _COMPRESSED_BLOCKS:
        if given.get(name, "0") not in ("0", "false"):
            raise bad_request(f"{name}=1 (ClickHouse's own block compression) is not supported: use Content-Encoding.")
    settings = {
        name: value for name, value in given.items() if name not in _TRANSPORT and not name.startswith(PARAMETER)
    }
    for name in settings:
        if not _NAME.fullmatch(name):
            raise bad_request(f"{name!r} is not a setting's name.")
    return Query(
        statement=given.get("query", "").encode(),
        settings=settings,
        parameters={name[len(PARAMETER) :]: value for name, value in given.items() if name.startswith(PARAMETER)},
        database=given.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=given.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated",
        query_id=given.get("query_id", ""),
        read_only=read_only,
    )
