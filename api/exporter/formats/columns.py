"""What the columns of a table are, whatever kind of table it is."""

from typing import Any

import orjson

from schemas.ledger import StoredRecord
from schemas.moments import rfc3339

MOST_COLUMNS = 500
"""Fields with a column of their own; what a record has beyond stands as JSON in a further one."""

OWN = ("record_id", "record_key", "page_url", "fetched_at")
REST = "other_fields"


def own(record: StoredRecord) -> list[str]:
    """What stands in ours."""
    return [record.id, record.key, record.url, rfc3339(record.fetched_at)]


def spread(record: StoredRecord, columns: tuple[str, ...]) -> list[Any]:
    """The values of the record's fields: one for each column, then the rest of them or None."""
    data = orjson.loads(record.data)
    return [*[data.pop(name, None) for name in columns], data or None]
