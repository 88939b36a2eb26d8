"""A record as a page to be read: the main content of a page, or a list of a record's fields."""

from dataclasses import dataclass
from typing import Any

import orjson

from api.exporter.formats.prose import escaped, harmless
from schemas.ledger import StoredRecord

_OF_PAGES = frozenset({
    "url", "title", "headings", "text", "main_text", "language", "description", "author", "published", "site_name",
    "image", "links", "categories", "tags", "tables",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A title (plain text, may be empty), where it comes from and when, and its Markdown, which is harmless."""

    title: str
    url: str
    fetched: str
    markdown: str

    @property
    def titled(self) -> bool:
        """Whether the Markdown has a heading of its own at its beginning."""
        return self.markdown.startswith("# ")


def page_of(record: StoredRecord) -> Page:
    """What there is to read of a record."""
    data = orjson.loads(record.data)
    said = (data.get(name) for name in ("title", "name", "headline"))
    title = next((one for one in said if one and isinstance(one, str)), "")
    fetched = record.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Page(" ".join(title.split())[:300], record.url, fetched, _body(data))


def _body(data: dict[str, Any]) -> str:
    said = data.get("markdown")
    if isinstance(said, str):
        return harmless(said).strip()
    text = data.get("main_text") or data.get("text")
    if text and data.keys() <= _OF_PAGES:
        return "\n\n".join(escaped(part) for part in str(text).split("\n") if part.strip())
    return "\n".join(f"- **{escaped(name)}**: {_value(value)}" for name, value in data.items())


def _value(value: Any) -> str:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(escaped(str(one)) for one in value)
    return escaped(orjson.dumps(value).decode())
