"""What a job makes of a page: records, by rules."""

from typing import Any

from pydantic import Field, field_validator, model_validator

from schemas.events.records import FieldType
from schemas.job.strings import FieldName, Strict


class FieldSpec(Strict):
    """How one field is found and what it is. Without `css` or `xpath` the field is left to its default."""

    css: str | None = Field(None, max_length=1000, description="CSS selector; `::text` and `::attr(name)` may end it.")
    xpath: str | None = Field(None, max_length=1000, description="XPath 1.0, relative to the item or page.")
    type: FieldType = Field("text", description="What cleaning makes of it; a price also yields `<field>_currency`.")
    required: bool = Field(False, description="A record without it is rejected to the dead letters.")
    default: Any = Field(None, description="Taken when nothing is found.")

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> "FieldSpec":
        if self.css and self.xpath:
            raise ValueError("give either css or xpath, not both")
        return self


class Extract(Strict):
    """Rules that turn a page into records. Without any, a page gives one record: title, headings, text."""

    items: str | None = Field(None, max_length=1000, description="CSS selector of a repeated item: one record each.")
    items_xpath: str | None = Field(None, max_length=1000, description="The same as XPath.")
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict, max_length=200)
    key: list[FieldName] = Field(default_factory=list, max_length=5, description="Fields that tell records apart.")

    @field_validator("fields", mode="before")
    @classmethod
    def _selector_strings(cls, value: Any) -> Any:
        """`{"title": "h1::text"}` is short for `{"title": {"css": "h1::text"}}`."""
        if not isinstance(value, dict):
            return value
        return {name: {"css": spec} if isinstance(spec, str) else spec for name, spec in value.items()}

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> "Extract":
        if self.items and self.items_xpath:
            raise ValueError("give either items or items_xpath, not both")
        unknown = [name for name in self.key if self.fields and name not in self.fields and name != "url"]
        if unknown:
            raise ValueError(f"key names a field that is not extracted: {', '.join(unknown)}")
        return self
