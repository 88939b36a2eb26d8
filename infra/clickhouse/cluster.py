"""The same tables on a cluster: replicated on each shard, and seen as one.

A table `records` becomes `records_local` on every node, replicated within its shard, and `records`, which spreads what
is inserted over the shards and gathers what is asked. The migrations are written for one node and turned here, so that
there is one set of them. Replication as in ClickHouse's manual, "Data Replication" and "Distributed table engine".
"""

import re

from infra.errors import InfraError

_NAME = r"(?P<name>\w+)"
_CREATE = re.compile(
    rf"create table if not exists {_NAME} \((?P<columns>.*)\)\s*engine = (?P<engine>\w+)(?P<rest>.*)", re.S
)
_ALTER = re.compile(rf"alter table {_NAME}\s+(?P<changes>.*)", re.S)
_VIEW = re.compile(
    rf"create materialized view if not exists {_NAME} to (?P<target>\w+) as\s+"
    r"(?P<select>.*)\bfrom (?P<source>\w+)(?P<rest>.*)",
    re.S,
)
_SEEN = re.compile(rf"create view if not exists {_NAME} (?P<rest>as\s.*)", re.S)
_DELETE = re.compile(rf"delete\s+from {_NAME} (?P<rest>where\s.*)", re.S)
_REMOVE = "delete from"
_NODES_OWN = re.compile(r"^\s*(((add|drop|materialize) )?index|modify ttl|modify setting)\b", re.I)
"""What a table has that holds rows itself."""

_WINDOW = re.compile(r"\bnon_replicated_deduplication_window = (\d+)")
_REPLICATED = r"replicated_deduplication_window = \1, replicated_deduplication_window_seconds = 31536000"
"""One node keeps the tokens of so many inserts however old they are, a cluster drops them by their age too: what a long
outage interrupted is sent again under its token, and must be known."""


class NotClustered(InfraError):
    """A statement that this module cannot turn; it is a mistake in a migration."""


def clustered(statement: str, cluster: str) -> list[str]:
    """The statements for `cluster` that do what `statement` does on one node.

    Raises NotClustered for a kind of statement that no migration has needed so far.
    """
    if not re.fullmatch(r"\w+", cluster):
        raise NotClustered(f"{cluster!r} is no name of a cluster: letters, digits and _ make one.")
    if found := _CREATE.fullmatch(statement.strip()):
        return _table(found, cluster)
    if found := _ALTER.fullmatch(statement.strip()):
        return _change(found, cluster)
    if found := _DELETE.fullmatch(statement.strip()):
        return [f"{_REMOVE} {found['name']}_local on cluster {cluster} {found['rest']}"]
    if found := _VIEW.fullmatch(statement.strip()):
        head = f"create materialized view if not exists {found['name']} on cluster {cluster}"
        select = f"{found['select']}from {found['source']}_local{found['rest']}"
        return [f"{head} to {found['target']}_local as\n{select}"]
    if found := _SEEN.fullmatch(statement.strip()):
        return [f"create view if not exists {found['name']} on cluster {cluster} {found['rest']}"]
    raise NotClustered(f"This cannot be turned into statements for a cluster: {statement[:80]} …")


def _table(found: re.Match[str], cluster: str) -> list[str]:
    name, rest = found["name"], _WINDOW.sub(_REPLICATED, found["rest"])
    arguments, after = _arguments(rest)
    path = f"'/clickhouse/tables/{{shard}}/{{database}}/{name}', '{{replica}}'"
    inside = f"({path}, {arguments})" if arguments else f"({path})"
    columns = ",".join(part for part in _parts(found["columns"]) if not _NODES_OWN.match(part))
    return [
        f"create table if not exists {name}_local on cluster {cluster} ({found['columns']}) "
        f"engine = Replicated{found['engine']}{inside}{after}",
        f"create table if not exists {name} on cluster {cluster} ({columns}) "
        f"engine = Distributed({cluster}, currentDatabase(), {name}_local, {_sharding(columns)})",
    ]


def _change(found: re.Match[str], cluster: str) -> list[str]:
    """Indices, and for how long rows are kept, belong to the nodes' tables alone."""
    name = found["name"]
    seen = [part for part in _parts(found["changes"]) if not _NODES_OWN.match(part)]
    told = [f"alter table {name}_local on cluster {cluster} {found['changes']}"]
    return [*told, f"alter table {name} on cluster {cluster} {','.join(seen)}"] if seen else told


def _sharding(columns: str) -> str:
    """By what makes two rows the same: a repeat must meet its twin, and what is summed must meet."""
    if re.search(r"^\s*id\s", columns):
        return "cityHash64(id)"
    return "cityHash64(dataset, at)" if "dataset" in columns else "cityHash64(name)"


def _arguments(rest: str) -> tuple[str, str]:
    """What an engine is given in brackets, and what follows."""
    if not rest.startswith("("):
        return "", rest
    end = _closing(rest, 0)
    return rest[1:end], rest[end + 1 :]


def _parts(text: str) -> list[str]:
    """What commas part at the outermost level."""
    parts, depth, begun, quoted = [], 0, 0, False
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and depth == 0:
                parts.append(text[begun:place])
                begun = place + 1
    return [*parts, text[begun:]]


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
    raise NotClustered(f"A bracket is never closed: {text[:80]} …")
