"""What a job makes of a page: records, by rules or by itself."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from schemas.events.records import FieldType
from schemas.job.strings import FieldName, Pattern, Strict

MAX_DEPTH = 4
"""Levels of fields within fields, the outermost counted."""

MOST_FIELDS = 200
"""Fields of one job, nested ones included, however they are spread."""

AutoField = Literal["main_text", "markdown", "metadata", "tables"]
"""What a page gives without rules, beyond its page record; each takes time, so each is asked for."""

SOURCES = ("css", "xpath", "json_ld", "microdata", "opengraph")
"""Where a value is looked for; at most one of them in one way."""


class Finding(Strict):
    """One way to find a value. `jsonpath` reads JSON: that which css or xpath selects, else that of the page (its
    body, or what its scripts hold); `regex` is applied to what the rest finds, alone to the item's text or the page's
    source."""

    css: str | None = Field(None, max_length=1000, description="CSS selector; `::text` and `::attr(name)` may end it.")
    xpath: str | None = Field(None, max_length=1000, description="XPath 1.0, relative to the item or page.")
    json_ld: str | None = Field(
        None, max_length=300, description="Path of properties in JSON-LD, such as `Product.offers.price`."
    )
    microdata: str | None = Field(None, max_length=300, description="The same in microdata (itemscope, itemprop).")
    opengraph: str | None = Field(None, max_length=300, description="Name of a meta property: `og:title` or `title`.")
    jsonpath: str | None = Field(None, max_length=1000, description="JSONPath (RFC 9535), such as `$.items[*].name`.")
    regex: Pattern | None = Field(None, description="Keeps the first group of what it finds, or all without a group.")

    @model_validator(mode="after")
    def _one_source(self) -> "Finding":
        given = [name for name in SOURCES if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}; several ways in order go into any_of")
        if self.jsonpath and given and given[0] not in ("css", "xpath"):
            raise ValueError(f"jsonpath goes with css or xpath, not with {given[0]}, which is a path itself")
        return self

    @property
    def finds(self) -> bool:
        """Whether it says at all where to look."""
        return any(getattr(self, name) for name in (*SOURCES, "jsonpath", "regex"))


class FieldSpec(Finding):
    """How one field is found and what it is. Without any way to find it the field is left to its default."""

    any_of: list[Finding] = Field(default_factory=list, max_length=10, description="Ways in order; the first counts.")
    type: FieldType = Field("text", description="What cleaning makes of it; a price also yields `<field>_currency`.")
    required: bool = Field(False, description="A record without it is rejected to the dead letters.")
    default: Any = Field(None, description="Taken when nothing is found.")
    fields: dict[FieldName, "FieldSpec"] = Field(
        default_factory=dict,
        max_length=MOST_FIELDS,
        description="For type object and list: the fields of what is found, looked for within it.",
    )

    @field_validator("any_of", mode="before")
    @classmethod
    def _ways(cls, value: Any) -> Any:
        return [_spec(way) for way in value] if isinstance(value, list) else value

    @field_validator("fields", mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        return _specs(value)

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> "FieldSpec":
        if self.any_of and self.finds:
            raise ValueError("give either any_of or one way, not both")
        if self.fields and self.type not in ("object", "list"):
            raise ValueError(f"fields go with type object (the first) or list (all), not with {self.type}")
        return self

    @property
    def ways(self) -> list[Finding]:
        """The ways in order; none where the field is left to its default."""
        return self.any_of or ([self] if self.finds else [])


class Extract(Strict):
    """Rules that turn a page into records. Without any, a page gives one record: title, headings, text."""

    items: str | None = Field(None, max_length=1000, description="CSS selector of a repeated item: one record each.")
    items_xpath: str | None = Field(None, max_length=1000, description="The same as XPath.")
    items_jsonpath: str | None = Field(None, max_length=1000, description="The same as JSONPath in the page's JSON.")
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict, max_length=MOST_FIELDS)
    key: list[FieldName] = Field(default_factory=list, max_length=5, description="Fields that tell records apart.")
    auto: bool | Literal["list"] | list[AutoField] = Field(
        False,
        description="Without rules: what the page record has besides (true: everything), or `list`: the records of a "
        "listing, found by their repeated structure.",
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _selector_strings(cls, value: Any) -> Any:
        """`{"title": "h1::text"}` is short for `{"title": {"css": "h1::text"}}`, a list for `any_of`."""
        return _specs(value)

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> "Extract":
        given = [name for name in ("items", "items_xpath", "items_jsonpath") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give either {' or '.join(given)}, not {'both' if len(given) == 2 else 'all'}")
        if self.auto and (given or self.fields):
            raise ValueError("auto is for pages without rules; leave it out, or items and fields")
        unknown = [name for name in self.key if self.fields and name not in self.fields and name != "url"]
        if unknown:
            raise ValueError(f"key names a field that is not extracted: {', '.join(unknown)}")
        if _depth(self.fields) > MAX_DEPTH:
            raise ValueError(f"fields are nested deeper than {MAX_DEPTH}")
        if _count(self.fields) > MOST_FIELDS:
            raise ValueError(f"there are more than {MOST_FIELDS} fields, nested ones counted")
        return self

    @property
    def has_items(self) -> bool:
        """Whether a page gives one record for each item instead of one."""
        return bool(self.items or self.items_xpath or self.items_jsonpath)


def _spec(value: Any) -> Any:
    return {"css": value} if isinstance(value, str) else value


def _specs(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: {"any_of": spec} if isinstance(spec, list) else _spec(spec) for name, spec in value.items()}


def _depth(fields: dict[str, FieldSpec]) -> int:
    return 1 + max((_depth(spec.fields) for spec in fields.values()), default=0) if fields else 0


def _count(fields: dict[str, FieldSpec]) -> int:
    return len(fields) + sum(_count(spec.fields) for spec in fields.values())
