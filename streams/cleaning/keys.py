"""What makes two records the same thing."""

from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.ids import digest
from streams.cleaning.types.texts import written

MAX_KEY = 200
"""Bytes of a key at most; a longer one is replaced by its hash, since keys are indexed and shown."""

_canonical = msgspec.json.Encoder(order="sorted")


def record_key(data: dict[str, Any], fields: Sequence[str]) -> str:
    """The values of the key fields, joined by `|`; a missing one is empty, so that the places keep their meaning.

    Where no key field has a value: the record's `url`; where it has none: a hash of the whole record.
    """
    if len(fields) == 1:
        value = data.get(fields[0])
        if isinstance(value, str) and len(value) <= MAX_KEY and value.isascii():
            return value  # the common case, at once
    values = [data.get(name) for name in fields]
    if any(value is not None for value in values):
        alone = len(values) == 1
        return _bounded("|".join(_text(value) if alone else _text(value).replace("|", "\\|") for value in values))
    url = data.get("url")
    if isinstance(url, str):
        return _bounded(url)
    return digest(_canonical.encode(data).decode())


def _bounded(key: str) -> str:
    return key if len(key.encode()) <= MAX_KEY else digest(key)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return written(value)
    return _canonical.encode(value).decode()
